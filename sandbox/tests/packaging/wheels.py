"""Wheels of toys, written by hand: pure ones, and ones whose compiled module is an ELF header alone."""

import base64
import hashlib
import zipfile
from pathlib import Path

X86_64, ARM64 = 62, 183


def elf(machine: int = X86_64) -> bytes:
    """Return the beginning of a 64-bit little-endian ELF file for a processor."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little") + bytes(44)


def write(folder: Path, name: str, tag: str, files: dict[str, bytes], version: str = "1.0") -> Path:
    """Write a wheel with these files, and return its path."""
    info = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
    }
    record = "".join(f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in content.items())
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as target:
        for path, data in content.items():
            target.writestr(path, data)
        target.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return wheel


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
