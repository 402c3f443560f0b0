"""An AWS account in this process for every test of the handlers."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from sandbox.model_quality import rules as sagemaker
from tests.wires import Wire, listening


@pytest.fixture
def wire() -> Iterator[Wire]:
    """What goes over the wire during a test."""
    listening.append(Wire())
    yield listening[-1]
    listening.pop()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Iterator[None]:  # noqa: ARG001 - it has to listen first
    """An empty AWS account, in this process, with SageMaker's own rules."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with mock_aws(), sagemaker.rules():
        yield


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries of botocore's without their pauses."""
    monkeypatch.setattr("time.sleep", lambda _: None)
