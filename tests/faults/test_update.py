"""UPDATE under every fault: the tags after the update, and after the rollback if it failed.

A definition has the stack's tag, two of the template's and one that another party added. The update changes one tag,
removes one and adds one. CloudFormation rolls a failed update back with an update from the new state to the old one;
after that the definition must have its old tags.
"""

import pytest

from tests.faults.fault import Fault
from tests.faults.table import CALLS, check, planned_faults, rows
from tests.faults.world import Outcome, World
from tools.envelopes import Json, minimal

DESCRIBE = "DescribeModelQualityJobDefinition"
OLD = {"stage": "prod", "a": "1", "b": "1", "theirs": "9"}
NEW = {"stage": "prod", "a": "2", "c": "3", "theirs": "9"}


def template(**tags: str) -> Json:
    """Return the properties of a template with these tags."""
    return minimal() | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


BEFORE = template(a="1", b="1")
AFTER = template(a="2", c="3")


def deploy(world: World) -> Json:
    """Create the definition, tag it as another party, and return its identifier."""
    outcome = world.operate("CREATE", BEFORE, tags={"stage": "prod"})
    assert outcome.model is not None, outcome
    arn = outcome.model["JobDefinitionArn"]
    world.sagemaker.call("AddTags", ResourceArn=arn, Tags=[{"Key": "theirs", "Value": "9"}])
    return {"JobDefinitionArn": arn}


def update(world: World, identifier: Json, *, rollback: bool = False) -> Outcome:
    """Update the stack, or roll the update back."""
    current, previous = (BEFORE, AFTER) if rollback else (AFTER, BEFORE)
    stack = {"stage": "prod"}
    return world.operate("UPDATE", current | identifier, previous | identifier, tags=stack, previous_tags=stack)


def actual_tags(world: World) -> dict[str, str]:
    """Return the actual tags of the only definition."""
    (definition,) = world.sagemaker.definitions.values()
    return definition.tags


def reported_tags(outcome: Outcome) -> dict[str, str]:
    """Return the tags that an answer reports."""
    assert outcome.model is not None, outcome
    return {tag["Key"]: tag["Value"] for tag in outcome.model["Tags"]}


