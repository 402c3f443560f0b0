"""Whose a definition is, at the limits: times to the tenth of a second, pauses, and messages to the letter."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloudformation_cli_python_lib.exceptions import AlreadyExists, NotFound, ServiceInternalError, Throttling
from cloudformation_cli_python_lib.interface import HandlerErrorCode as Code

from aws_sagemaker_modelqualityjobdefinition import ownership, translation
from aws_sagemaker_modelqualityjobdefinition.job_definitions import Ended
from aws_sagemaker_modelqualityjobdefinition.ownership import Operation
from aws_sagemaker_modelqualityjobdefinition.progress import Known, Outcome
from aws_sagemaker_modelqualityjobdefinition.runtime import deadline
from aws_sagemaker_modelqualityjobdefinition.runtime.failures import Failure, HandlerError
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Time
from tools.envelopes import ACCOUNT, STACK_ID, Json, arn, minimal

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATE = {"date": "Tue, 24 Nov 2026 12:00:00 GMT"}
MISSING = Failure(Code.NotFound, "It is not there.")
DENIED = Failure(Code.AccessDenied, "Not for you.")
SLOW = Failure(Code.Throttling, "Slow down.")
LOST = Failure(Code.NetworkFailure, "The answer was lost.", may_have_taken_effect=True)
CONFLICT = Failure(Code.ResourceConflict, "It is in use (SageMaker Create).", aws_code="ResourceInUse")
TYPE = "Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier 'fraud'"


def described(*, made: float | None = 0.0, dated: bool = True, **more: Any) -> Json:  # noqa: ANN401 - members
    """Return a description, with its creation in seconds after noon; the answer's Date is noon."""
    created = {} if made is None else {"CreationTime": NOON + timedelta(seconds=made)}
    metadata = {"ResponseMetadata": {"HTTPHeaders": DATE if dated else {}}}
    return minimal() | {"JobDefinitionArn": arn("fraud"), "JobDefinitionName": "fraud"} | created | metadata | more


class SageMaker:
    """The definitions, which give these answers, and a clock that pauses move."""

    def __init__(self, *descriptions: Json | Failure, tags: Any = (), ended: Any = None, now: float = 0.0) -> None:  # noqa: ANN401 - tags or a failure; an end
        self.descriptions = [*descriptions]
        self.tag_answers = [tags] if isinstance(tags, Failure) else [[*tags]]
        self.ended = ended
        self.now = now
        self.pauses: list[float] = []
        self.calls: list[Any] = []
        self.deletions: Any = None

    def describe(self, name: str) -> Json:
        """Answer with the next description; the last one stays."""
        self.calls.append(name)
        answer = self.descriptions.pop(0) if len(self.descriptions) > 1 else self.descriptions[0]
        if isinstance(answer, Failure):
            raise answer.error()
        return answer

    def tags(self, *_: str) -> Any:  # noqa: ANN401 - tags
        """Answer with the tags."""
        (answer,) = self.tag_answers
        if isinstance(answer, Failure):
            raise answer.error()
        return {tag["Key"]: tag["Value"] for tag in answer}

    def create(self, request: Json) -> Ended:
        """End as told."""
        self.calls.append(request["JobDefinitionName"])
        end: Ended = self.ended
        return end

    def delete(self, name: str, confirm: Callable[[], None], *, has_begun: bool) -> Ended:
        """Note whether it has begun, and end as told."""
        self.deletions = name, callable(confirm), has_begun
        end: Ended = self.ended
        return end

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds

    def operation(self, *, stack: str | None = STACK_ID, known: Known | None = None, **properties: Any) -> Operation:  # noqa: ANN401 - properties
        """Return an operation on these definitions."""
        model = translation.Model._deserialize(minimal() | {"JobDefinitionName": "fraud"} | properties)

        class Request:
            desiredResourceState = model  # noqa: N815 - the plugin library's
            stackId = stack  # noqa: N815 - as above
            logicalResourceIdentifier = "Definition"  # noqa: N815 - as above
            clientRequestToken = "token"  # noqa: N815 - as above
            region = "eu-west-1"
            awsAccountId = ACCOUNT  # noqa: N815 - as above

        request: Any = Request()
        definitions: Any = self
        time = Time(monotonic=lambda: self.now, now=lambda: self.now, pause=self.pause)
        return Operation(definitions, request, known, DEFAULTS._replace(time=time))


