"""`make bench-sandbox`: its stacks are made, and its page has a line for each row."""

import json

import pytest

from tools.benchmarks import sandbox, stack_operations


def test_the_stack_operations_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    """A stack and a plan of 500 resources are made over HTTP, and take some time each."""
    stack_operations.main(1)
    rows = json.loads(capsys.readouterr().out)
    assert [(name.partition(",")[0], wanted) for name, wanted, _, _ in rows] == [
        ("a stack operation", 0.05),
        ("a plan of 500 resources", 1),
    ]
    assert all(wall > 0 and cpu > 0 for _, _, wall, cpu in rows)


def test_the_page() -> None:
    """Each row has its times, and what was wanted where somebody named a figure."""
    costs = [(sandbox.Row("one", []), sandbox.Cost(1.234, 5)), (sandbox.Row("two", [], 1.5), sandbox.Cost(2, 3))]
    lines = sandbox.table(costs, 3).splitlines()
    assert lines[-2:] == ["| one | 1.23 | 5.00 | - |", "| two | 2.00 | 3.00 | 1.5 |"]
    assert "Medians of 3 rounds" in lines[2]


def test_a_command_that_fails_ends_the_benchmark() -> None:
    """A row is no row if its command fails: the end of its output is in the error."""
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3:\n.*that is why"):
        sandbox.cost(["sh", "-c", "echo that is why; exit 3"])
