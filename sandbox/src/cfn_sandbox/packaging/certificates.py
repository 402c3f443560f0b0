"""A directory of certificate authorities in OpenSSL's form: one file each, named after a hash of its subject.

OpenSSL parses a whole bundle, about 150 authorities. In a directory it opens only the file that it needs
(X509_LOOKUP_hash_dir(3)).
"""

import re
from collections import Counter
from pathlib import Path

from OpenSSL import crypto

__all__ = ["DIRECTORY", "add", "write_directory"]

DIRECTORY = "authorities"
"""The directory's name. It is next to the bundle, where the safe entry point's tls.py looks for it."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


def write_directory(bundle: Path) -> Path:
    """Write every authority of a bundle into a directory next to it, and return the directory.

    Args:
        bundle: A file of PEM certificates.
    """
    directory = bundle.with_name(DIRECTORY)
    directory.mkdir()
    add(directory, bundle.read_text(encoding="utf-8"))
    return directory


def add(directory: Path, authorities: str) -> None:
    """Add PEM certificates to a directory; a certificate whose hash it already has gets the next number."""
    counts = Counter(file.stem for file in directory.iterdir())
    for pem in _PEM.findall(authorities):
        digest = subject_hash(pem)
        (directory / f"{digest}.{counts[digest]}").write_text(pem, encoding="utf-8")
        counts[digest] += 1


def subject_hash(pem: str) -> str:
    """Return the hash of a certificate's subject, as `openssl x509 -subject_hash` prints it.

    Args:
        pem: The certificate.
    """
    return f"{crypto.load_certificate(crypto.FILETYPE_PEM, pem.encode()).subject_name_hash():08x}"
