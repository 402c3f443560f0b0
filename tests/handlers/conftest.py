"""Fixtures that give every handler test an AWS account in this process."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.wires import Wire, active_wires
from tools.sagemaker import rules as sagemaker


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Yield a Wire, which records the test's requests and can replace moto's answers."""
    active_wires.append(Wire())
    yield active_wires[-1]
    active_wires.pop()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Iterator[None]:  # noqa: ARG001 - the wire must listen first
    """Provide an empty AWS account in this process that follows SageMaker's rules."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with mock_aws(), sagemaker.rules():
        yield