NO_TIMES = "SageMaker's answer has no time that can be read."
TOO_CLOSE = "it was created within seconds of the first request."
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/other"


@pytest.mark.parametrize(
    ("known", "now", "found", "expected"),
    [
        # by the creation time, to the millisecond
        (Known("a", NOON), 0, described(made=0), "same"),
        (Known("a", NOON), 0, described(made=0.0009), "same"),
        (Known("a", NOON), 0, described(made=0.001), "gone"),
        (Known("a", NOON), 0, described(made=-5), "gone"),
        (Known("a", NOON), 0, described(made=None), NO_TIMES),
        # by the begin of the deletion, ten seconds before Describe's answer: at 11:59:50
        (Known("a"), 0, described(), NO_TIMES),
        (Known("a", began=100.0), 99.9, described(made=-60), NO_TIMES),
        (Known("a", began=100.0), 100.0, described(made=-60), "same"),
        (Known("a", began=100.0), 110.0, described(made=None), NO_TIMES),
        (Known("a", began=100.0), 110.0, described(dated=False), NO_TIMES),
        (Known("a", began=100.0), 110.0, described(made=-12.1), "same"),
        (Known("a", began=100.0), 110.0, described(made=-12), TOO_CLOSE),
        (Known("a", began=100.0), 110.0, described(made=-10), TOO_CLOSE),
        (Known("a", began=100.0), 110.0, described(made=-8), TOO_CLOSE),
        (Known("a", began=100.0), 110.0, described(made=-7.9), "gone"),
        (Known("a", began=100.0), 110.0, described(made=-10, RoleArn=OTHER_ROLE), "gone"),
    ],
)
def test_whether_a_definition_is_still_the_same(known: Known, now: float, found: Json, expected: str) -> None:
    """By the creation time if it is known, else by when the deletion began; 2 s on both sides can't be decided."""
    service = SageMaker(found, now=now)
    operation = service.operation()
    if expected == "same":
        ownership.confirm(operation, "fraud", known)
    elif expected == "gone":
        with pytest.raises(NotFound, match="with identifier 'a' was not found"):
            ownership.confirm(operation, "fraud", known)
    else:
        with pytest.raises(ServiceInternalError) as caught:
            ownership.confirm(operation, "fraud", known)
        start = "The request is not sent again, because it is unknown whether the definition is still the same one: "
        assert str(caught.value) == start + expected
    assert service.calls == ["fraud"], "one look tells"


@pytest.mark.parametrize(
    ("descriptions", "error", "pauses"),
    [
        ([MISSING] * 5, NotFound, [0, 1, 2, 4]),
        ([MISSING] * 3 + [described()], None, [0, 1, 2, 4]),
        ([described()], None, [0]),
        ([SLOW], Throttling, [0]),
        ([MISSING, DENIED], ServiceInternalError, [0, 1]),
    ],
)
def test_what_is_missing_is_looked_for_again(
    descriptions: list[Any], error: type[HandlerError] | None, pauses: list[float]
) -> None:
    """Replicas may be old: a definition is gone if it is missing for 7 s. Another failure decides nothing."""
    service = SageMaker(*descriptions)
    if error is None:
        ownership.confirm(service.operation(), "fraud", Known("", NOON))
    else:
        with pytest.raises(error) as caught:
            ownership.confirm(service.operation(), "fraud", Known("", NOON))
        words = {NotFound: "'fraud' was not found", Throttling: "Slow down.", ServiceInternalError: "one: Not for you."}
        assert words[error] in str(caught.value)
    assert service.pauses == pauses
    assert service.calls == ["fraud"] * len(pauses)


