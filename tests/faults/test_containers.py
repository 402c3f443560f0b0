"""Two containers at once, for at most thirty seconds in all. `make soak` plays them at length."""

import pytest

from tests.faults.containers import interleavings
from tests.faults.situations import all_situations

SITUATIONS = all_situations()
SECONDS = 30 / len(SITUATIONS)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep botocore away from this machine's settings."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_holds_in_every_order_of_calls(name: str) -> None:
    """The situation ends as it must in every order that was played in its share of the time."""
    orders = [tuple(turns.trace) for turns in interleavings(SITUATIONS[name], SECONDS)]
    assert orders
    assert len(set(orders)) == len(orders), "an order was played twice"
