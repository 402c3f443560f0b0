"""UPDATE under every fault: the tags afterwards, and the tags after the rollback of what failed.

A definition has the stack's tag, two of the template's and one that another party put there. The update changes one,
takes one away and adds one. CloudFormation rolls a failed update back by an update the other way round; after that the
definition has to be as it was.
"""

import pytest

from tests.envelopes import Json, minimal
from tests.faults.fault import Fault
from tests.faults.table import CALLS, check, planned, rows
from tests.faults.world import Outcome, World

DESCRIBE = "DescribeModelQualityJobDefinition"
OLD = {"stage": "prod", "a": "1", "b": "1", "theirs": "9"}
NEW = {"stage": "prod", "a": "2", "c": "3", "theirs": "9"}


def template(**tags: str) -> Json:
    """Return a template's properties, with these tags."""
    return minimal() | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


BEFORE = template(a="1", b="1")
AFTER = template(a="2", c="3")


def deployed(world: World) -> Json:
    """Create the definition, have another party tag it, and return what identifies it."""
    outcome = world.operate("CREATE", BEFORE, tags={"stage": "prod"})
    assert outcome.model is not None, outcome
    arn = outcome.model["JobDefinitionArn"]
    world.sagemaker.call("AddTags", ResourceArn=arn, Tags=[{"Key": "theirs", "Value": "9"}])
    return {"JobDefinitionArn": arn}


def updated(world: World, identifier: Json, *, back: bool = False) -> Outcome:
    """Update the stack; or roll that back."""
    now, before = (BEFORE, AFTER) if back else (AFTER, BEFORE)
    stack = {"stage": "prod"}
    return world.operate("UPDATE", now | identifier, before | identifier, tags=stack, previous_tags=stack)


def tags(world: World) -> dict[str, str]:
    """Return the only definition's tags, as they are."""
    (found,) = world.sagemaker.definitions.values()
    return found.tags


def reported(outcome: Outcome) -> dict[str, str]:
    """Return the tags that an answer reports."""
    assert outcome.model is not None, outcome
    return {tag["Key"]: tag["Value"] for tag in outcome.model["Tags"]}


# a fault of   | of this kind                        | moment | calls  | the last answer
WRITES = """
  DeleteTags   | UNHEARD THROTTLED FAILED            | before | once   | SUCCESS
  DeleteTags   | silence reset closed cut-in-status  | before | once   | SUCCESS
  DeleteTags   | 302 html                            | before | once   | SUCCESS
  DeleteTags   | FAILED CUT UNREADABLE               | after  | once   | SUCCESS
  DeleteTags   | REFUSED                             | before | always | FAILED its code
  DeleteTags   | UNHEARD THROTTLED FAILED            | before | always | FAILED its code
  DeleteTags   | silence reset closed cut-in-status  | before | always | FAILED its code
  DeleteTags   | 302 html                            | before | always | FAILED retriable
  DeleteTags   | FAILED CUT UNREADABLE               | after  | always | SUCCESS or FAILED retriable
  AddTags      | UNHEARD THROTTLED FAILED            | before | once   | SUCCESS
  AddTags      | silence reset closed cut-in-status  | before | once   | SUCCESS
  AddTags      | 302 html                            | before | once   | SUCCESS
  AddTags      | FAILED CUT UNREADABLE               | after  | once   | SUCCESS
  AddTags      | REFUSED                             | before | always | FAILED its code
  AddTags      | UNHEARD THROTTLED FAILED            | before | always | FAILED its code
  AddTags      | silence reset closed cut-in-status  | before | always | FAILED its code
  AddTags      | 302 html                            | before | always | FAILED retriable
  AddTags      | FAILED CUT UNREADABLE               | after  | always | SUCCESS or FAILED retriable
# Nothing need be read from an answer to these two: a proxy's that is empty looks like success. ListTags shows that it
# is none.
  DeleteTags   | cut-in-headers cut-in-body          | before | always | FAILED NotStabilized
  DeleteTags   | 204 empty garbage                   | before | always | FAILED NotStabilized
  AddTags      | cut-in-headers cut-in-body          | before | always | FAILED NotStabilized
  AddTags      | 204 empty                           | before | always | FAILED NotStabilized
  AddTags      | garbage                             | before | always | FAILED retriable
"""
# The same with reads that lag, for a few; after 99 answers we have stopped to wait. With them SUCCESS can't be seen.
LAGGING = """
  DeleteTags   | unreachable reset html              | before | once   | 1  | SUCCESS
  DeleteTags   | unreachable reset html              | before | always | 1  | FAILED its code
  DeleteTags   | denied                              | before | always | 1  | FAILED its code
  DeleteTags   | 503 reset cut-in-body html          | after  | once   | 1  | SUCCESS
  DeleteTags   | 503 reset cut-in-body html          | after  | always | 1  | SUCCESS or FAILED retriable
  AddTags      | unreachable reset html              | before | once   | 1  | SUCCESS
  AddTags      | unreachable reset html              | before | always | 1  | FAILED its code
  AddTags      | denied                              | before | always | 1  | FAILED its code
  AddTags      | 503 reset cut-in-body html          | after  | once   | 1  | SUCCESS
  AddTags      | 503 reset cut-in-body html          | after  | always | 1  | SUCCESS or FAILED retriable
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
    """The update is what was asked for, or its rollback what was there."""
    _fails(world, planned(fault, operation, moment, calls), expected, fault)


@pytest.mark.parametrize(("operation", "fault", "moment", "calls", "lag", "expected"), rows(LAGGING, faults=1))
def test_writes_that_fail_while_reads_lag(
    world: World, operation: str, fault: str, moment: str, calls: str, lag: str, expected: str
) -> None:
    """Whatever reads say."""
    _fails(world, planned(fault, operation, moment, calls), expected, fault, int(lag))


def _fails(world: World, faults: list[Fault], expected: str, fault: str, lag: int = 0) -> None:
    """Update under faults; hold the answer to what is expected, and after a failure roll back."""
    identifier = deployed(world)
    world.sagemaker.tag_lag = lag
    world.plan(*faults)
    outcome = updated(world, identifier)
    check(_nameless(outcome), expected, fault)
    if outcome.status == "SUCCESS":
        assert tags(world) == NEW
        assert reported(outcome) == NEW
        return
    world.plan()
    back = updated(world, identifier, back=True)
    assert tags(world) == OLD, f"{outcome}\nrolled back:\n{back}"
    assert back.status == "SUCCESS" or (lag == 99 and back.code == "NotStabilized"), f"{outcome}\nrolled back:\n{back}"


# a fault of   | of this kind                                       | calls    | the last answer
READS = """
  Describe     | UNHEARD THROTTLED FAILED CUT UNREADABLE            | once     | SUCCESS
  Describe     | UNHEARD THROTTLED FAILED CUT UNREADABLE            | always   | FAILED its code
  Describe     | REFUSED                                            | always   | FAILED its code
  ListTags     | UNHEARD THROTTLED FAILED CUT UNREADABLE            | once     | SUCCESS
  ListTags     | UNHEARD THROTTLED FAILED CUT UNREADABLE            | 2nd-4th  | SUCCESS
  ListTags     | REFUSED                                            | 2nd-4th  | SUCCESS
