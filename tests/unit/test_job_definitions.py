"""The calls to SageMaker: every request exactly, how each operation ends, and which answers can't be read."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import HandlerErrorCode as Code

from aws_sagemaker_modelqualityjobdefinition.job_definitions import Ended, JobDefinitions
from aws_sagemaker_modelqualityjobdefinition.progress import Outcome
from aws_sagemaker_modelqualityjobdefinition.runtime import deadline
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Time
from tools.envelopes import Json, arn

LOST = ConnectionClosedError(endpoint_url="x")
FOUND: Json = {"JobDefinitionArn": arn("fraud"), "JobDefinitionName": "fraud"}
EMPTY: Json = {"ResponseMetadata": {"HTTPHeaders": {}}}
PAGE = {"ResponseMetadata": {"HTTPHeaders": {"content-type": "text/html"}}}


def tagged(key: str) -> Json:
    """Return an answer of ListTags with one tag."""
    return {"Tags": [{"Key": key, "Value": "1"}]}


TAGS = tagged("a")


def refused(code: str) -> ClientError:
    """Return the error of an answer of AWS."""
    metadata = {"RequestId": "request-1", "HTTPStatusCode": 400}
    return ClientError({"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": metadata}, "Op")  # type: ignore[typeddict-item]  # partial, as AWS's answers are


def _operation(name: str) -> Callable[..., Json]:
    def call(self: "SageMaker", **request: Any) -> Json:  # noqa: ANN401 - an operation's members
        return self.answer(name, request)

    call.__name__ = name
    return call


class SageMaker:
    """A client that answers with these, one after the other, and a clock that its calls and pauses move."""

    def __init__(self, *answers: Json | Exception) -> None:
        self.answers = [*answers]
        self.calls: list[tuple[str, Json]] = []
        self.pauses: list[float] = []
        self.now = 0.0

    def answer(self, name: str, request: Json) -> Json:
        """Note a call, and answer it."""
        self.calls.append((name, request))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds

    create_model_quality_job_definition = _operation("create_model_quality_job_definition")
    describe_model_quality_job_definition = _operation("describe_model_quality_job_definition")
    delete_model_quality_job_definition = _operation("delete_model_quality_job_definition")
    list_model_quality_job_definitions = _operation("list_model_quality_job_definitions")
    list_tags = _operation("list_tags")
    add_tags = _operation("add_tags")
    delete_tags = _operation("delete_tags")

    @property
    def definitions(self) -> JobDefinitions:
        """The job definitions behind this client."""
        time = Time(monotonic=lambda: self.now, pause=self.pause, jitter=lambda: 1.0)
        client: Any = self
        return JobDefinitions(client, DEFAULTS._replace(time=time), lambda text: text.replace("because", "hidden"))

    @property
    def names(self) -> list[str]:
        """The names of the calls, in order."""
        return [name.partition("_")[0] if "tags" not in name else name for name, _ in self.calls]


def ended(outcome: Outcome, code: Code | None = None, **more: Any) -> Any:  # noqa: ANN401 - members of Ended
    """Return the parts of an end that are compared."""
    return outcome, code, more.get("arn", ""), more.get("since")


def parts(end: Ended) -> Any:  # noqa: ANN401 - see above
    """Return the same parts of an actual end."""
    return end.outcome, end.failure.code if end.failure else None, end.arn, end.in_doubt_since


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([FOUND], ended(Outcome.MADE, arn=arn("fraud"))),
        ([{"JobDefinitionArn": arn("fraud").upper()}], ended(Outcome.MADE, arn=arn("fraud").upper())),
        ([refused("AccessDeniedException")], ended(Outcome.REFUSED, Code.AccessDenied)),
        ([refused("ResourceInUse")], ended(Outcome.TAKEN, Code.ResourceConflict)),
        ([refused("ResourceInUseException")], ended(Outcome.TAKEN, Code.ResourceConflict)),
        ([refused("ResourceAlreadyExists")], ended(Outcome.TAKEN, Code.AlreadyExists)),
        ([refused("ResourceAlreadyExistsException")], ended(Outcome.TAKEN, Code.AlreadyExists)),
        ([refused("ConflictException")], ended(Outcome.REFUSED, Code.ResourceConflict)),
        ([LOST, refused("ResourceInUse")], ended(Outcome.TAKEN, Code.ResourceConflict, since=0.0)),
        ([LOST, refused("ValidationException")], ended(Outcome.IN_DOUBT, Code.InvalidRequest, since=0.0)),
        ([{}] * 4, ended(Outcome.IN_DOUBT, Code.ServiceInternalError, since=0.0)),
        ([{"JobDefinitionArn": ""}] * 4, ended(Outcome.IN_DOUBT, Code.ServiceInternalError, since=0.0)),
        ([{"JobDefinitionArn": ["arn:"]}] * 4, ended(Outcome.IN_DOUBT, Code.ServiceInternalError, since=0.0)),
        ([{"JobDefinitionArn": "an arn:"}] * 4, ended(Outcome.IN_DOUBT, Code.ServiceInternalError, since=0.0)),
    ],
)
def test_how_a_create_ends(answers: list[Any], expected: Any) -> None:  # noqa: ANN401 - see above
    """Made, taken, refused or in doubt; in doubt since the first attempt that may have taken effect."""
    service = SageMaker(*answers)
    request: Any = {"JobDefinitionName": "fraud", "RoleArn": "r"}
    end = service.definitions.create(request)
    assert parts(end) == expected
    assert service.calls == [("create_model_quality_job_definition", request)] * len(answers)
    if end.failure and end.failure.aws_code:
        assert "hidden (SageMaker Op: " in end.failure.words


@pytest.mark.parametrize("answer", [{}, {"JobDefinitionArn": arn("fraud")}, {"JobDefinitionName": "fraud"}])
def test_a_description_has_a_name_and_an_arn(answer: Json) -> None:
    """Without one of them it can't be read."""
    service = SageMaker(*[answer] * 4, FOUND)
    with pytest.raises(exceptions.ServiceInternalError, match="DescribeModelQualityJobDefinition can't be read"):
        service.definitions.describe("fraud")
    found: Json = dict(service.definitions.describe("fraud"))
    assert found == FOUND
    assert service.calls == [("describe_model_quality_job_definition", {"JobDefinitionName": "fraud"})] * 5


