"""Whose a definition is: under a generated name, after a doubt, in callbacks, and by what SageMaker says of time.

Identity is the name and the creation time: a name can be deleted and taken by another stack in between.
"""

from typing import Any

import pytest

from tests.faults.fault import Fault
from tests.faults.service import ABSENT
from tests.faults.table import check, planned_faults, rows
from tests.faults.world import World
from tools.envelopes import ACCOUNT, Json, arn, minimal

CREATE = "CreateModelQualityJobDefinition"
DESCRIBE = "DescribeModelQualityJobDefinition"
DELETE = "DeleteModelQualityJobDefinition"
OTHER_ROLE = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
NAMED = minimal() | {"JobDefinitionName": "Churn"}
FOREVER = range(1, 1000)


def take_name(world: World, **more: Any) -> None:  # noqa: ANN401 - members of the request
    """Delete the definition, if there is one, and let another stack create one with its name and another role."""
    if "churn" in world.sagemaker.definitions:
        world.sagemaker.call(DELETE, JobDefinitionName="Churn")
    world.sagemaker.create_foreign(NAMED | OTHER_ROLE | more, {"owner": "them"}, age=0)


def generated_name(world: World) -> str:
    """Return the name that CREATE generates for the event's defaults, and leave an empty account."""
    model = world.request("CREATE", minimal()).model
    assert model is not None
    assert world.request("DELETE", model).status == "SUCCESS"
    world.clock.sleep(60)
    return str(model["JobDefinitionName"])


# a fault of Create  | moment | calls  | a fault of Describe | calls  | the last answer
FOREIGN = """
  -                  |        |        | -                   |        | FAILED AlreadyExists
  -                  |        |        | 500                 | 1st-3rd | FAILED AlreadyExists
  -                  |        |        | reset               | 1st-4th | FAILED AlreadyExists
  -                  |        |        | denied              | once   | FAILED AlreadyExists
  -                  |        |        | expired             | twice  | FAILED AlreadyExists
  reset              | before | once   | denied              | once   | FAILED AlreadyExists
  reset              | before | always | -                   |        | FAILED AlreadyExists
  503                | before | always | denied              | once   | FAILED AlreadyExists
"""


@pytest.mark.parametrize(("lost", "moment", "lost_calls", "fault", "calls", "expected"), rows(FOREIGN, faults=3))
def test_a_foreign_definition_under_a_generated_name_is_left_alone(
    world: World, lost: str, moment: str, lost_calls: str, fault: str, calls: str, expected: str
) -> None:
    """CREATE never reports somebody else's definition, even if it can be read only in a later invocation."""
    name = generated_name(world)
    world.sagemaker.create_foreign(minimal() | OTHER_ROLE | {"JobDefinitionName": name}, {"owner": "them"})
    before = world.sagemaker.definitions
    world.plan(
        *planned_faults(lost, CREATE, moment or "before", lost_calls), *planned_faults(fault, DESCRIBE, "before", calls)
    )
    outcome = world.request("CREATE", minimal())
    check(outcome, expected, fault)
    assert "RoleArn" in outcome.message
    assert "JobDefinitionName" not in outcome.message, "nobody gave a name"
    assert world.sagemaker.definitions == before


def test_a_definition_under_a_generated_name_that_can_never_be_read_is_named(world: World) -> None:
    """The ARN is the lesser evil: a generated name is almost surely the request's own (guides/proof.md)."""
    name = generated_name(world)
    world.sagemaker.create_foreign(minimal() | OTHER_ROLE | {"JobDefinitionName": name}, {"owner": "them"})
    before = world.sagemaker.definitions
    world.plan(Fault("denied", DESCRIBE, calls=FOREVER))
    outcome = world.request("CREATE", minimal())
    check(outcome, "FAILED AccessDenied + model", "-")
    assert outcome.model is not None
    assert (outcome.model["JobDefinitionArn"], "RoleArn" in outcome.message) == (arn(name), False)
    assert world.sagemaker.definitions == before


