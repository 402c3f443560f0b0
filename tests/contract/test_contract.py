"""AWS's contract suite passes on the packaged handlers, and would not pass on just any."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from moto.moto_proxy.certificate_creator import CertificateCreator

from sandbox.contract import proxy
from sandbox.contract import v1 as contract
from sandbox.contract.v1 import Counts
from tests.sandbox import toy

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]

# The suite skips two tests of types whose primary identifier is the user's to write (here it is SageMaker's ARN) and
# one of types whose tags can be updated (here a change replaces the definition, as the documentation has it).
EXPECTED = Counts(passed=12, skipped=3, failed=0)


@pytest.mark.parametrize("language", ["python312", "python312-small"])
def test_every_set_of_inputs_passes(language: str) -> None:
    """An endpoint with all that is optional, and batch data in each of its three formats.

    The package as the official language plugin makes it, and as the project's own does: leaving out what never runs.
    """
    result = contract.run(PROJECT, language=language)
    assert result.sets == (EXPECTED,) * 4, result.output
    assert result.exit_code == 0, result.output


def test_handlers_that_break_the_contract_fail(tmp_path: Path) -> None:
    """The toy succeeds at everything it is asked, DELETE of what is deleted included: the suite finds that out."""
    project = toy.write(tmp_path / "project")
    (project / "inputs").mkdir()
    for kind in ("create", "update"):
        (project / "inputs" / f"inputs_1_{kind}.json").write_text('{"Name": "toy"}')
    result = contract.run(project)
    assert result.sets == (Counts(passed=3, skipped=1, failed=6),), result.output
    assert result.exit_code == 1
    assert "the handler was called" in result.output


def test_the_proxys_certificates_are_good_for_the_host_and_no_other(tmp_path: Path) -> None:
    """Made without the command openssl, which a machine need not have."""
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
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT  # moto's authority lacks what strictness asks for
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours, theirs):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert ours.version()