def test_what_is_not_found_is_named() -> None:
    """NotFound has the name that was asked for."""
    with pytest.raises(exceptions.NotFound, match="with identifier 'fraud' was not found"):
        SageMaker(refused("ResourceNotFound")).definitions.describe("fraud")


GONE = exceptions.NotFound("type", "gone")
UNCLEAR = exceptions.ServiceInternalError("unclear")


@pytest.mark.parametrize(
    ("has_begun", "answers", "confirms", "expected"),
    [
        (False, [EMPTY], [], ended(Outcome.MADE)),
        (False, [refused("ResourceNotFound")], [], ended(Outcome.REFUSED, Code.NotFound)),
        (False, [refused("AccessDeniedException")], [], ended(Outcome.REFUSED, Code.AccessDenied)),
        (False, [refused("ResourceInUse")], [], ended(Outcome.TAKEN, Code.ResourceConflict)),
        (False, [LOST, EMPTY], [None], ended(Outcome.MADE)),
        (False, [LOST, refused("ResourceNotFound")], [None], ended(Outcome.MADE)),
        (False, [LOST], [GONE], ended(Outcome.MADE)),
        (False, [LOST], [UNCLEAR], ended(Outcome.IN_DOUBT, Code.ServiceInternalError)),
        (False, [LOST, refused("AccessDeniedException")], [None], ended(Outcome.IN_DOUBT, Code.AccessDenied)),
        (False, [LOST, refused("ResourceInUse")], [None], ended(Outcome.TAKEN, Code.ResourceConflict)),
        (False, [PAGE] * 4, [None] * 3, ended(Outcome.IN_DOUBT, Code.ServiceInternalError)),
        (True, [], [GONE], ended(Outcome.MADE)),
        (True, [], [UNCLEAR], ended(Outcome.IN_DOUBT, Code.ServiceInternalError)),
        (True, [EMPTY], [None], ended(Outcome.MADE)),
        (True, [refused("ResourceNotFound")], [None], ended(Outcome.MADE)),
        (True, [refused("AccessDeniedException")], [None], ended(Outcome.REFUSED, Code.AccessDenied)),
        (True, [refused("ResourceInUse")], [None], ended(Outcome.TAKEN, Code.ResourceConflict)),
    ],
)
def test_how_a_delete_ends(
    has_begun: bool,  # noqa: FBT001 - a parameter
    answers: list[Any],
    confirms: list[Exception | None],
    expected: Any,  # noqa: ANN401 - see above
) -> None:
    """It is confirmed before every request but the first; what is gone after a request is deleted."""
    service = SageMaker(*answers)

    def confirm() -> None:
        service.calls.append(("confirm", {}))
        problem = confirms.pop(0)
        if problem:
            raise problem

    assert parts(service.definitions.delete("fraud", confirm, has_begun=has_begun)) == expected
    assert confirms == service.answers == []
    order = ["confirm", "delete"] * 9 if has_begun else ["delete", "confirm"] * 9
    assert service.names == order[: len(service.names)]
    assert all(request == {"JobDefinitionName": "fraud"} for name, request in service.calls if name != "confirm")