# a fault of Delete      | moment | calls
LOST = """
  FAILED silence reset closed cut-in-status 302 html | after | once
  FAILED silence reset closed cut-in-status 302 html | after | always
"""


@pytest.mark.parametrize(("fault", "moment", "calls"), rows(LOST, faults=0))
@pytest.mark.parametrize("knows_time", [True, False])
def test_a_name_that_is_taken_after_a_lost_delete_is_left_alone(
    world: World,
    fault: str,
    moment: str,
    calls: str,
    knows_time: bool,  # noqa: FBT001 - a parameter
) -> None:
    """DELETE looks before it deletes again: another stack's new definition of the same name stays."""
    model = world.operate("CREATE", NAMED).model
    assert model is not None
    world.clock.sleep(60)
    if not knows_time:
        del model["CreationTime"]
    world.plan(*planned_faults(fault, DELETE, moment, calls))

    def take_once(operation: str, _: int) -> None:
        if "churn" not in world.sagemaker.definitions:
            world.sagemaker.create_foreign(NAMED | OTHER_ROLE, {"owner": "them"}, age=0)
        del operation

    world.network.before_call = take_once
    outcome = world.operate("DELETE", model)
    check(outcome, "SUCCESS", "-")
    (left,) = world.sagemaker.definitions.values()
    assert left.tags == {"owner": "them"}
    assert world.network.operations.count(DELETE) == 1


def test_a_lost_delete_that_took_no_effect_is_sent_again(world: World) -> None:
    """DELETE deletes its own definition after a lost answer, whether or not the model has the creation time."""
    for member in ("CreationTime", "EndpointName"):
        model = world.operate("CREATE", NAMED).model
        assert model is not None
        model.pop(member, None)
        world.clock.sleep(60)
        world.plan(Fault("reset", DELETE))
        check(world.operate("DELETE", model), "SUCCESS", "-")
        assert world.sagemaker.definitions == {}


@pytest.mark.parametrize(("age", "expected", "left"), [(2.1, "SUCCESS", 0), (1.0, "FAILED ServiceInternalError", 1)])
def test_a_definition_that_is_as_young_as_its_deletion_is_left_alone(
    world: World, age: float, expected: str, left: int
) -> None:
    """With the ARN alone, a lost Delete is sent again only if the definition was made 2 s or more before."""
    world.network.latency = 0.0
    world.sagemaker.create_foreign(NAMED, {}, age=age)
    world.plan(Fault("reset", DELETE))
    outcome = world.request("DELETE", {"JobDefinitionArn": arn("churn")})
    check(outcome, expected + (" + model" if left else ""), "-")
    assert len(world.sagemaker.definitions) == left


@pytest.mark.parametrize("creation", [ABSENT, "2026-11-24T12:00:00", "soon"])
def test_what_can_not_be_decided_is_not_deleted(world: World, creation: str) -> None:
    """After a lost Delete, a definition whose creation time can't be read stays, and the code is one for a retry."""
    model = world.operate("CREATE", NAMED).model
    world.sagemaker.times.creation = creation
    world.plan(Fault("reset", DELETE))
    outcome = world.request("DELETE", model)
    check(outcome, "FAILED ServiceInternalError + model", "-")
    assert [*world.sagemaker.definitions] == ["churn"]
    assert world.network.operations.count(DELETE) == 1


