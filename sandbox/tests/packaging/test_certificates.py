"""OpenSSL finds the same authorities in the directory as in the bundle it is built from."""

import shutil
import ssl
import subprocess
from pathlib import Path

import certifi
import pytest

from cfn_sandbox.packaging import certificates

BUNDLE = Path(certifi.where())


def test_subjects_are_hashed_as_openssl_does() -> None:
    """The hashes match OpenSSL's, for a quarter of certifi's authorities: one process per authority is slow."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, the oracle, is not installed")
    pems = certificates._PEM.findall(BUNDLE.read_text(encoding="utf-8"))
    assert len(pems) > 100
    for pem in pems[::4]:
        result = subprocess.run(
            [openssl, "x509", "-noout", "-subject_hash"], input=pem, capture_output=True, text=True, check=True
        )
        assert certificates.subject_hash(pem) == result.stdout.strip()


def test_a_subject_has_the_hash_that_openssl_gave_it(tmp_path: Path) -> None:
    """Amazon Root CA 1 is in ce5e74ef.0, as on every Linux; this test needs no openssl command."""
    shutil.copy(BUNDLE, tmp_path / "cacert.pem")
    directory = certificates.write_directory(tmp_path / "cacert.pem")
    amazon = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    amazon.load_verify_locations(directory / "ce5e74ef.0")
    (authority,) = amazon.get_ca_certs()
    assert (("commonName", "Amazon Root CA 1"),) in authority["subject"]


def test_the_directory_has_every_authority_of_the_bundle(tmp_path: Path) -> None:
    """The directory contains every authority, even two with the same subject: the second file ends in .1."""
    pems = certificates._PEM.findall(BUNDLE.read_text(encoding="utf-8"))
    (tmp_path / "bundle.pem").write_text("".join([*pems, pems[0]]), encoding="utf-8")
    directory = certificates.write_directory(tmp_path / "bundle.pem")
    files = list(directory.iterdir())
    assert sorted(file.read_text(encoding="utf-8") for file in files) == sorted([*pems, pems[0]])
    assert f"{certificates.subject_hash(pems[0])}.1" in {file.name for file in files}
