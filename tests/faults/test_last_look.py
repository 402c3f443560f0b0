"""CREATE with a user-provided name under slow reads: it uses its time so that the last check can still be answered."""

import pytest

from tests.faults.fault import Fault
from tests.faults.table import check
from tests.faults.world import World
from tools.envelopes import minimal

CREATE = "CreateModelQualityJobDefinition"
DESCRIBE = "DescribeModelQualityJobDefinition"
DESIRED = minimal() | {"JobDefinitionName": "Churn"}


@pytest.mark.parametrize("latency", [0.02, 1.0, 2.0])
def test_the_last_check_is_not_cut_off(world: World, latency: float) -> None:
    """CREATE shortens its last pause, so that Describe and ListTags are answered before the invocation's time is over.

    `make soak SEED=264654` found the case of 1.0 s: 15 s were left, CREATE paused for 15 s and then had no time to read
    the tags that proved the definition to be its own.
    """
    world.plan(
        Fault("connect-timeout", CREATE, calls=[1]),
        Fault("500", CREATE, "after", calls=[2]),
        Fault("503", DESCRIBE, calls=[1]),
        Fault("connect-timeout", DESCRIBE, calls=[2]),
    )
    world.network.latency = latency
    world.sagemaker.describe_lag, world.sagemaker.tag_lag = 1, 3
    outcome = world.operate("CREATE", DESIRED, tags={"stage": "prod"})
    check(outcome, "SUCCESS", "-")
    assert [*world.sagemaker.definitions] == ["churn"]


def test_tags_that_can_not_be_read_in_time_don_t_make_a_definition_somebody_else_s(world: World) -> None:
    """CREATE can't prove that the definition is its own, and the message doesn't claim that it is another's."""
    world.plan(Fault("500", CREATE, "after", calls=[1, 2]), Fault("silence", "ListTags", calls=range(1, 1000)))
    outcome = world.operate("CREATE", DESIRED, tags={"stage": "prod"})
    check(outcome, "FAILED AlreadyExists", "-")
    assert "its tags can't be read" in outcome.message
    assert "If you tried this operation at that time" in outcome.message
    assert "differs" not in outcome.message
