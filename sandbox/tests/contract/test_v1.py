"""AWS's contract suite (`cfn test`) fails for handlers that break the contract; its proxy needs no openssl command."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from moto.moto_proxy.certificate_creator import CertificateCreator

from cfn_sandbox.contract import proxy
from cfn_sandbox.contract import v1 as contract
from cfn_sandbox.contract.v1 import Counts
from sandbox.tests import toy

pytestmark = pytest.mark.slow


def test_handlers_that_break_the_contract_fail(tmp_path: Path) -> None:
    """The suite fails for a toy that always succeeds, even when it deletes a deleted resource."""
    project = toy.write(tmp_path / "project")
    (project / "inputs").mkdir()
    for kind in ("create", "update"):
        (project / "inputs" / f"inputs_1_{kind}.json").write_text('{"Name": "toy"}')
    result = contract.run(project)
    assert result.sets == (Counts(passed=3, skipped=1, failed=6),), result.output
    assert result.exit_code == 1
    assert "the handler was called" in result.output


def test_the_proxys_certificates_are_good_for_the_host_and_no_other(tmp_path: Path) -> None:
    """The proxy's certificate is valid for its own host only, and needs no openssl command."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(proxy.certificate("sts.us-east-1.amazonaws.com"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file, CertificateCreator.certkey)
    _shake_hands(server, "sts.us-east-1.amazonaws.com")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _shake_hands(server, "sts.eu-west-1.amazonaws.com")


def _shake_hands(server: ssl.SSLContext, host: str) -> None:
    """Connect a client that trusts moto's authority to a server, in memory."""
    client = ssl.create_default_context(cafile=proxy.AUTHORITY)
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT  # moto's authority lacks extensions that strict checks require
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert ours.version()
