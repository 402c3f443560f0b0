"""The fixture that gives each test an empty account, a simulated network and a stopped clock."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.world import World, open_world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Open a world with an empty account, a network and a clock."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with ExitStack() as stack:
        yield stack.enter_context(open_world())
