"""A simulated CloudFormation, and the service, network and clock that the handlers work with.

CloudFormation sends the desired state. While the answer is IN_PROGRESS, it waits for the delay in the answer and calls
again, with the answer's model and callback context. Every answer is checked against the contract here, so that no test
can forget to.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aws_sagemaker_modelqualityjobdefinition.handlers import resource_type
from tests.faults.clock import Clock, stop_time
from tests.faults.fault import Fault
from tests.faults.network import Call, Network, replace_network
from tests.faults.service import SageMaker, sagemaker
from tools.envelopes import Json, event

LIMITS = {"CREATE": 60, "READ": 30, "UPDATE": 60, "DELETE": 60, "LIST": 30}
"""Seconds that an invocation may take (the contract)."""

RETRIES = (5, 20)
"""Seconds before CloudFormation's first and second retry of a request (it does not document how long it waits)."""

RETRIABLE = ("NetworkFailure", "ResourceConflict", "ServiceInternalError", "Throttling")
"""Codes after which CloudFormation retries the request."""

CODES = (
    *RETRIABLE,
    "AccessDenied",
    "AlreadyExists",
    "GeneralServiceException",
    "InvalidCredentials",
    "InvalidRequest",
    "NotFound",
    "NotStabilized",
    "NotUpdatable",
    "ServiceLimitExceeded",
)
"""Codes that a failure may have. InternalFailure is not one of them, because it means a defect of this type."""

MEMBERS = {
    "status",
    "message",
    "errorCode",
    "callbackContext",
    "callbackDelaySeconds",
    "resourceModel",
    "resourceModels",
    "nextToken",
}
"""The members that a progress event may have."""


@dataclass
class Invocation:
    """One call of the function."""

    action: str
    answer: Json
    seconds: float
    calls: list[Call] = field(repr=False)


@dataclass
class Outcome:
    """The invocations of one CloudFormation request, callbacks and retries included."""

    invocations: list[Invocation]

    @property
    def answer(self) -> Json:
        """The last answer."""
        return self.invocations[-1].answer

    @property
    def status(self) -> str:
        """SUCCESS or FAILED."""
        return str(self.answer["status"])

    @property
    def code(self) -> str | None:
        """The error code of the last answer; None if it has none."""
        return self.answer.get("errorCode")

    @property
    def message(self) -> str:
        """The message of the last answer, which the user reads."""
        return str(self.answer.get("message", ""))

    @property
    def model(self) -> Json | None:
        """The model that the last answer carries."""
        return self.answer.get("resourceModel")

    def __str__(self) -> str:
        steps = (f"{step.action} {step.answer} after {step.seconds:.2f} s" for step in self.invocations)
        return "\n".join(steps)


class World:
    """The service, the network and the clock around the function."""

    def __init__(self, clock: Clock, service: SageMaker, network: Network) -> None:
        self.clock = clock
        self.function = resource_type(clock.limits)
        self.sagemaker = service
        self.network = network
        self.is_shared = False
        """Whether several containers run at once: each one's time then includes the others'."""

    def plan(self, *faults: Fault) -> None:
        """Set the faults to come, and count calls from one again."""
        self.network.forget()
        self.network.faults.extend(faults)

    def invoke(self, action: str, *arguments: Any, **named: Any) -> Invocation:  # noqa: ANN401 - those of event()
        """Call the function once, and check its answer against the contract."""
        before, start = self.clock.now, len(self.network.calls)
        answer: Json = self.function(event(action, *arguments, **named), None)
        invocation = Invocation(action, answer, self.clock.now - before, self.network.calls[start:])
        check_contract(invocation, in_time=not self.is_shared)
        return invocation

    def request(
        self,
        action: str,
        desired: Mapping[str, Any] | None,
        *arguments: Any,  # noqa: ANN401 - those of event()
        **named: Any,  # noqa: ANN401
    ) -> Outcome:
        """Send one request as CloudFormation does, callbacks included."""
        invocations = [self.invoke(action, desired, *arguments, **named)]
        while invocations[-1].answer["status"] == "IN_PROGRESS":
            answer = invocations[-1].answer
            assert len(invocations) < 100, f"{action} never ends: {answer}"
            self.clock.sleep(answer["callbackDelaySeconds"])
            named["context"] = answer.get("callbackContext")
            invocations.append(self.invoke(action, answer["resourceModel"], *arguments, **named))
        return Outcome(invocations)

    def operate(self, action: str, desired: Mapping[str, Any] | None, *arguments: Any, **named: Any) -> Outcome:  # noqa: ANN401 - those of event()
        """Send a request, and retry it after a retriable failure, with the same token and no callback context."""
        outcome = self.request(action, desired, *arguments, **named)
        for pause in RETRIES:
            if outcome.status == "FAILED" and outcome.code in RETRIABLE:
                self.clock.sleep(pause)
                retry = self.request(action, desired, *arguments, **named)
                outcome = Outcome([*outcome.invocations, *retry.invocations])
        return outcome


def check_contract(invocation: Invocation, *, in_time: bool = True) -> None:
    """Check that an answer keeps CloudFormation's contract and this type's promises."""
    answer, action, status = invocation.answer, invocation.action, invocation.answer.get("status")
    description = f"{invocation.action} was answered {answer} after {invocation.seconds:.2f} s"
    assert set(answer) <= MEMBERS, description
    assert invocation.seconds <= LIMITS[action] or not in_time, f"too late: {description}"
    model = answer.get("resourceModel")
    if status == "FAILED":
        assert answer.get("errorCode") in CODES, description
        assert str(answer.get("message", "")).strip(), f"no message: {description}"
        assert answer.get("callbackContext") is None, description
        assert answer.get("callbackDelaySeconds", 0) == 0, description
        assert model is None or model.get("JobDefinitionArn"), f"a model without an ARN: {description}"
    elif status == "IN_PROGRESS":
        assert action not in {"READ", "LIST"}, description
        assert "errorCode" not in answer, description
        assert isinstance(answer.get("callbackContext"), dict), description
        assert 0 <= answer["callbackDelaySeconds"] <= 60, description
        assert model, description
        assert model.get("JobDefinitionArn") or action == "DELETE", description
    else:
        assert status == "SUCCESS", description
        assert "errorCode" not in answer, description
        assert answer.get("callbackContext") is None, description
        assert answer.get("callbackDelaySeconds", 0) == 0, description
        assert (answer.get("resourceModels") is not None) == (action == "LIST"), description
        assert (model is not None) == (action in {"CREATE", "READ", "UPDATE"}), description
        if model is not None:
            assert model["JobDefinitionArn"], description
            assert "EndpointName" not in model, description
            assert None not in model.values(), description


@contextmanager
def open_world() -> Iterator[World]:
    """Open a world in which time is stopped, the account is empty and the network works."""
    with stop_time() as clock, sagemaker(clock) as service, replace_network(Network(clock, service)) as network:
        yield World(clock, service, network)
