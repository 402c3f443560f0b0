"""CREATE under every fault: what it reports to CloudFormation, and what it leaves in SageMaker.

Each test sends a request as CloudFormation does, with callbacks, and with retries after retriable codes. It checks the
last answer. Then the stack rolls back, which deletes the definition that the answer named. Nothing that existed before
may change, and no definition of the stack may be left.
"""

import pytest

from tests.faults.fault import Fault
from tests.faults.table import check, planned_faults, roll_back, rows
from tests.faults.world import World
from tools.envelopes import ACCOUNT, Json, minimal

CREATE = "CreateModelQualityJobDefinition"
DESCRIBE = "DescribeModelQualityJobDefinition"
NAME = "Churn"
STACK_TAGS = {"stage": "prod"}


def desired(name: str) -> Json:
    """Return the template's properties, with a user-provided name or without one."""
    own = {"Tags": [{"Key": "team", "Value": "fraud"}]}
    return minimal() | own | ({"JobDefinitionName": NAME} if name == "user" else {})


# Another stack's definitions of the same name: what each has in common with ours, or how it differs.
EQUAL = minimal() | {"JobDefinitionName": NAME}
EQUAL_TAGS = {"stage": "prod", "team": "fraud"}
FOREIGN: dict[str, tuple[Json, dict[str, str]]] = {
    "equal": (EQUAL, EQUAL_TAGS),
    "retagged": (EQUAL, {"stage": "prod", "team": "other"}),
    "untagged": (EQUAL, {}),
    "extra-tag": (EQUAL, EQUAL_TAGS | {"owner": "them"}),
    "isolated": (EQUAL | {"NetworkConfig": {"EnableNetworkIsolation": True}}, EQUAL_TAGS),
    "short": (EQUAL | {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, EQUAL_TAGS),
    "other": (EQUAL | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}, EQUAL_TAGS),
}

# name      | a fault of Create                  | moment | calls  | the last answer           | what is left
ALONE = """
  generated | -                                  |        |        | SUCCESS                   | ours
  generated | UNSENT                             | before | once   | SUCCESS                   | ours
  generated | UNSENT                             | before | always | FAILED its code           | nothing
  generated | THROTTLED                          | before | once   | SUCCESS                   | ours
  generated | THROTTLED                          | before | always | FAILED its code           | nothing
  generated | REFUSED                            | before | once   | FAILED its code           | nothing
  generated | FAILED                             | before | once   | SUCCESS                   | ours
  generated | FAILED                             | before | always | FAILED its code + model   | nothing
  generated | FAILED                             | after  | once   | SUCCESS                   | ours
  generated | FAILED                             | after  | always | SUCCESS                   | ours
  generated | CUT                                | before | once   | SUCCESS                   | ours
  generated | CUT                                | before | twice  | SUCCESS                   | ours
  generated | CUT                                | before | always | FAILED its code + model   | nothing
  generated | CUT                                | after  | once   | SUCCESS                   | ours
  generated | CUT                                | after  | twice  | SUCCESS                   | ours
  generated | CUT                                | after  | always | SUCCESS                   | ours
  generated | UNREADABLE                         | before | once   | SUCCESS                   | ours
  generated | UNREADABLE                         | before | always | FAILED its code + model   | nothing
  generated | UNREADABLE                         | after  | once   | SUCCESS                   | ours
  generated | UNREADABLE                         | after  | always | SUCCESS                   | ours
  user      | -                                  |        |        | SUCCESS                   | ours
  user      | UNSENT                             | before | once   | SUCCESS                   | ours
  user      | UNSENT                             | before | always | FAILED its code           | nothing
  user      | THROTTLED                          | before | once   | SUCCESS                   | ours
  user      | THROTTLED                          | before | always | FAILED its code           | nothing
  user      | REFUSED                            | before | once   | FAILED its code           | nothing
  user      | FAILED                             | before | once   | SUCCESS                   | ours
  user      | FAILED                             | before | always | FAILED its code           | nothing
  user      | FAILED                             | after  | once   | SUCCESS                   | ours
  user      | FAILED                             | after  | always | SUCCESS                   | ours
  user      | CUT                                | before | once   | SUCCESS                   | ours
  user      | CUT                                | before | twice  | SUCCESS                   | ours
  user      | CUT                                | before | always | FAILED its code           | nothing
  user      | CUT                                | after  | once   | SUCCESS                   | ours
  user      | CUT                                | after  | twice  | SUCCESS                   | ours
  user      | CUT                                | after  | always | SUCCESS                   | ours
  user      | UNREADABLE                         | before | once   | SUCCESS                   | ours
  user      | UNREADABLE                         | before | always | FAILED its code           | nothing
  user      | UNREADABLE                         | after  | once   | SUCCESS                   | ours
  user      | UNREADABLE                         | after  | always | SUCCESS                   | ours
"""


