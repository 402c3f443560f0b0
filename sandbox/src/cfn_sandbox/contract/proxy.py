"""moto's proxy, which answers for AWS's real host names, without the openssl command.

Run it with `python -m cfn_sandbox.contract.proxy`. moto creates each host's certificate with the openssl command,
which may not be installed. Here the cryptography package, which moto depends on, creates it.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from moto import proxy
from moto.moto_proxy.certificate_creator import CertificateCreator

AUTHORITY = CertificateCreator.cacert
"""The certificate of the signing authority, which clients must trust."""


def certificate(host: str) -> bytes:
    """Return a PEM certificate for a host and moto's key, signed by moto's authority.

    Args:
        host: The host's name.
    """
    authority = x509.load_pem_x509_certificate(Path(AUTHORITY).read_bytes())
    signing_key = load_pem_private_key(Path(CertificateCreator.cakey).read_bytes(), None)
    key = load_pem_private_key(Path(CertificateCreator.certkey).read_bytes(), None)
    if not isinstance(signing_key, rsa.RSAPrivateKey):
        raise TypeError("moto's authority is expected to sign with RSA")
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())  # type: ignore[arg-type]  # RSA, as moto ships it
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(signing_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def main() -> None:
    """Serve until the process ends, with the arguments of moto's own command."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        CertificateCreator.certdir = folder  # moto's default is inside the installed package

        def create(_: CertificateCreator, path: str) -> str:
            host = path.partition(":")[0]
            file = Path(folder, host)
            with CertificateCreator.lock:
                if not file.exists():
                    file.write_bytes(certificate(host))
            return str(file)

        CertificateCreator.create = create  # type: ignore[method-assign, assignment]  # the module's docstring says why
        proxy.main()


if __name__ == "__main__":
    main()