"""


@pytest.mark.parametrize(("read", "fault", "calls", "expected"), rows(READS, faults=1))
def test_reads_that_fail(world: World, read: str, fault: str, calls: str, expected: str) -> None:
    """Before the change they end the update with nothing done; afterwards they are waited for, as in CREATE."""
    identifier = deployed(world)
    world.plan(*planned(fault, DESCRIBE if read == "Describe" else read, "before", calls))
    outcome = updated(world, identifier)
    check(_nameless(outcome), expected, fault)
    if outcome.status == "SUCCESS":
        assert tags(world) == NEW
        return
    world.plan()
    assert updated(world, identifier, back=True).status == "SUCCESS"
    assert tags(world) == OLD


@pytest.mark.parametrize("read", [DESCRIBE, "ListTags"])
@pytest.mark.parametrize("fault", ["unreachable", "throttled", "denied", "expired", "unknown", "503", "reset", "html"])
def test_reads_that_fail_in_a_callback(world: World, read: str, fault: str) -> None:
    """The tags were changed, and lag; what fails while they are waited for is waited for too."""
    identifier = deployed(world)
    world.sagemaker.tag_lag = 2
    hit: list[int] = []

    def fails(operation: str, number: int) -> Fault | None:
        changed = "AddTags" in world.network.operations
        if changed and operation == read and len(hit) < 2 and len(world.network.operations) > 5:
            hit.append(number)
            return Fault(fault, operation)
        return None

    world.network.decide = fails
    outcome = updated(world, identifier)
    assert outcome.status == "SUCCESS", outcome
    assert tags(world) == NEW
    assert reported(outcome) == NEW
    assert not any(step.answer["status"] == "FAILED" for step in outcome.invocations), outcome


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_reads_that_lag(world: World, lag: int) -> None:
    """An update is done when SageMaker reports it, and what it reports is what is there."""
    identifier = deployed(world)
    world.sagemaker.tag_lag = lag
    outcome = updated(world, identifier)
    assert outcome.status == "SUCCESS", outcome
    assert tags(world) == reported(outcome) == NEW
    back = updated(world, identifier, back=True)
    assert back.status == "SUCCESS", back
    assert tags(world) == reported(back) == OLD


def test_the_rollback_does_not_believe_a_read_that_lags(world: World) -> None:
    """DeleteTags done, AddTags denied, ListTags one answer behind: it says that nothing has changed."""
    identifier = deployed(world)
    world.sagemaker.tag_lag = 1
    world.plan(Fault("denied", "AddTags", calls=CALLS["always"]))
    outcome = updated(world, identifier)
    assert outcome.code == "AccessDenied", outcome
    world.plan()
    back = updated(world, identifier, back=True)
    assert back.status == "SUCCESS", back
    assert tags(world) == reported(back) == OLD


@pytest.mark.parametrize("action", ["READ", "UPDATE"])
def test_a_definition_that_vanishes_between_two_reads_is_not_found(world: World, action: str) -> None:
    """ListTags says ValidationException of an ARN that there is not: that is SageMaker's way of saying so."""
    identifier = deployed(world)
    world.plan()

    def vanish(operation: str, number: int) -> None:
        if operation == "ListTags" and number == 1:
            (found,) = world.sagemaker.definitions.values()
            world.sagemaker.call("DeleteModelQualityJobDefinition", JobDefinitionName=found.name)

    world.network.before = vanish
    arguments = (AFTER | identifier, BEFORE | identifier) if action == "UPDATE" else (identifier,)
    outcome = world.operate(action, *arguments)
    assert outcome.code == "NotFound", outcome


def _nameless(outcome: Outcome) -> Outcome:
    """Return an outcome without the model of its failure: whether an update's failure carries one is of no account."""
    last = outcome.invocations[-1]
    if last.answer["status"] == "FAILED":
        last.answer.pop("resourceModel", None)
    return outcome