@pytest.mark.parametrize(
    ("token", "endpoint", "request_body"),
    [
        (None, None, {"MaxResults": 100}),
        ("", "", {"MaxResults": 100}),
        ("t", None, {"MaxResults": 100, "NextToken": "t"}),
        (None, "e", {"MaxResults": 100, "EndpointName": "e"}),
    ],
)
@pytest.mark.parametrize(("more", "following"), [({}, None), ({"NextToken": ""}, None), ({"NextToken": "n"}, "n")])
def test_a_page_of_a_list(
    token: str | None, endpoint: str | None, request_body: Json, more: Json, following: str | None
) -> None:
    """A page has 100 definitions, and the token of the next one, if there is one."""
    summary = {"MonitoringJobDefinitionArn": arn("fraud"), "MonitoringJobDefinitionName": "fraud"}
    summaries = [summary | {"CreationTime": "now", "EndpointName": "e"}]
    service = SageMaker({"JobDefinitionSummaries": summaries} | more)
    assert service.definitions.page(token, endpoint) == ([(arn("fraud"), "fraud")], following)
    assert service.calls == [("list_model_quality_job_definitions", request_body)]


def test_a_list_that_is_not_found_names_all() -> None:
    """SageMaker documents no such answer. If it gave one, the identifier would be a star."""
    with pytest.raises(exceptions.NotFound, match=r"with identifier '\*' was not found"):
        SageMaker(refused("ResourceNotFound")).definitions.page(None, None)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"JobDefinitionSummaries": [{"MonitoringJobDefinitionArn": arn("fraud")}]},
        {"JobDefinitionSummaries": [{"MonitoringJobDefinitionName": "fraud"}]},
        {"JobDefinitionSummaries": [], "NextToken": 7},
    ],
)
def test_a_page_that_can_not_be_read(answer: Json) -> None:
    """Each definition has a name and an ARN, and a token is text."""
    with pytest.raises(exceptions.ServiceInternalError, match="ListModelQualityJobDefinitions can't be read"):
        SageMaker(*[answer] * 4).definitions.page(None, None)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Tags": [{"Key": "a"}]},
        {"Tags": [{"Key": 1, "Value": "1"}]},
        {"Tags": [{"Key": "a", "Value": 1}]},
        {"Tags": [], "NextToken": 7},
    ],
)
def test_tags_that_can_not_be_read(answer: Json) -> None:
    """Each tag has a key and a value, both of them text."""
    with pytest.raises(exceptions.ServiceInternalError, match="ListTags can't be read"):
        SageMaker(*[answer] * 4).definitions.tags("fraud", arn("fraud"))


def test_all_pages_of_tags_are_read() -> None:
    """Up to 20 pages of 100 tags; then it is an error, because no definition has so many."""
    request = {"ResourceArn": arn("fraud"), "MaxResults": 100}
    service = SageMaker(tagged("a") | {"NextToken": "n"}, tagged("b") | {"NextToken": ""})
    assert service.definitions.tags("fraud", arn("fraud")) == {"a": "1", "b": "1"}
    assert service.calls == [("list_tags", request), ("list_tags", request | {"NextToken": "n"})]
    twenty = SageMaker(*[tagged(str(page)) | {"NextToken": "n"} for page in range(19)], tagged("19"))
    assert twenty.definitions.tags("fraud", arn("fraud")) == {str(page): "1" for page in range(20)}
    endless = SageMaker(*[TAGS | {"NextToken": "n"}] * 21)
    with pytest.raises(exceptions.ServiceInternalError) as caught:
        endless.definitions.tags("fraud", arn("fraud"))
    assert str(caught.value) == "SageMaker's list of the definition's tags has over 20 pages."
    assert len(endless.calls) == 20