@pytest.mark.parametrize("knows_time", [True, False])
def test_a_name_that_is_taken_while_a_schedule_is_waited_for_is_left_alone(
    world: World,
    knows_time: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A callback of DELETE deletes only the definition that the first invocation found in use."""
    model = world.operate("CREATE", NAMED).model
    assert model is not None
    if not knows_time:
        del model["CreationTime"]
    world.sagemaker.call(
        "CreateMonitoringSchedule",
        MonitoringScheduleName="hourly",
        MonitoringScheduleConfig={"MonitoringJobDefinitionName": "Churn", "MonitoringType": "ModelQuality"},
    )
    first = world.invoke("DELETE", model).answer
    assert first["status"] == "IN_PROGRESS"
    assert "schedule" in first["message"]
    world.sagemaker.call("DeleteMonitoringSchedule", MonitoringScheduleName="hourly")
    world.clock.sleep(5)
    take_name(world)
    second = world.invoke("DELETE", first["resourceModel"], context=first["callbackContext"]).answer
    assert second["status"] == "SUCCESS"
    assert [*world.sagemaker.definitions] == ["churn"]


def test_an_updates_callback_does_not_report_another_definition(world: World) -> None:
    """UPDATE answers NotFound if the definition that it changed was replaced by another stack's of the same name."""
    model = world.operate("CREATE", NAMED).model
    assert model is not None
    world.clock.sleep(60)
    world.sagemaker.tag_lag = 3
    after = model | {"Tags": [{"Key": "a", "Value": "1"}]}
    first = world.invoke("UPDATE", after, model).answer
    assert first["status"] == "IN_PROGRESS"
    take_name(world)
    world.sagemaker.call("AddTags", ResourceArn=arn("churn"), Tags=[{"Key": "a", "Value": "1"}])
    second = world.invoke("UPDATE", first["resourceModel"], model, context=first["callbackContext"]).answer
    assert (second["status"], second["errorCode"]) == ("FAILED", "NotFound")
    assert "resourceModel" not in second


def test_a_creates_callback_does_not_report_another_definition(world: World) -> None:
    """CREATE answers NotFound, without a model, if another definition has taken the name of the one that it made."""
    world.sagemaker.tag_lag = 1
    tagged = NAMED | {"Tags": [{"Key": "owner", "Value": "us"}]}
    first = world.invoke("CREATE", tagged).answer
    assert first["status"] == "IN_PROGRESS"
    world.clock.sleep(5)
    world.sagemaker.call(DELETE, JobDefinitionName="Churn")
    world.sagemaker.create_foreign(NAMED, {"owner": "us"}, age=0)
    second = world.invoke("CREATE", first["resourceModel"], context=first["callbackContext"]).answer
    assert (second["status"], second["errorCode"]) == ("FAILED", "NotFound")
    assert arn("churn") in second["message"]
    assert "resourceModel" not in second
    assert [*world.sagemaker.definitions] == ["churn"]


CONTEXTS = [
    pytest.param({"Attempt": 1}, id="no ARN"),
    pytest.param({"Attempt": 1, "Arn": arn("other")}, id="another ARN"),
    pytest.param({"Attempt": 1, "Arn": 7}, id="no text"),
    pytest.param({"Attempt": 1, "InDoubt": True}, id="in doubt"),
]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE", "DELETE"])
@pytest.mark.parametrize("has_arn", [True, False])
def test_a_context_of_another_request_is_no_knowledge(
    world: World,
    context: Json,
    action: str,
    has_arn: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Nothing is adopted, changed or deleted on its word, and the failure has the model of the event, if it has one."""
    world.sagemaker.create_foreign(NAMED | OTHER_ROLE, {"owner": "them"})
    before = world.sagemaker.definitions
    world.plan()
    model = NAMED | ({"JobDefinitionArn": arn("churn")} if has_arn else {})
    previous = [model] if action == "UPDATE" else []
    answer = world.invoke(action, model, *previous, context=context).answer
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "InvalidRequest")
    assert answer.get("resourceModel", {}).get("JobDefinitionArn") == (arn("churn") if has_arn else None)
    assert world.sagemaker.definitions == before
    assert world.network.calls == []


def test_a_callback_takes_the_name_from_its_model(world: World) -> None:
    """The token may differ in a callback, so CREATE doesn't generate the name again."""
    world.plan(Fault("reset", CREATE, calls=FOREVER), Fault("denied", DESCRIBE, calls=FOREVER))
    first = world.invoke("CREATE", minimal(), token="one").answer
    world.plan()
    second = world.invoke("CREATE", first["resourceModel"], token="two", context=first["callbackContext"]).answer
    assert second["status"] == "SUCCESS"
    assert second["resourceModel"]["JobDefinitionArn"] == first["resourceModel"]["JobDefinitionArn"]


# A definition that equals the request and is there before its Create, whose answer is then lost, with what Describe
# says of time. The Date is 12:01:00 GMT.
# age   | Date                                        | CreationTime                   | the answer
TIMES = """
  7200  |                                             |                                | FAILED AlreadyExists
# within two seconds, which the two clocks may differ by
  1.9   |                                             |                                | SUCCESS
  2.1   |                                             |                                | FAILED AlreadyExists
# the zone of a Date counts
  10800 | Tue, 24 Nov 2026 04:01:00 -0800             |                                | FAILED AlreadyExists
  0     | Tue, 24 Nov 2026 14:01:00 +0200             |                                | SUCCESS
# what can't be read proves nothing
  0     | absent                                      |                                | FAILED AlreadyExists
  60    | absent                                      |                                | FAILED AlreadyExists
  0     | Tue, 24 Nov 2026 12:01:00 +9999             |                                | FAILED AlreadyExists
  0     | Tue, 24 Nov 2026 12:01:00                   |                                | FAILED AlreadyExists
  0     | soon                                        |                                | FAILED AlreadyExists
  0     |                                             | absent                         | FAILED AlreadyExists
  0     |                                             | 2026-11-24T12:01:00            | FAILED AlreadyExists
  0     |                                             | 0001-01-01T00:00:00+14:00      | FAILED AlreadyExists
  0     |                                             | 9999-12-31T23:59:59-14:00      | FAILED AlreadyExists
  0     |                                             | soon                           | FAILED AlreadyExists
  0     |                                             | 2026-11-24T14:01:00+02:00      | SUCCESS
"""


@pytest.mark.parametrize(("age", "date", "creation", "expected"), rows(TIMES, faults=0))
def test_time_that_can_not_be_read_is_no_proof(world: World, age: str, date: str, creation: str, expected: str) -> None:
    """CREATE adopts an equal definition only if SageMaker's own clock says that it was made since the attempt began."""
    world.clock.sleep(60)
    world.sagemaker.create_foreign(NAMED, {}, age=float(age))
    world.sagemaker.times.date, world.sagemaker.times.creation = date or None, creation or None
    world.network.latency = 0.0
    world.plan(Fault("reset", CREATE))
    check(world.request("CREATE", NAMED), expected, "-")


@pytest.mark.parametrize(
    "creation", ["2026-11-24T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"]
)
def test_a_definition_whose_creation_time_can_not_be_read_is_still_read(world: World, creation: str) -> None:
    """READ and a CREATE without a doubt need no creation time, and leave it out of the model."""
    world.sagemaker.times.creation = creation
    for outcome in (world.request("CREATE", NAMED), world.request("READ", {"JobDefinitionArn": arn("churn")})):
        check(outcome, "SUCCESS", "-")
        assert outcome.model is not None
        assert "CreationTime" not in outcome.model


@pytest.mark.parametrize("ahead", [-7200, -1.5, 1.5, 7200])
@pytest.mark.parametrize("behind", [0, 0.2, 0.7, 1.9])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6, 0.9])
def test_clocks_may_differ(world: World, ahead: float, behind: float, fraction: float) -> None:
    """CREATE finds its own definition whatever the two clocks show, if CreationTime is at most 2 s behind the Date."""
    world.clock.sleep(60 + fraction)
    world.sagemaker.times.ahead, world.sagemaker.times.creation_behind = ahead, behind
    world.plan(Fault("reset", CREATE, "after"))
    check(world.request("CREATE", NAMED), "SUCCESS", "-")