@pytest.mark.parametrize(("name", "fault", "moment", "calls", "expected", "left"), rows(ALONE, faults=1))
def test_under_a_name_that_is_free(
    world: World, name: str, fault: str, moment: str, calls: str, expected: str, left: str
) -> None:
    """CREATE leaves one definition or none, and never one that CloudFormation doesn't know."""
    world.plan(*planned_faults(fault, CREATE, moment, calls))
    outcome = world.operate("CREATE", desired(name), tags=STACK_TAGS)
    check(outcome, expected, fault)
    assert len(world.sagemaker.definitions) == (left == "ours"), outcome
    assert sum(world.sagemaker.created.values()) == (left == "ours"), outcome
    if left == "ours":
        (definition,) = world.sagemaker.definitions.values()
        assert definition.tags == EQUAL_TAGS
        assert outcome.model is not None
        assert outcome.model["JobDefinitionArn"] == definition.arn
        assert outcome.model["JobDefinitionName"] == definition.name
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == {}


# theirs    | a fault of our Create                | moment | calls  | the last answer
OLDER = """
  equal     | -                                    |        |        | FAILED AlreadyExists
  equal     | UNSENT THROTTLED FAILED              | before | once   | FAILED AlreadyExists
  equal     | CUT UNREADABLE                       | before | once   | FAILED AlreadyExists
  equal     | UNSENT THROTTLED                     | before | always | FAILED its code
  equal     | FAILED CUT UNREADABLE                | before | always | FAILED AlreadyExists
  retagged  | UNSENT THROTTLED FAILED              | before | once   | FAILED AlreadyExists
  retagged  | CUT UNREADABLE                       | before | once   | FAILED AlreadyExists
  untagged  | unreachable throttled 503 reset html | before | once   | FAILED AlreadyExists
  extra-tag | unreachable throttled 503 reset html | before | once   | FAILED AlreadyExists
  isolated  | unreachable throttled 503 reset html | before | once   | FAILED AlreadyExists
  short     | unreachable throttled 503 reset html | before | once   | FAILED AlreadyExists
  other     | UNSENT THROTTLED FAILED              | before | once   | FAILED AlreadyExists
  other     | CUT UNREADABLE                       | before | once   | FAILED AlreadyExists
"""


@pytest.mark.parametrize(("theirs", "fault", "moment", "calls", "expected"), rows(OLDER, faults=1))
def test_another_stacks_older_definition_is_left_alone(
    world: World, theirs: str, fault: str, moment: str, calls: str, expected: str
) -> None:
    """CREATE doesn't adopt a definition made 20 s earlier: no attempt of this request can have made it."""
    world.sagemaker.create_foreign(*FOREIGN[theirs], age=20)
    before = world.sagemaker.definitions
    world.plan(*planned_faults(fault, CREATE, moment, calls))
    outcome = world.operate("CREATE", desired("user"), tags=STACK_TAGS)
    check(outcome, expected, fault)
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == before


# theirs is            | a fault of our first Create, before  | the last answer
NEWER = """
  equal                | UNSENT THROTTLED                     | FAILED AlreadyExists
  retagged             | UNSENT THROTTLED                     | FAILED AlreadyExists
  retagged             | FAILED CUT UNREADABLE                | FAILED AlreadyExists
  untagged             | FAILED CUT UNREADABLE                | FAILED AlreadyExists
  extra-tag            | FAILED CUT UNREADABLE                | FAILED AlreadyExists
  isolated             | FAILED CUT UNREADABLE                | FAILED AlreadyExists
  short                | FAILED CUT UNREADABLE                | FAILED AlreadyExists
  other                | FAILED CUT UNREADABLE                | FAILED AlreadyExists
# No caller can tell a definition from its own if it is equal in everything and was made between two of the caller's
# attempts, and the first attempt may have taken effect.
  equal                | FAILED CUT UNREADABLE                | SUCCESS
"""


