"""The stateful test under a fixed seed. `make soak` runs it under others."""

from hypothesis import HealthCheck, Phase, settings

from tests.faults.machine import Stacks

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