@pytest.mark.parametrize(
    ("properties", "known", "outcome", "expected"),
    [
        ({}, None, Outcome.MADE, None),
        ({"JobDefinitionArn": arn("fraud")}, None, Outcome.REFUSED, None),
        ({"JobDefinitionArn": arn("fraud")}, None, Outcome.IN_DOUBT, Known(arn("fraud"), began=7.0)),
        (
            {"JobDefinitionArn": arn("fraud"), "CreationTime": "2026-11-24T12:00:00+00:00"},
            None,
            Outcome.IN_DOUBT,
            Known(arn("fraud"), NOON, began=7.0),
        ),
        ({"JobDefinitionArn": arn("fraud")}, Known("k", attempt=3), Outcome.IN_DOUBT, Known("k", attempt=3)),
        ({}, None, Outcome.TAKEN, Known(arn("fraud"), NOON, began=7.0)),
        ({"JobDefinitionArn": arn("FRAUD")}, None, Outcome.TAKEN, Known(arn("FRAUD"), NOON, began=7.0)),
        (
            {"JobDefinitionArn": arn("fraud"), "CreationTime": "2026-11-24T11:00:00+00:00"},
            None,
            Outcome.TAKEN,
            Known(arn("fraud"), NOON - timedelta(hours=1), began=7.0),
        ),
    ],
)
def test_what_is_known_after_a_delete(
    properties: Json, known: Known | None, outcome: Outcome, expected: Known | None
) -> None:
    """The next invocation knows ARN, creation time and begin; nothing where there is no next one or no ARN."""
    end = Ended(outcome, failure=None if outcome is Outcome.MADE else CONFLICT)
    service = SageMaker(described(), ended=end, now=7.0)
    assert ownership.delete(service.operation(known=known, **properties), "fraud") == (expected, end)
    assert service.deletions == ("fraud", True, known is not None)
    assert bool(service.calls) == (outcome is Outcome.TAKEN and "CreationTime" not in properties)


def test_what_is_in_use_and_can_not_be_described() -> None:
    """What the model gives is all that is known then."""
    end = Ended(Outcome.TAKEN, failure=CONFLICT)
    operation = SageMaker(DENIED, ended=end, now=7.0).operation(JobDefinitionArn=arn("fraud"))
    assert ownership.delete(operation, "fraud") == (Known(arn("fraud"), began=7.0), end)


TAGGED = [{"Key": "a", "Value": "1"}]


@pytest.mark.parametrize(
    ("found", "tags", "is_ours", "looks"),
    [
        # created since the attempt began, ten seconds before Describe's answer, or at most two seconds earlier
        (described(made=-5), TAGGED, True, 1),
        (described(made=-12), TAGGED, True, 1),
        (described(made=-12.1), TAGGED, False, 1),
        (described(made=None), TAGGED, False, 1),
        (described(dated=False), TAGGED, False, 1),
        # equal in everything
        (described(made=-5, RoleArn=OTHER_ROLE), TAGGED, False, 1),
        (described(made=-5), [*TAGGED, {"Key": "aws:x", "Value": "1"}], True, 1),
        # tags may lag, and what can't be read may be readable later
        (described(made=-5), [], False, 6),
        (described(made=-5), [{"Key": "a", "Value": "2"}], False, 6),
        (described(made=-5), [*TAGGED, {"Key": "b", "Value": "1"}], False, 6),
        (described(made=-5), DENIED, False, 6),
        (DENIED, TAGGED, False, 6),
    ],
)
def test_a_definition_with_a_user_provided_name_is_adopted_or_not(
    found: Any,  # noqa: ANN401 - a description or a failure
    tags: Any,  # noqa: ANN401 - tags or a failure
    is_ours: bool,  # noqa: FBT001 - a parameter
    looks: int,
) -> None:
    """Only what this invocation's attempt may have made is adopted; it looks up to six times while that may change."""
    service = SageMaker(found, tags=tags, ended=Ended(Outcome.IN_DOUBT, failure=LOST, in_doubt_since=-10.0))
    service.describe = lambda name: _at(service, name, found)  # type: ignore[method-assign]  # its times stay the same
    if is_ours:
        known, failure = ownership.create(service.operation(), {"a": "1"})
        assert failure is None
        assert known == Known(arn("fraud"), found["CreationTime"])
    else:
        with pytest.raises(HandlerError):
            ownership.create(service.operation(), {"a": "1"})
    assert service.pauses == [1, 2, 4, 8, 15][: looks - 1]
    assert service.calls == ["fraud"] * (1 + looks)