@pytest.mark.parametrize("old", [1, 2, 3])
def test_tags_that_are_not_known_yet_are_waited_for(world: World, old: int) -> None:
    """READ and UPDATE ask again if a replica doesn't know the tags of a definition that Describe finds."""
    model = world.operate("CREATE", NAMED).model
    assert model is not None
    for action, states in (("READ", [model]), ("UPDATE", [model | {"Tags": [{"Key": "a", "Value": "1"}]}, model])):
        world.sagemaker.replicas.old_tags = old
        check(world.request(action, *states), "SUCCESS", "-")


def test_tags_that_stay_unknown_are_a_retry(world: World) -> None:
    """READ and UPDATE fail with a code that CloudFormation retries, not with InvalidRequest."""
    model = world.operate("CREATE", NAMED).model
    for action, states in (("READ", [model]), ("UPDATE", [model, model])):
        world.sagemaker.replicas.old_tags = 1000
        outcome = world.request(action, *states)
        check(outcome, "FAILED ServiceInternalError", "-")
        assert "ListTags" in outcome.message


@pytest.mark.parametrize("old", [1, 2])
def test_a_deleted_definition_that_an_old_replica_shows_is_not_found(world: World, old: int) -> None:
    """READ and UPDATE answer NotFound once a replica knows of the deletion."""
    for action in ("READ", "UPDATE"):
        model = world.operate("CREATE", NAMED).model
        world.sagemaker.call(DELETE, JobDefinitionName="Churn")
        world.sagemaker.replicas.old_describes = old
        states = [model, model] if action == "UPDATE" else [model]
        check(world.request(action, *states), "FAILED NotFound", "-")


