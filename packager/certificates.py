"""A directory of certificate authorities as OpenSSL reads it: a file each, named after a hash of its subject.

OpenSSL parses a bundle whole, some 150 authorities; of a directory it opens the one file that it needs
(X509_LOOKUP_hash_dir(3)).
"""

import hashlib
import re
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

DIRECTORY = "authorities"
"""The directory's name; it lies beside the bundle, where the product's client.py looks for it."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)

# DER, as much of it as a certificate's subject needs (X.690, RFC 5280).
_SEQUENCE, _SET, _UTF8_STRING, _VERSION = 0x30, 0x31, 0x0C, 0xA0
_ENCODINGS = {_UTF8_STRING: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}


def write_directory(bundle: Path) -> Path:
    """Write every authority of a bundle into a directory beside it, and return that.

    Args:
        bundle: A file of certificates, PEM.
    """
    directory = bundle.with_name(DIRECTORY)
    directory.mkdir()
    add(directory, bundle.read_text(encoding="utf-8"))
    return directory


def add(directory: Path, authorities: str) -> None:
    """Add certificates (PEM) to a directory; those whose hash is in it already get the next number."""
    seen = Counter(file.stem for file in directory.iterdir())
    for pem in _PEM.findall(authorities):
        digest = subject_hash(pem)
        (directory / f"{digest}.{seen[digest]}").write_text(pem, encoding="utf-8")
        seen[digest] += 1


def subject_hash(pem: str) -> str:
    """Return the hash of a certificate's subject, as `openssl x509 -subject_hash` prints it.

    It is taken over the canonical form of the name (OpenSSL, crypto/x509/x_name.c, x509_name_canon): strings as UTF-8,
    in lower case (ASCII only), without white space at the ends and with one space where there is more in between; the
    whole without its own header.

    Args:
        pem: The certificate.
    """
    ((_, certificate),) = _read(ssl.PEM_cert_to_DER_cert(pem))
    (_, to_be_signed), *_ = _read(certificate)
    fields = list(_read(to_be_signed))
    if fields[0][0] == _VERSION:  # left out in version 1
        del fields[0]
    _serial, _signature, _issuer, _validity, (_, subject), *_ = fields
    canonical = b"".join(
        _write(_SET, b"".join(_write(_SEQUENCE, _canonical(attribute)) for _, attribute in _read(name)))
        for _, name in _read(subject)
    )
    return hashlib.sha1(canonical).digest()[3::-1].hex()  # noqa: S324 - OpenSSL's choice, and no secret of anyone's


def _canonical(attribute: bytes) -> bytes:
    (kind, oid), (tag, value) = _read(attribute)
    if tag not in _ENCODINGS:
        return attribute
    text = re.sub(r"[ \t\n\v\f\r]+", " ", value.decode(_ENCODINGS[tag]).strip(" \t\n\v\f\r"))
    lower = "".join(char.lower() if char.isascii() else char for char in text)
    return _write(kind, oid) + _write(_UTF8_STRING, lower.encode())


def _read(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each element."""
    while der:
        tag, size, start = der[0], der[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        yield tag, der[start : start + size]
        der = der[start + size :]


def _write(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