# a fault of   | of this kind                        | moment | calls  | the last answer
WRITES = """
  DeleteTags   | UNSENT THROTTLED FAILED             | before | once   | SUCCESS
  DeleteTags   | silence reset closed cut-in-status  | before | once   | SUCCESS
  DeleteTags   | 302 html                            | before | once   | SUCCESS
  DeleteTags   | FAILED CUT UNREADABLE               | after  | once   | SUCCESS
  DeleteTags   | REFUSED                             | before | always | FAILED its code
  DeleteTags   | UNSENT THROTTLED FAILED             | before | always | FAILED its code
  DeleteTags   | silence reset closed cut-in-status  | before | always | FAILED its code
  DeleteTags   | 302 html                            | before | always | FAILED its code
  DeleteTags   | FAILED silence reset closed         | after  | always | FAILED its code
  DeleteTags   | cut-in-status 302 html              | after  | always | FAILED its code
  DeleteTags   | cut-in-headers cut-in-body 204      | after  | always | SUCCESS
  DeleteTags   | empty garbage                       | after  | always | SUCCESS
  AddTags      | UNSENT THROTTLED FAILED             | before | once   | SUCCESS
  AddTags      | silence reset closed cut-in-status  | before | once   | SUCCESS
  AddTags      | 302 html                            | before | once   | SUCCESS
  AddTags      | FAILED CUT UNREADABLE               | after  | once   | SUCCESS
  AddTags      | REFUSED                             | before | always | FAILED its code
  AddTags      | UNSENT THROTTLED FAILED             | before | always | FAILED its code
  AddTags      | silence reset closed cut-in-status  | before | always | FAILED its code
  AddTags      | 302 html                            | before | always | FAILED its code
  AddTags      | FAILED silence reset closed         | after  | always | FAILED its code
  AddTags      | cut-in-status 302 html garbage      | after  | always | FAILED its code
  AddTags      | cut-in-headers cut-in-body 204      | after  | always | SUCCESS
  AddTags      | empty                               | after  | always | SUCCESS
# The handler reads nothing from the answers to these two, so a proxy's empty answer looks like success. ListTags shows
# that nothing changed.
  DeleteTags   | cut-in-headers cut-in-body          | before | always | FAILED NotStabilized
  DeleteTags   | 204 empty garbage                   | before | always | FAILED NotStabilized
  AddTags      | cut-in-headers cut-in-body          | before | always | FAILED NotStabilized
  AddTags      | 204 empty                           | before | always | FAILED NotStabilized
  AddTags      | garbage                             | before | always | FAILED its code
"""
# The same for some faults, while ListTags lags by this many answers. The handler stops waiting before 99 answers, so
# with that lag it never sees the change.
LAGGING = """
  DeleteTags   | unreachable reset html              | before | once   | 1  | SUCCESS
  DeleteTags   | unreachable reset html              | before | always | 1  | FAILED its code
  DeleteTags   | denied                              | before | always | 1  | FAILED its code
  DeleteTags   | 503 reset cut-in-body html          | after  | once   | 1  | SUCCESS
  DeleteTags   | 503 reset html                      | after  | always | 1  | FAILED its code
  DeleteTags   | cut-in-body                         | after  | always | 1  | SUCCESS
  AddTags      | unreachable reset html              | before | once   | 1  | SUCCESS
  AddTags      | unreachable reset html              | before | always | 1  | FAILED its code
  AddTags      | denied                              | before | always | 1  | FAILED its code
  AddTags      | 503 reset cut-in-body html          | after  | once   | 1  | SUCCESS
  AddTags      | 503 reset html                      | after  | always | 1  | FAILED its code
  AddTags      | cut-in-body                         | after  | always | 1  | SUCCESS
  DeleteTags   | unreachable reset html              | before | once   | 99 | FAILED NotStabilized
  DeleteTags   | unreachable reset html              | before | always | 99 | FAILED its code
  DeleteTags   | denied                              | before | always | 99 | FAILED its code
  DeleteTags   | 503 reset cut-in-body html          | after  | once   | 99 | FAILED NotStabilized
  DeleteTags   | 503 reset html                      | after  | always | 99 | FAILED its code
  AddTags      | unreachable reset html              | before | once   | 99 | FAILED NotStabilized
  AddTags      | unreachable reset html              | before | always | 99 | FAILED its code
  AddTags      | denied                              | before | always | 99 | FAILED its code
  AddTags      | 503 reset cut-in-body html          | after  | once   | 99 | FAILED NotStabilized
  AddTags      | 503 reset html                      | after  | always | 99 | FAILED its code
"""


@pytest.mark.parametrize(("operation", "fault", "moment", "calls", "expected"), rows(WRITES, faults=1))
def test_writes_that_fail(world: World, operation: str, fault: str, moment: str, calls: str, expected: str) -> None:
    """After an UPDATE whose writes fail, the tags are as requested, or the rollback restores the old ones."""
    _check_update(world, planned_faults(fault, operation, moment, calls), expected, fault)


@pytest.mark.parametrize(("operation", "fault", "moment", "calls", "lag", "expected"), rows(LAGGING, faults=1))
def test_writes_that_fail_while_reads_lag(
    world: World, operation: str, fault: str, moment: str, calls: str, lag: str, expected: str
) -> None:
    """After writes that fail while reads lag, the tags are as requested, or the rollback restores the old ones."""
    _check_update(world, planned_faults(fault, operation, moment, calls), expected, fault, int(lag))


def _check_update(world: World, faults: list[Fault], expected: str, fault: str, lag: int = 0) -> None:
    """Update under faults and check the answer; after a failure, roll back and check the tags."""
    identifier = deploy(world)
    world.sagemaker.tag_lag = lag
    world.plan(*faults)
    outcome = update(world, identifier)
    check(_without_model(outcome), expected, fault)
    if outcome.status == "SUCCESS":
        assert actual_tags(world) == NEW
        assert reported_tags(outcome) == NEW
        return
    world.plan()
    rollback = update(world, identifier, rollback=True)
    assert actual_tags(world) == OLD, f"{outcome}\nrolled back:\n{rollback}"
    assert rollback.status == "SUCCESS" or (lag == 99 and rollback.code == "NotStabilized"), (
        f"{outcome}\nrolled back:\n{rollback}"
    )


# a fault of   | of this kind                                       | calls    | the last answer
READS = """
  Describe     | UNSENT THROTTLED FAILED CUT UNREADABLE             | once     | SUCCESS
  Describe     | UNSENT THROTTLED FAILED CUT UNREADABLE             | always   | FAILED its code
  Describe     | REFUSED                                            | always   | FAILED its code
  ListTags     | UNSENT THROTTLED FAILED CUT UNREADABLE             | once     | SUCCESS
  ListTags     | UNSENT THROTTLED FAILED CUT UNREADABLE             | 2nd-4th  | SUCCESS
  ListTags     | REFUSED                                            | 2nd-4th  | SUCCESS
"""