UNKNOWN: Any = refused("ValidationException")


@pytest.mark.parametrize("old", [1, 2, 3])
def test_tags_of_a_definition_that_a_replica_does_not_know_yet(old: int) -> None:
    """While Describe finds the definition, ListTags is asked again after 1, 2 and 4 seconds."""
    service = SageMaker(*[UNKNOWN, FOUND] * old, TAGS)
    assert service.definitions.tags("fraud", arn("fraud")) == {"a": "1"}
    assert service.names == ["list_tags", "describe"] * old + ["list_tags"]
    assert service.pauses == [1, 2, 4][:old]
    assert service.calls[1] == ("describe_model_quality_job_definition", {"JobDefinitionName": "fraud"})


@pytest.mark.parametrize(("seconds", "asked"), [(60, 4), (12, 4), (11.9, 3), (8, 3), (7.9, 2), (6, 2), (5.9, 1)])
def test_tags_that_stay_unknown(seconds: float, asked: int) -> None:
    """It is given up after 7 s, or earlier if a pause would leave less than 5 s: CloudFormation tries again."""
    service = SageMaker(*[UNKNOWN, FOUND] * 4)
    limit = deadline.within(seconds, lambda: service.now)
    with limit, pytest.raises(exceptions.ServiceInternalError) as caught:
        service.definitions.tags("fraud", arn("fraud"))
    start = "SageMaker describes the definition, but doesn't list its tags: hidden (SageMaker Op: "
    assert str(caught.value) == f"{start}ValidationException, request id request-1)"
    assert service.names == ["list_tags", "describe"] * asked


def test_tags_of_a_definition_that_is_gone() -> None:
    """What Describe doesn't find either is NotFound."""
    with pytest.raises(exceptions.NotFound, match="'fraud'"):
        SageMaker(UNKNOWN, refused("ResourceNotFound")).definitions.tags("fraud", arn("fraud"))


SET = {"a": "1"}
ADD = ("add_tags", {"ResourceArn": arn("fraud"), "Tags": [{"Key": "a", "Value": "1"}]})
REMOVE = ("delete_tags", {"ResourceArn": arn("fraud"), "TagKeys": ["b"]})


@pytest.mark.parametrize(
    ("to_set", "to_remove", "answers", "calls", "outcome"),
    [
        (SET, ["b"], [EMPTY, EMPTY], [REMOVE, ADD], Outcome.MADE),
        (SET, [], [EMPTY], [ADD], Outcome.MADE),
        ({}, ["b"], [EMPTY], [REMOVE], Outcome.MADE),
        (SET, ["b"], [LOST, EMPTY, EMPTY], [REMOVE, REMOVE, ADD], Outcome.IN_DOUBT),
        (SET, ["b"], [EMPTY, PAGE, EMPTY], [REMOVE, ADD, ADD], Outcome.IN_DOUBT),
        (SET, ["b"], [refused("ThrottlingException"), EMPTY, EMPTY], [REMOVE, REMOVE, ADD], Outcome.MADE),
    ],
)
def test_a_change_of_tags(
    to_set: dict[str, str],
    to_remove: list[str],
    answers: list[Any],
    calls: list[Any],
    outcome: Outcome,
) -> None:
    """Keys are removed before tags are added. After a lost answer the request is confirmed, and a doubt is left."""
    service, confirmed = SageMaker(*answers), list[int]()
    change = service.definitions.change_tags
    assert change("fraud", arn("fraud"), to_set, to_remove, lambda: confirmed.append(1)) is outcome
    assert service.calls == calls
    assert len(confirmed) == (outcome is Outcome.IN_DOUBT)


def test_a_change_of_tags_that_is_invalid() -> None:
    """It stays InvalidRequest while the definition exists, and is NotFound if that is the reason."""
    service = SageMaker(UNKNOWN, TAGS)
    with pytest.raises(exceptions.InvalidRequest, match="hidden"):
        service.definitions.change_tags("fraud", arn("fraud"), SET, [], lambda: None)
    assert service.names == ["add_tags", "list_tags"]
    service = SageMaker(UNKNOWN, UNKNOWN, refused("ResourceNotFound"))
    with pytest.raises(exceptions.NotFound, match="'fraud'"):
        service.definitions.change_tags("fraud", arn("fraud"), SET, [], lambda: None)
