"""Zip files whose bytes depend only on their content, not on the time or on the order in which a disk lists files."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

__all__ = ["rewrite", "write"]


def write(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> BinaryIO:
    """Write files into a zip file in memory, and return it open.

    Args:
        files: The files' content by path.
        compression: One of zipfile's constants.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)  # its default time is in 1980
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix; readable by everyone
            zip_file.writestr(entry, content, compression, compresslevel=9)
    archive.seek(0)
    return archive


def rewrite(file: Path) -> None:
    """Rewrite a zip file with unchanged content, so that its bytes depend on its content only."""
    with zipfile.ZipFile(file) as zip_file:
        files = {name: zip_file.read(name) for name in zip_file.namelist()}
    file.write_bytes(write(files).read())
