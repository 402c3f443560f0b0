"""A world for every test: an empty account behind a network of our own, in a time of our own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.world import World, opened


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty account, a network and a clock."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with ExitStack() as stack:
        yield stack.enter_context(opened())