@pytest.mark.parametrize(("theirs", "fault", "expected"), rows(NEWER, faults=1))
def test_another_stacks_newer_definition_is_left_alone(world: World, theirs: str, fault: str, expected: str) -> None:
    """CREATE doesn't adopt a definition that another stack makes after our first attempt failed without effect.

    There is one exception, which the table explains.
    """
    world.plan(Fault(fault, CREATE))

    def create_another(operation: str, number: int) -> None:
        if operation in (CREATE, DESCRIBE) and not world.sagemaker.definitions and len(world.network.calls) == 1:
            world.sagemaker.create_foreign(*FOREIGN[theirs], age=0)
        del number

    world.network.before_call = create_another
    outcome = world.operate("CREATE", desired("user"), tags=STACK_TAGS)
    before = world.sagemaker.definitions
    check(outcome, expected, fault)
    if outcome.status == "FAILED":
        roll_back(world, outcome.model)
        assert world.sagemaker.definitions == before
        assert len(before) == 1


# * a fault of Create after it took effect
# name      | Create* | calls  | a fault of Describe    | calls   | lag | the last answer
LOOKING = """
  generated | silence | once   | -                      |         | 1   | SUCCESS
  generated | silence | once   | -                      |         | 3   | SUCCESS
  generated | reset   | always | -                      |         | 3   | SUCCESS
  generated | html    | once   | -                      |         | 3   | SUCCESS
  generated | silence | once   | denied                 | always  | 0   | FAILED AccessDenied + model
  generated | silence | once   | expired                | always  | 0   | FAILED InvalidCredentials + model
  generated | silence | once   | unknown                | always  | 0   | FAILED GeneralServiceException + model
  generated | silence | once   | html                   | always  | 0   | FAILED its code + model
  generated | silence | once   | empty                  | always  | 0   | FAILED its code + model
  generated | reset   | always | silence                | always  | 0   | FAILED NetworkFailure + model
  generated | reset   | always | 503                    | always  | 0   | FAILED NetworkFailure + model
  generated | reset   | once   | denied                 | 1st-3rd | 0   | SUCCESS
  user      | silence | once   | -                      |         | 1   | SUCCESS
  user      | silence | once   | -                      |         | 3   | SUCCESS
  user      | silence | always | -                      |         | 1   | SUCCESS
  user      | reset   | always | -                      |         | 3   | SUCCESS
  user      | html    | once   | -                      |         | 3   | SUCCESS
  user      | 500     | always | -                      |         | 1   | SUCCESS
  user      | reset   | once   | 503                    | once    | 0   | SUCCESS
  user      | reset   | once   | reset                  | 1st-3rd | 0   | SUCCESS
  user      | reset   | once   | html                   | once    | 0   | SUCCESS
  user      | reset   | once   | throttled              | once    | 0   | SUCCESS
"""


@pytest.mark.parametrize(("name", "lost", "lost_calls", "fault", "calls", "lag", "expected"), rows(LOOKING, faults=3))
def test_a_definition_whose_answer_was_lost_is_found(  # noqa: PLR0917 - the columns of the table
    world: World, name: str, lost: str, lost_calls: str, fault: str, calls: str, lag: str, expected: str
) -> None:
    """CREATE finds the definition, or its failure names it, so that reads that lag or fail leave no orphan."""
    world.sagemaker.describe_lag = int(lag)
    world.plan(*planned_faults(lost, CREATE, "after", lost_calls), *planned_faults(fault, DESCRIBE, "before", calls))
    outcome = world.operate("CREATE", desired(name), tags=STACK_TAGS)
    check(outcome, expected, fault)
    assert sum(world.sagemaker.created.values()) == 1
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == {}, outcome


# read     | its fault                                       | calls   | the last answer
AFTERWARDS = """
  Describe | UNSENT THROTTLED REFUSED FAILED CUT UNREADABLE  | once    | SUCCESS
  Describe | UNSENT THROTTLED REFUSED FAILED CUT UNREADABLE  | always  | FAILED its code + model
  ListTags | UNSENT THROTTLED REFUSED FAILED CUT UNREADABLE  | once    | SUCCESS
  ListTags | UNSENT THROTTLED FAILED CUT UNREADABLE          | always  | FAILED its code + model
  ListTags | denied expired unknown quota                    | always  | FAILED its code + model
  ListTags | invalid                                         | always  | FAILED ServiceInternalError + model
  ListTags | UNSENT THROTTLED REFUSED FAILED CUT UNREADABLE  | 1st-3rd | SUCCESS
"""