def _at(service: SageMaker, name: str, found: Json | Failure) -> Json:
    service.calls.append(name)
    if isinstance(found, Failure):
        raise found.error()
    passed = timedelta(seconds=service.now)
    date = (NOON + passed).strftime("%a, %d %b %Y %H:%M:%S GMT")
    is_dated = found["ResponseMetadata"]["HTTPHeaders"]
    return found | {"ResponseMetadata": {"HTTPHeaders": {"date": date} if is_dated else {}}}


@pytest.mark.parametrize(("seconds", "pauses"), [(5, []), (6, [1]), (7.5, [1, 1.5]), (12, [1, 2, 4])])
def test_a_look_needs_five_seconds(seconds: float, pauses: list[float]) -> None:
    """A pause leaves 5 s of the invocation for the look after it."""
    service = SageMaker(MISSING, ended=Ended(Outcome.IN_DOUBT, failure=LOST, in_doubt_since=0.0))
    with deadline.within(seconds, lambda: service.now), pytest.raises(HandlerError):
        ownership.create(service.operation(), {})
    assert service.pauses == pauses


def test_a_refused_create_is_not_looked_at() -> None:
    """With a user-provided name too, nothing was made: the failure is Create's own."""
    service = SageMaker(described(), ended=Ended(Outcome.REFUSED, failure=DENIED))
    with pytest.raises(HandlerError, match="Not for you"):
        ownership.create(service.operation(), {})
    assert service.calls == ["fraud"]


EXISTS = f"{TYPE} already exists."
CREATED = "It was created at 2026-11-24T12:00:00+00:00"
EQUAL = (
    "If you tried this operation at that time, an earlier attempt created it and its answer was lost: delete the "
    "definition and try again, or import it into the stack. Otherwise it belongs to somebody else: choose another "
    "JobDefinitionName. It is in use (SageMaker Create)."
)
REPLACES = (
    "It may be the one that this update replaces: CloudFormation creates the new definition before it deletes the old "
    "one, so change JobDefinitionName in the same update, or leave it out and have one generated."
)


@pytest.mark.parametrize(
    ("found", "tags", "stack", "message"),
    [
        (described(made=0.007), [], STACK_ID, f"{EXISTS} {CREATED} and equals the request. {EQUAL}"),
        (described(), DENIED, None, f"{EXISTS} {CREATED} and equals the request, but its tags can't be read. {EQUAL}"),
        (
            described(made=None, RoleArn=OTHER_ROLE),
            [],
            STACK_ID,
            f"{EXISTS} {REPLACES} It was created at an unknown time and differs from the request in RoleArn. If it "
            "isn't this stack's, choose another JobDefinitionName, or delete the definition if nobody needs it. "
            "It is in use (SageMaker Create).",
        ),
        (
            described(RoleArn=OTHER_ROLE),
            TAGGED,
            None,
            f"{EXISTS} {CREATED} and differs from the request in RoleArn, Tags, so this request didn't create it. "
            "Choose another JobDefinitionName, or delete the definition first if nobody needs it. "
            "It is in use (SageMaker Create).",
        ),
        (
            DENIED,
            [],
            STACK_ID,
            f"{EXISTS} It can't be read: Not for you. It may be the one that this update replaces: then change "
            "JobDefinitionName in the same update, or leave it out and have one generated. Otherwise find out whose it "
            "is. It is in use (SageMaker Create).",
        ),
        (
            DENIED,
            [],
            None,
            f"{EXISTS} It can't be read: Not for you. Find out whose it is, or choose another JobDefinitionName. "
            "It is in use (SageMaker Create).",
        ),
    ],
)
def test_what_is_said_of_a_name_that_is_taken(found: Any, tags: Any, stack: str | None, message: str) -> None:  # noqa: ANN401 - see above
    """The message says what is known of the definition and what to do, and then quotes SageMaker."""
    service = SageMaker(found, tags=tags, ended=Ended(Outcome.TAKEN, failure=CONFLICT))
    with pytest.raises(AlreadyExists) as caught:
        ownership.create(service.operation(stack=stack), {})
    assert str(caught.value) == message
    assert service.pauses == []


