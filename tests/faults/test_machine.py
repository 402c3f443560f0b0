"""The stateful test under a fixed seed. `make soak` runs it under others."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.faults.fault import Fault
from tests.faults.machine import Stacks
from tests.faults.network import Call
from tests.faults.oracle import DELETE, problem_of

Stacks.TestCase.settings = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=70,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],  # 15 steps take a while
    print_blob=False,
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes: `make soak` does it
)
TestStacks = Stacks.TestCase


@pytest.mark.parametrize(("took_effect", "problem"), [(True, None), (False, "ServiceInternalError")])
def test_a_refusal_that_is_cut_is_no_success(took_effect: bool, problem: str | None) -> None:  # noqa: FBT001 - a parameter
    """Without its headers, the answer of a Delete that was refused has its status still (seed 408833 of the soak)."""
    fault = Fault("cut-in-headers", DELETE, "after", (1,))
    assert problem_of(Call(DELETE, b"", fault, took_effect=took_effect, was_heard=True)) == problem