@pytest.mark.parametrize(("read", "fault", "calls", "expected"), rows(AFTERWARDS, faults=1))
def test_reads_that_fail_afterwards_are_waited_for(
    world: World, read: str, fault: str, calls: str, expected: str
) -> None:
    """Once Create was accepted, every answer carries the model, and a read that keeps failing is reported."""
    operation = DESCRIBE if read == "Describe" else "ListTags"
    world.plan(*planned_faults(fault, operation, "before", calls))
    outcome = world.request("CREATE", desired("user"), tags=STACK_TAGS)
    check(outcome, expected, fault)
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == {}


@pytest.mark.parametrize("name", ["generated", "user"])
@pytest.mark.parametrize(("lag", "expected"), [(1, "SUCCESS"), (3, "SUCCESS"), (99, "FAILED NotStabilized + model")])
def test_tags_that_lag_are_waited_for(world: World, name: str, lag: int, expected: str) -> None:
    """CREATE waits a minute for the tags; then its failure names the definition."""
    world.sagemaker.tag_lag = lag
    outcome = world.operate("CREATE", desired(name), tags=STACK_TAGS)
    check(outcome, expected, "-")
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == {}


@pytest.mark.parametrize("name", ["generated", "user"])
def test_an_unsent_attempt_differs_from_a_lost_answer(world: World, name: str) -> None:
    """CREATE finds its definition if the first attempt was never sent and the second lost its answer."""
    world.plan(Fault("unreachable", CREATE), Fault("reset", CREATE, "after", calls=(2,)))
    outcome = world.operate("CREATE", desired(name), tags=STACK_TAGS)
    check(outcome, "SUCCESS", "-")
    roll_back(world, outcome.model)
    assert world.sagemaker.definitions == {}


@pytest.mark.parametrize("name", ["generated", "user"])
def test_other_requests_troubles_leave_attempts_for_this_one(world: World, name: str) -> None:
    """Other requests' failures use up none of this request's attempts.

    botocore gives each client a quota of retries, which the requests that share a kept client would share too.
    """
    world.plan(Fault("silence", DESCRIBE, calls=range(1, 1000)))
    for _ in range(120):
        assert world.request("READ", {"JobDefinitionName": "elsewhere"}).code == "NetworkFailure"
    world.plan(Fault("reset", CREATE, "after"))
    outcome = world.operate("CREATE", desired(name), tags=STACK_TAGS)
    check(outcome, "SUCCESS", "-")
    world.plan(Fault("unreachable", DESCRIBE))
    assert world.request("READ", outcome.model).status == "SUCCESS"


def test_the_same_request_twice_is_one_definition(world: World) -> None:
    """A repeated CREATE returns the same definition, because a generated name proves whose it is.

    CloudFormation may lose our answer too.
    """
    first = world.operate("CREATE", desired("generated"), tags=STACK_TAGS)
    second = world.operate("CREATE", desired("generated"), tags=STACK_TAGS)
    assert first.status == second.status == "SUCCESS"
    assert first.model == second.model
    assert len(world.sagemaker.definitions) == 1


def test_a_name_whose_owner_can_not_be_known_is_explained(world: World) -> None:
    """If every answer of the invocation that made a definition was lost, the message helps a person find its owner.

    It says when the definition was made and whether it equals the request.
    """
    world.plan(Fault("silence", CREATE, "after", range(9)), Fault("silence", DESCRIBE, "before", range(99)))
    lost = world.request("CREATE", desired("user"), tags=STACK_TAGS)
    check(lost, "FAILED NetworkFailure", "-")
    created_on = world.clock.date.strftime("%Y-%m-%d")
    world.plan()
    other = desired("user") | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
    messages = []
    for properties in (desired("user"), other):
        again = world.request("CREATE", properties, tags=STACK_TAGS)
        check(again, "FAILED AlreadyExists", "-")
        assert created_on in again.message, again.message
        messages.append(again.message)
    assert messages[0] != messages[1], "the message does not say whether it equals the request"
    assert len(world.sagemaker.definitions) == 1