# three faults running, and what the fourth attempt gives
RIDDEN = """
  throttled 429 500 503 reset closed cut-in-status cut-in-body html unreachable
"""


@pytest.mark.parametrize("fault", RIDDEN.split())
@pytest.mark.parametrize(
    ("action", "operation"),
    [
        ("CREATE", CREATE),
        ("CREATE", DESCRIBE),
        ("CREATE", "ListTags"),
        ("READ", DESCRIBE),
        ("READ", "ListTags"),
        ("UPDATE", DESCRIBE),
        ("UPDATE", "AddTags"),
        ("UPDATE", "DeleteTags"),
        ("DELETE", DELETE),
        ("LIST", "ListModelQualityJobDefinitions"),
    ],
)
def test_three_faults_running_are_ridden_out(world: World, action: str, operation: str, fault: str) -> None:
    """Every action makes at most four attempts at a call, in one invocation."""
    if operation in ("AddTags", "DeleteTags", DELETE) and fault == "cut-in-body":
        pytest.skip("the answer has no members, so nothing is missing")
    tagged = NAMED | {"Tags": [{"Key": "a", "Value": "1"}]}
    model = None if action == "CREATE" else world.operate("CREATE", tagged).model
    if model is not None:
        world.clock.sleep(60)
    world.plan(Fault(fault, operation, calls=(1, 2, 3)))
    states: list[Any] = [model] if model else [NAMED]
    if action == "UPDATE":
        states = [{**states[0], "Tags": [{"Key": "b", "Value": "1"}]}, states[0]]
    answer = world.invoke(action, *([None] if action == "LIST" else states)).answer
    assert answer["status"] == "SUCCESS", answer


@pytest.mark.parametrize("fault", ["silence", "connect-timeout"])
def test_at_most_two_attempts_hang(world: World, fault: str) -> None:
    """READ gives up after two attempts that SageMaker doesn't answer: each takes seconds."""
    world.plan(Fault(fault, DESCRIBE, calls=FOREVER))
    check(world.request("READ", {"JobDefinitionName": "Churn"}), "FAILED NetworkFailure", "-")
    assert world.network.operations == [DESCRIBE] * 2
