"""DELETE under every fault: what it reports to CloudFormation, and whether it deletes the definition."""

import pytest

from tests.faults.fault import Fault
from tests.faults.table import check, planned_faults, rows
from tests.faults.world import World
from tools.envelopes import Json, minimal

DELETE = "DeleteModelQualityJobDefinition"


def deploy(world: World, name: str) -> Json:
    """Create a definition and return its model."""
    own = {"JobDefinitionName": "Churn"} if name == "user" else {}
    outcome = world.operate("CREATE", minimal() | own)
    assert outcome.model is not None, outcome
    return outcome.model


# a fault of Delete                   | moment | calls  | the last answer               | then it is
TABLE = """
  -                                   |        |        | SUCCESS                       | gone
  UNSENT THROTTLED FAILED             | before | once   | SUCCESS                       | gone
  UNSENT THROTTLED FAILED             | before | always | FAILED its code               | there
  silence reset closed cut-in-status  | before | once   | SUCCESS                       | gone
  silence reset closed cut-in-status  | before | always | FAILED its code               | there
  REFUSED                             | before | once   | FAILED its code               | there
  FAILED CUT                          | after  | once   | SUCCESS                       | gone
  FAILED CUT                          | after  | always | SUCCESS                       | gone
# A proxy answers instead of SageMaker, which proves nothing. (This operation's answer has no members, so an answer that
# is empty, or cut after its status, looks like success. SageMaker does not give one before the deletion.)
  html 302                            | before | once   | SUCCESS                       | gone
  html 302                            | before | always | FAILED its code               | there
  html 302                            | after  | once   | SUCCESS                       | gone
  html 302                            | after  | always | SUCCESS                       | gone
"""


@pytest.mark.parametrize("name", ["generated", "user"])
@pytest.mark.parametrize(("fault", "moment", "calls", "expected", "left"), rows(TABLE, faults=0))
def test_a_definition_that_is_there(
    world: World, name: str, fault: str, moment: str, calls: str, expected: str, left: str
) -> None:
    """DELETE succeeds only if the definition is gone, and a second DELETE then reports NotFound."""
    model = deploy(world, name)
    world.sagemaker.create_foreign(minimal() | {"JobDefinitionName": "Churn-2"}, {"owner": "them"})
    world.plan(*planned_faults(fault, DELETE, moment, calls))
    outcome = world.operate("DELETE", model)
    if outcome.status == "FAILED":
        outcome.answer.pop("resourceModel", None)  # the failure may carry the model of what still exists
    check(outcome, expected, fault)
    remaining = {name for name in world.sagemaker.definitions if name != "churn-2"}
    assert len(remaining) == (left == "there"), outcome
    assert "churn-2" in world.sagemaker.definitions
    world.plan()
    second = world.operate("DELETE", model)
    assert (second.status, second.code) == (("SUCCESS", None) if left == "there" else ("FAILED", "NotFound")), second


# a fault of Delete                   | moment | calls  | the last answer
MISSING = """
  -                                   |        |        | FAILED NotFound
  UNSENT THROTTLED                    | before | once   | FAILED NotFound
  UNSENT THROTTLED                    | before | always | FAILED its code
"""


@pytest.mark.parametrize(("fault", "moment", "calls", "expected"), rows(MISSING, faults=0))
def test_a_definition_that_is_missing(world: World, fault: str, moment: str, calls: str, expected: str) -> None:
    """DELETE reports NotFound if its first attempt can't have taken effect: no definition existed before."""
    world.plan(*planned_faults(fault, DELETE, moment, calls))
    check(world.operate("DELETE", {"JobDefinitionName": "missing"}), expected, fault)


def test_a_definition_in_use_survives_a_lost_answer(world: World) -> None:
    """DELETE waits while a monitoring schedule uses the definition, and succeeds once the schedule is deleted."""
    model = deploy(world, "user")
    world.sagemaker.call(
        "CreateMonitoringSchedule",
        MonitoringScheduleName="hourly",
        MonitoringScheduleConfig={"MonitoringJobDefinitionName": "Churn", "MonitoringType": "ModelQuality"},
    )
    world.plan(Fault("reset", DELETE), Fault("throttled", DELETE, calls=(3, 4)))

    def delete_schedule(operation: str, number: int) -> None:
        if operation == DELETE and number == 5:
            world.sagemaker.call("DeleteMonitoringSchedule", MonitoringScheduleName="hourly")

    world.network.before_call = delete_schedule
    outcome = world.operate("DELETE", model)
    assert outcome.status == "SUCCESS", outcome
    assert world.sagemaker.definitions == {}