@pytest.mark.parametrize(
    ("found", "ending"),
    [(MISSING, "none is visible."), (DENIED, "Not for you.")],
)
def test_what_is_said_when_nobody_knows(found: Failure, ending: str) -> None:
    """After a lost answer, the failure is Create's, and says what the last look showed."""
    service = SageMaker(found, ended=Ended(Outcome.IN_DOUBT, failure=LOST, in_doubt_since=0.0))
    with pytest.raises(HandlerError) as caught:
        ownership.create(service.operation(), {})
    assert str(caught.value) == f"The answer was lost. It is unknown whether the definition was created: {ending}"
    assert caught.value.to_progress_event().errorCode is Code.NetworkFailure


def test_what_is_said_of_tags_that_may_lag() -> None:
    """A definition that differs in missing tags alone may be equal."""
    service = SageMaker(described(), ended=Ended(Outcome.TAKEN, failure=CONFLICT))
    with pytest.raises(AlreadyExists) as caught:
        ownership.create(service.operation(), {"a": "1"})
    doubt = ", but SageMaker doesn't report all of its tags"
    assert str(caught.value) == f"{EXISTS} {CREATED} and equals the request{doubt}. {EQUAL}"


GENERATED = arn("fraud-monitors-definition-5606c5611a2b")


@pytest.mark.parametrize(
    ("outcome", "failure", "known", "expected"),
    [
        (Outcome.MADE, None, None, Known(arn("x"), outcome=Outcome.MADE)),
        (Outcome.MADE, None, Known("k", NOON, Outcome.IN_DOUBT, attempt=2), Known(arn("x"), NOON, attempt=2)),
        (Outcome.REFUSED, DENIED, None, DENIED),
        (Outcome.REFUSED, DENIED, Known("k", attempt=2), Known("k", outcome=Outcome.IN_DOUBT, attempt=2)),
        (Outcome.TAKEN, CONFLICT, None, Known(GENERATED, outcome=Outcome.TAKEN)),
        (Outcome.TAKEN, CONFLICT, Known("k", attempt=2), Known("k", outcome=Outcome.TAKEN, attempt=2)),
        (Outcome.IN_DOUBT, LOST, None, Known(GENERATED, outcome=Outcome.IN_DOUBT)),
    ],
)
def test_how_a_create_with_a_generated_name_goes_on(
    outcome: Outcome, failure: Failure | None, known: Known | None, expected: Known | Failure
) -> None:
    """A generated name's ARN is known beforehand; a first refusal leaves nothing to clean up."""
    service = SageMaker(described(), ended=Ended(outcome, arn("x") if outcome is Outcome.MADE else "", failure))
    operation = service.operation(known=known, JobDefinitionName=None if known is None else "given")
    if isinstance(expected, Failure):
        with pytest.raises(HandlerError, match=expected.words):
            ownership.create(operation, {})
    else:
        assert ownership.create(operation, {}) == (expected, failure)
    assert service.calls == [GENERATED.rpartition("/")[2] if known is None else "given"]


def test_a_refused_role_leaves_no_arn() -> None:
    """Without a role's ARN nothing is known beforehand, so the failure is Create's own."""
    service = SageMaker(described(), ended=Ended(Outcome.IN_DOUBT, failure=LOST))
    with pytest.raises(HandlerError, match="The answer was lost"):
        ownership.create(service.operation(JobDefinitionName=None, RoleArn="no role"), {})


FOREIGN = (
    f"{EXISTS} This request generates the name, and the definition that has it differs from the request in RoleArn, so "
    "somebody else created it. Delete it if nobody needs it, and try again."
)
GONE = f"Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier '{arn('fraud')}' was not found."


