"""Zip files that depend on what is in them alone: not on the time, nor on the order in which a disk lists files."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO


def write(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> BinaryIO:
    """Return an open zip file.

    Args:
        files: What is to be in it, by path.
        compression: One of zipfile's.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # of 1980
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix; for all to read
            zip_file.writestr(entry, content, compression, compresslevel=9)
    archive.seek(0)
    return archive


def rewrite(file: Path) -> None:
    """Write a zip file again, its files as they were: the same files, the same bytes."""
    with zipfile.ZipFile(file) as zip_file:
        files = {name: zip_file.read(name) for name in zip_file.namelist()}
    file.write_bytes(write(files).read())