@pytest.mark.parametrize(("read", "fault", "calls", "expected"), rows(READS, faults=1))
def test_reads_that_fail(world: World, read: str, fault: str, calls: str, expected: str) -> None:
    """A read that keeps failing before the change ends UPDATE with nothing changed; after it, UPDATE reads again."""
    identifier = deploy(world)
    world.plan(*planned_faults(fault, DESCRIBE if read == "Describe" else read, "before", calls))
    outcome = update(world, identifier)
    check(_without_model(outcome), expected, fault)
    if outcome.status == "SUCCESS":
        assert actual_tags(world) == NEW
        return
    world.plan()
    assert update(world, identifier, rollback=True).status == "SUCCESS"
    assert actual_tags(world) == OLD


@pytest.mark.parametrize("read", [DESCRIBE, "ListTags"])
@pytest.mark.parametrize("fault", ["unreachable", "throttled", "denied", "expired", "unknown", "503", "reset", "html"])
def test_reads_that_fail_in_a_callback(world: World, read: str, fault: str) -> None:
    """UPDATE reads again later if a read fails in a callback, while the changed tags lag."""
    identifier = deploy(world)
    world.sagemaker.tag_lag = 2
    failed_calls: list[int] = []

    def fail_read(operation: str, number: int) -> Fault | None:
        changed = "AddTags" in world.network.operations
        if changed and operation == read and len(failed_calls) < 2 and len(world.network.operations) > 5:
            failed_calls.append(number)
            return Fault(fault, operation)
        return None

    world.network.decide = fail_read
    outcome = update(world, identifier)
    assert outcome.status == "SUCCESS", outcome
    assert actual_tags(world) == NEW
    assert reported_tags(outcome) == NEW
    assert not any(step.answer["status"] == "FAILED" for step in outcome.invocations), outcome


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_reads_that_lag(world: World, lag: int) -> None:
    """UPDATE succeeds once SageMaker reports the change, and its answer reports the actual tags."""
    identifier = deploy(world)
    world.sagemaker.tag_lag = lag
    outcome = update(world, identifier)
    assert outcome.status == "SUCCESS", outcome
    assert actual_tags(world) == reported_tags(outcome) == NEW
    rollback = update(world, identifier, rollback=True)
    assert rollback.status == "SUCCESS", rollback
    assert actual_tags(world) == reported_tags(rollback) == OLD


def test_the_rollback_does_not_believe_a_read_that_lags(world: World) -> None:
    """The rollback restores the tags although a lagging ListTags reports that the update changed nothing.

    DeleteTags succeeded, and AddTags was denied.
    """
    identifier = deploy(world)
    world.sagemaker.tag_lag = 1
    world.plan(Fault("denied", "AddTags", calls=CALLS["always"]))
    outcome = update(world, identifier)
    assert outcome.code == "AccessDenied", outcome
    world.plan()
    rollback = update(world, identifier, rollback=True)
    assert rollback.status == "SUCCESS", rollback
    assert actual_tags(world) == reported_tags(rollback) == OLD


@pytest.mark.parametrize("action", ["READ", "UPDATE"])
def test_a_definition_that_vanishes_between_two_reads_is_not_found(world: World, action: str) -> None:
    """A definition deleted between Describe and ListTags is NotFound.

    SageMaker answers ListTags for an ARN that does not exist with ValidationException.
    """
    identifier = deploy(world)
    world.plan()

    def vanish(operation: str, number: int) -> None:
        if operation == "ListTags" and number == 1:
            (definition,) = world.sagemaker.definitions.values()
            world.sagemaker.call("DeleteModelQualityJobDefinition", JobDefinitionName=definition.name)

    world.network.before_call = vanish
    arguments = (AFTER | identifier, BEFORE | identifier) if action == "UPDATE" else (identifier,)
    outcome = world.operate(action, *arguments)
    assert outcome.code == "NotFound", outcome


def _without_model(outcome: Outcome) -> Outcome:
    """Return an outcome without the model of its failure: an update's failure may carry one or not."""
    last = outcome.invocations[-1]
    if last.answer["status"] == "FAILED":
        last.answer.pop("resourceModel", None)
    return outcome