@pytest.mark.parametrize(
    ("known", "found", "tags", "problem", "is_others"),
    [
        (Known(arn("fraud"), NOON), described(), TAGGED, None, False),
        (Known(arn("FRAUD")), described(), [*TAGGED, {"Key": "b", "Value": "1"}], None, False),
        (Known(arn("fraud")), described(RoleArn=OTHER_ROLE), TAGGED, None, False),
        (Known(arn("fraud"), outcome=Outcome.TAKEN), described(), TAGGED, None, False),
        (Known(arn("fraud"), outcome=Outcome.TAKEN), described(RoleArn=OTHER_ROLE), TAGGED, FOREIGN, True),
        (Known(arn("fraud"), outcome=Outcome.IN_DOUBT), described(RoleArn=OTHER_ROLE), TAGGED, FOREIGN, True),
        (Known(arn("fraud"), NOON), described(made=1), TAGGED, GONE, True),
        (Known(arn("fraud")), described(), [], "SageMaker did not report the tags within 60 seconds.", False),
        (Known(arn("fraud")), described(), DENIED, "Not for you.", False),
    ],
)
def test_a_look_after_a_create(
    known: Known,
    found: Json,
    tags: Any,  # noqa: ANN401 - tags or a failure
    problem: str | None,
    is_others: bool,  # noqa: FBT001 - a parameter
) -> None:
    """It shows the definition with all its tags, that it is another's, or what is missing and when it was made."""
    service = SageMaker(found, tags=tags)
    look = ownership.look(service.operation(), known, {"a": "1"})
    assert (look.problem.words if look.problem else None, look.is_others) == (problem, is_others)
    assert (look.model is not None) == (problem is None)
    assert look.created == (NOON if problem and not is_others else None)
    assert service.calls == ["fraud"]


def test_a_look_names_all_that_differs() -> None:
    """The message lists the properties in which somebody else's definition differs."""
    resources: Json = {"ClusterConfig": {"InstanceCount": 9, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 9}}
    service = SageMaker(described(RoleArn=OTHER_ROLE, JobResources=resources))
    known = Known(arn("fraud"), outcome=Outcome.TAKEN)
    problem = ownership.look(service.operation(), known, {}).problem
    assert problem is not None
    assert problem.words == FOREIGN.replace("in RoleArn,", "in JobResources, RoleArn,")


def test_a_look_finds_a_definition_by_its_known_arn() -> None:
    """Without a name in the model, the name is the ARN's; another ARN is NotFound."""
    service = SageMaker(described(), tags=TAGGED)
    look = ownership.look(service.operation(JobDefinitionName=None), Known(arn("fraud")), {})
    assert look.model is not None
    assert (service.calls, look.model.JobDefinitionArn) == (["fraud"], arn("fraud"))
    with pytest.raises(NotFound):
        ownership.look(service.operation(), Known(arn("churn")), {})


@pytest.mark.parametrize(
    ("known", "tags", "problem", "is_others"),
    [
        (Known(arn("fraud"), NOON), [{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "1"}], None, False),
        (Known(arn("fraud"), NOON - timedelta(seconds=1)), [], GONE, True),
        (Known(arn("fraud")), TAGGED, "SageMaker did not report the changed tags within 60 seconds.", False),
        (
            Known(arn("fraud")),
            [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}],
            "SageMaker did not report the changed tags within 60 seconds.",
            False,
        ),
    ],
)
@pytest.mark.parametrize("is_described", [True, False])
def test_a_look_after_an_update(
    known: Known,
    tags: Any,  # noqa: ANN401 - tags
    problem: str | None,
    is_others: bool,  # noqa: FBT001 - a parameter
    is_described: bool,  # noqa: FBT001 - a parameter
) -> None:
    """It shows whether tags were changed and removed; a description of this invocation isn't read again."""
    service = SageMaker(described(), tags=tags)
    description: Any = described() if is_described else None
    look = ownership.look(service.operation(), known, {"a": "2"}, {"a": "1", "b": "1"}, description)
    assert (look.problem.words if look.problem else None, look.is_others) == (problem, is_others)
    assert (look.model is not None) == (problem is None)
    assert service.calls == ([] if is_described else ["fraud"])


def test_the_log_of_a_create(caplog: pytest.LogCaptureFixture) -> None:
    """It names the definition, made printable, and the resource in the template."""
    caplog.set_level("INFO")
    ended = Ended(Outcome.REFUSED, failure=DENIED)
    with pytest.raises(HandlerError):
        ownership.create(SageMaker(described(), ended=ended).operation(JobDefinitionName="fraud\x1b"), {})
    assert caplog.messages == ["Creating fraud\\x1b for Definition"]
