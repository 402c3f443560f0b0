"""The directory of authorities means the same to OpenSSL as the bundle that it is made of."""

import shutil
import ssl
import subprocess
from pathlib import Path

import certifi
import pytest

from packager import certificates

BUNDLE = Path(certifi.where())


def test_subjects_are_hashed_as_openssl_does() -> None:
    """A fourth of the authorities of certifi: a process for each takes its time."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, the oracle, is not installed")
    pems = certificates._PEM.findall(BUNDLE.read_text(encoding="utf-8"))
    assert len(pems) > 100
    for pem in pems[::4]:
        told = subprocess.run(
            [openssl, "x509", "-noout", "-subject_hash"], input=pem, capture_output=True, text=True, check=True
        )
        assert certificates.subject_hash(pem) == told.stdout.strip()


def test_a_subject_has_the_hash_that_openssl_gave_it(tmp_path: Path) -> None:
    """Where there is no openssl to ask: Amazon Root CA 1, whose file is ce5e74ef.0 on every Linux."""
    shutil.copy(BUNDLE, tmp_path / "cacert.pem")
    directory = certificates.write_directory(tmp_path / "cacert.pem")
    amazon = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    amazon.load_verify_locations(directory / "ce5e74ef.0")
    (authority,) = amazon.get_ca_certs()
    assert (("commonName", "Amazon Root CA 1"),) in authority["subject"]


def test_the_directory_has_every_authority_of_the_bundle(tmp_path: Path) -> None:
    """Two of the same subject included: the second is number 1."""
    pems = certificates._PEM.findall(BUNDLE.read_text(encoding="utf-8"))
    (tmp_path / "bundle.pem").write_text("".join([*pems, pems[0]]), encoding="utf-8")
    directory = certificates.write_directory(tmp_path / "bundle.pem")
    files = list(directory.iterdir())
    assert sorted(file.read_text(encoding="utf-8") for file in files) == sorted([*pems, pems[0]])
    assert f"{certificates.subject_hash(pems[0])}.1" in {file.name for file in files}
