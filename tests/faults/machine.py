"""A stateful test: hypothesis chooses what stacks, other stacks and people do, in which order, and which calls fail.

The test records what CloudFormation believes, and takes it from the function's answers only. After every step,
SageMaker must hold exactly that and what others created.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.faults.fault import CUT, FAILED, NAMES, UNREADABLE, Fault
from tests.faults.oracle import CREATE, DELETE, DESCRIBE, EMPTY, MEMBERLESS, Name, check_codes
from tests.faults.service import Definition
from tests.faults.world import Outcome, World, open_world
from tools.envelopes import ACCOUNT, Json, minimal

ASTRAY = ("twice", "late", "swapped")
OTHER = minimal() | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
USER_NAMES = ("Churn", "Fraud", "Returns")
Tags = dict[str, str]


@dataclass(frozen=True)
class Trouble:
    """The faults, lags and latency of one operation's calls.

    Args:
        faults: A fault's name and whether it hits after the call takes effect, by the number of the call, counted from
            0 over all API operations.
        describe_lag: How many answers of Describe don't show a new definition.
        tag_lag: How many answers of ListTags are out of date.
        latency: How many seconds an answer takes.
        replicas: How many answers of Describe and of ListTags come from a replica that is older than the last write.
    """

    faults: Mapping[int, tuple[str, bool]] = field(default_factory=dict)
    describe_lag: int = 0
    tag_lag: int = 0
    latency: float = 0.02
    replicas: tuple[int, int] = (0, 0)


Faults = dict[int, tuple[str, bool]]


def _running(fault: tuple[str, bool], first: int, count: int) -> Faults:
    return dict.fromkeys(range(first, first + count), fault)


_fault = st.tuples(st.sampled_from(NAMES), st.booleans())
_lasting = st.builds(_running, _fault, st.integers(0, 5), st.sampled_from((4, 8, 100)))
"""One fault for so many calls running that a handler gives up."""


def _trouble(faults: st.SearchStrategy[Faults]) -> st.SearchStrategy[Trouble]:
    return st.builds(
        Trouble,
        faults,
        st.sampled_from((0, 0, 0, 1, 2, 3)),
        st.sampled_from((0, 0, 0, 1, 2, 3)),
        st.sampled_from((0.02, 0.02, 0.02, 1.0, 3.3)),
        st.tuples(st.sampled_from((0, 0, 1, 2)), st.sampled_from((0, 0, 1, 2))),
    )


troubles = st.one_of(
    st.just(Trouble()),
    *(_trouble(st.dictionaries(st.integers(0, calls), _fault, max_size=5)) for calls in (5, 12)),
    _trouble(_lasting),
)
tags = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(("1", "2")), max_size=3)
stack_tags = st.dictionaries(st.sampled_from("cdef"), st.sampled_from(("1", "2")), max_size=2)


@dataclass
class Resource:
    """A resource of a stack, as CloudFormation knows it."""

    logical_id: str
    token: str
    properties: Json
    stack_tags: Tags
    arn: str = ""
    created: str = ""
    outside_tags: Tags = field(default_factory=dict)
    is_gone: bool = False

    @property
    def tags(self) -> Tags:
        """The tags that the definition must have."""
        own = {tag["Key"]: tag["Value"] for tag in self.properties["Tags"]}
        return self.stack_tags | own | self.outside_tags


def _properties(name: str | None, own: Tags) -> Json:
    tag_list = [{"Key": key, "Value": value} for key, value in own.items()]
    return minimal() | {"Tags": tag_list} | ({"JobDefinitionName": name} if name else {})


class Stacks(RuleBasedStateMachine):
    """The events that can happen to stacks with job definitions in one account."""

    resources = Bundle("resources")

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.world: World = self._open.enter_context(open_world())
        self.believed: dict[str, Resource] = {}
        """The resources that CloudFormation believes exist, by ARN."""
        self.others: dict[str, Definition] = {}
        """The definitions of other stacks, and those whose owner nobody can know, by name in lower case."""
        self.used_names: set[str] = set()
        """The names that stacks use, including those of definitions that a person deleted. A new definition under such
        a name has the ARN that the stack knows, so nobody can tell the two apart. This test therefore creates none."""
        self.count = 0
        self.tally: dict[str, int] = {}

    def teardown(self) -> None:
        """Add the counts of this run to the tally and close the world."""
        TALLY.add(self.tally)
        self._open.close()

    @initialize(ahead=st.sampled_from((0, 0, -7200, -1.5, 1.5, 7200)))
    def clocks_differ(self, ahead: float) -> None:
        """SageMaker's clock and the function's show different times."""
        self.world.sagemaker.times.ahead = ahead

    @rule(
        target=resources, name=st.sampled_from((None, None, *USER_NAMES)), own=tags, stack=stack_tags, trouble=troubles
    )
    def create(self, name: str | None, own: Tags, stack: Tags, trouble: Trouble) -> Any:  # noqa: ANN401 - hypothesis'
        """A stack creates a resource, and rolls back if that fails."""
        self.count += 1
        resource = Resource(f"Definition{self.count}", f"token-{self.count}", _properties(name, own), stack)
        return self._create(resource, trouble)

    @rule(target=resources, name=st.sampled_from(USER_NAMES), own=tags, call=st.integers(0, 3), trouble=troubles)
    def create_in_a_race(self, name: str, own: Tags, call: int, trouble: Trouble) -> Any:  # noqa: ANN401 - hypothesis'
        """Another stack takes the name while a stack creates a resource."""
        self.count += 1
        resource = Resource(f"Definition{self.count}", f"token-{self.count}", _properties(name, own), {})

        def take_name(*_: object) -> None:
            if len(self.world.network.calls) == call and name.lower() not in self.world.sagemaker.definitions:
                self.world.sagemaker.create_foreign(minimal() | {"JobDefinitionName": name}, {"owner": "them"}, age=0)
                self.others[name.lower()] = self.world.sagemaker.definitions[name.lower()]

        return self._create(resource, trouble, take_name)

    def _create(self, resource: Resource, trouble: Trouble, before_call: Any = None) -> Any:  # noqa: ANN401 - hypothesis'
        name = str(resource.properties.get("JobDefinitionName", "")).lower()
        if name in self.used_names - {_name(arn) for arn in self.believed}:
            return multiple()
        was_taken = name in self.world.sagemaker.definitions
        created = sum(self.world.sagemaker.created.values())
        self._prepare(trouble, before_call)
        outcome = self._operate("CREATE", resource, resource.properties)
        created = sum(self.world.sagemaker.created.values()) - created
        is_taken = was_taken or name in self.others
        assert created <= 1, f"one token, {created} definitions:\n{outcome}"
        if outcome.status == "SUCCESS":
            assert created == 1, f"adopted a definition of another stack:\n{outcome}"
            assert outcome.model is not None
            resource.arn, resource.created = outcome.model["JobDefinitionArn"], outcome.model["CreationTime"]
            assert resource.arn not in self.believed, f"two stacks own it:\n{outcome}"
            self.believed[resource.arn] = resource
            self.used_names.add(_name(resource.arn))
            self._check_tags(outcome, resource)
            return resource
        model = self._last_model(outcome)
        if is_taken and created == 0:
            assert model is None, f"a failure names another stack's definition:\n{outcome}"
        if model is not None:
            self._roll_back(resource, model, trouble)
        orphans = set(self.world.sagemaker.definitions) - set(self.others) - {_name(arn) for arn in self.believed}
        if orphans:
            # Nobody can know the owner: the name is user-provided, and no read that could prove it was up to date.
            assert orphans == {name}, f"an orphan under a generated name: {orphans}\n{outcome}"
            assert _owner_is_unknown(outcome), f"an orphan whose owner could be proven:\n{outcome}"
            self.others[name] = self.world.sagemaker.definitions[name]
        return multiple()

    def _roll_back(self, resource: Resource, model: Json, trouble: Trouble) -> None:
        """Delete the definition that a failed creation named. If that fails too, the user tries once more."""
        self._prepare(Trouble(trouble.faults))
        outcome = self._operate("DELETE", resource, model)
        if outcome.status == "FAILED" and outcome.code != "NotFound":
            self._prepare(Trouble())
            outcome = self._operate("DELETE", resource, model)
        assert outcome.status == "SUCCESS" or outcome.code == "NotFound", outcome

    @rule(own=tags, trouble=troubles)
    def create_under_a_foreign_generated_name(self, own: Tags, trouble: Trouble) -> None:
        """Somebody else has made a definition by hand under the name that a CREATE generates."""
        self.count += 1
        resource = Resource(f"Definition{self.count}", f"token-{self.count}", _properties(None, own), {})
        self._prepare(Trouble())
        model = self._operate("CREATE", resource, resource.properties).model
        assert model is not None
        self._prepare(Trouble())
        assert self._operate("DELETE", resource, model).status == "SUCCESS"
        name = _name(model["JobDefinitionArn"])
        self.world.sagemaker.create_foreign(OTHER | {"JobDefinitionName": name}, {"owner": "them"}, age=20)
        self.others[name] = self.world.sagemaker.definitions[name]
        self._prepare(trouble)
        outcome = self._operate("CREATE", resource, resource.properties, whose="foreign")
        assert outcome.status == "FAILED", f"adopted a foreign definition:\n{outcome}"
        calls = [call for step in outcome.invocations for call in step.calls]
        creations = [n for n, call in enumerate(calls) if call.operation == CREATE and call.is_good]
        was_seen = any(call.operation == DESCRIBE and call.is_good for call in calls)
        if outcome.model is not None:
            # If reads fail for good, the ARN is the lesser evil: a generated name is almost surely our own.
            assert not was_seen, f"a failure names a definition that was seen to be foreign:\n{outcome}"
        elif was_seen:
            assert outcome.code == "AlreadyExists", outcome
        else:
            assert not creations

    @rule(resource=consumes(resources), call=st.integers(0, 6), knows_time=st.booleans(), trouble=troubles)
    def delete_in_a_race(self, resource: Resource, call: int, knows_time: bool, trouble: Trouble) -> None:  # noqa: FBT001 - hypothesis draws it
        """Another stack takes the name while a stack deletes its definition."""
        if resource.is_gone:
            return
        name = _name(resource.arn)

        def take_name(*_: object) -> None:
            if len(self.world.network.calls) >= call and name not in self.world.sagemaker.definitions:
                self.world.sagemaker.create_foreign(OTHER | {"JobDefinitionName": name}, {"owner": "them"}, age=0)
                self.others[name] = self.world.sagemaker.definitions[name]

        self._prepare(trouble, take_name)
        times = {"CreationTime": resource.created} if knows_time else {}
        model = resource.properties | {"JobDefinitionArn": resource.arn, "JobDefinitionName": name} | times
        outcome = self.world.request("DELETE", model, token=resource.token, logical_id=resource.logical_id)
        self._note("DELETE", outcome)
        calls = [call for step in outcome.invocations for call in step.calls]
        took_effect = any(call.took_effect and call.operation == DELETE for call in calls)
        assert took_effect or outcome.status != "SUCCESS", f"reported as deleted, but it exists:\n{outcome}"
        if not took_effect:  # the user tries again, before anybody else can
            self._prepare(Trouble())
            assert self._operate("DELETE", resource, model).status == "SUCCESS"
        resource.is_gone = True
        self.believed.pop(resource.arn, None)
        self.used_names.discard(name)

    @rule(
        target=resources, name=st.sampled_from((None, *USER_NAMES)), how=st.sampled_from(("twice", "late", "swapped"))
    )
    def a_context_goes_astray(self, name: str | None, how: str) -> Any:  # noqa: ANN401 - hypothesis'
        """A callback is delivered twice, an hour late, or with the context of another request."""
        if name and (name.lower() in self.world.sagemaker.definitions or name.lower() in self.used_names):
            return multiple()
        made, answers = [], []
        for wanted in (name, None) if how == "swapped" else (name,):
            self.count += 1
            made.append(Resource(f"Definition{self.count}", f"token-{self.count}", _properties(wanted, {}), {"s": "1"}))
            self._prepare(Trouble(tag_lag=1))
            answers.append(self._callback(made[-1], made[-1].properties, None))
            assert answers[-1]["status"] == "IN_PROGRESS"
        if how == "late":
            self.world.clock.sleep(4000)
        if how == "swapped":
            astray = self._callback(made[0], answers[0]["resourceModel"], answers[1]["callbackContext"])
            assert (astray["status"], astray["errorCode"]) == ("FAILED", "InvalidRequest"), astray
            assert astray["resourceModel"]["JobDefinitionArn"] == answers[0]["resourceModel"]["JobDefinitionArn"]
        for resource, answer in zip(made, answers, strict=True):
            for _ in range(2 if how == "twice" else 1):
                done = self._callback(resource, answer["resourceModel"], answer["callbackContext"])
                assert done["status"] == "SUCCESS", done
            resource.arn, resource.created = (done["resourceModel"][n] for n in ("JobDefinitionArn", "CreationTime"))
            self.believed[resource.arn] = resource
            self.used_names.add(_name(resource.arn))
        return multiple(*made)

    def _callback(self, resource: Resource, model: Json, context: Json | None) -> Json:
        """Call the function once with a CREATE, and return its answer."""
        named = {"tags": resource.stack_tags, "token": resource.token, "logical_id": resource.logical_id}
        return self.world.invoke("CREATE", model, context=context, **named).answer

    @rule(resource=resources, trouble=troubles)
    def create_again(self, resource: Resource, trouble: Trouble) -> None:
        """CloudFormation sends a CREATE again after it lost the answer. A generated name proves the owner."""
        if (
            resource.is_gone
            or "JobDefinitionName" in resource.properties
            or resource.properties["Tags"]
            or resource.outside_tags
        ):
            return
        self._prepare(trouble)
        outcome = self._operate("CREATE", resource, resource.properties)
        model = self._last_model(outcome)
        assert model is None or model["JobDefinitionArn"] == resource.arn, outcome

    @rule(resource=resources, own=tags, stack=stack_tags, trouble=troubles)
    def update(self, resource: Resource, own: Tags, stack: Tags, trouble: Trouble) -> None:
        """A stack changes tags. If that fails, CloudFormation rolls back with an update from new to old."""
        before = deepcopy(resource)
        after = deepcopy(resource)
        after.properties["Tags"] = _properties(None, own)["Tags"]
        after.stack_tags = stack
        self._prepare(trouble)
        outcome = self._update(before, after)
        if outcome.status == "SUCCESS":
            assert not resource.is_gone, outcome
            resource.properties, resource.stack_tags = after.properties, after.stack_tags
            self._check_tags(outcome, resource)
            return
        self._prepare(Trouble(tag_lag=trouble.tag_lag))
        rollback = self._update(after, before)
        expected = ("FAILED", "NotFound") if resource.is_gone else ("SUCCESS", None)
        assert (rollback.status, rollback.code) == expected, f"{outcome}\nrolled back:\n{rollback}"

    def _update(self, before: Resource, after: Resource) -> Outcome:
        identifier = {"JobDefinitionArn": before.arn}
        return self._operate(
            "UPDATE",
            after,
            after.properties | identifier,
            before.properties | identifier,
            previous_tags=before.stack_tags,
        )

    @rule(resource=consumes(resources), trouble=troubles)
    def delete(self, resource: Resource, trouble: Trouble) -> None:
        """A stack deletes a resource. If that fails, the user tries again."""
        name = _name(resource.arn)
        self._prepare(trouble)
        model = {"JobDefinitionArn": resource.arn, "JobDefinitionName": name}
        outcome = self._operate("DELETE", resource, resource.properties | model)
        took_effect = any(
            call.took_effect and call.operation == DELETE for step in outcome.invocations for call in step.calls
        )
        if outcome.status == "SUCCESS" or outcome.code == "NotFound":
            assert took_effect or resource.is_gone, f"reported as deleted, but it exists:\n{outcome}"
        else:
            self._prepare(Trouble())
            retry = self._operate("DELETE", resource, resource.properties | model)
            missing = took_effect or resource.is_gone
            assert (retry.status, retry.code) == (("FAILED", "NotFound") if missing else ("SUCCESS", None)), retry
        resource.is_gone = True
        self.believed.pop(resource.arn, None)
        self.used_names.discard(name)

    @rule(resource=resources, by_arn=st.booleans(), trouble=troubles)
    def read(self, resource: Resource, by_arn: bool, trouble: Trouble) -> None:  # noqa: FBT001 - hypothesis draws it
        """Drift detection reads by the whole model, an import by the ARN alone."""
        model = {"JobDefinitionArn": resource.arn}
        self._prepare(trouble)
        outcome = self._operate("READ", resource, model if by_arn else resource.properties | model)
        if outcome.status == "SUCCESS":
            assert not resource.is_gone, outcome
            self._check_tags(outcome, resource)

    @rule(trouble=troubles)
    def list_all(self, trouble: Trouble) -> None:
        """LIST returns every definition of the account, no matter who created it."""
        self._prepare(trouble)
        outcome = self.world.operate("LIST", None)
        self._note("LIST", outcome)
        if outcome.status == "SUCCESS":
            arns = {model["JobDefinitionArn"] for model in outcome.answer["resourceModels"]}
            assert arns == {definition.arn for definition in self.world.sagemaker.definitions.values()}

    @rule(name=st.sampled_from(USER_NAMES), age=st.sampled_from((0, 20, 4000)), equal=st.booleans())
    def another_stack_creates(self, name: str, age: int, equal: bool) -> None:  # noqa: FBT001 - hypothesis draws it
        """Another stack creates a definition, if the name is free."""
        if name.lower() not in self.world.sagemaker.definitions and name.lower() not in self.used_names:
            self.world.sagemaker.create_foreign(
                minimal() | {"JobDefinitionName": name}, {} if equal else {"owner": "them"}, age=age
            )
            self.others[name.lower()] = self.world.sagemaker.definitions[name.lower()]

    @rule(name=st.sampled_from(USER_NAMES))
    def another_stack_deletes(self, name: str) -> None:
        """Another stack deletes its definition."""
        if self.others.pop(name.lower(), None):
            self.world.sagemaker.call(DELETE, JobDefinitionName=name)

    @rule(resource=resources, key=st.sampled_from("xyz"), value=st.sampled_from(("1", "2")))
    def a_person_tags(self, resource: Resource, key: str, value: str) -> None:
        """A person tags a stack's definition, under a key that no template has."""
        if not resource.is_gone:
            self.world.sagemaker.call("AddTags", ResourceArn=resource.arn, Tags=[{"Key": key, "Value": value}])
            resource.outside_tags[key] = value

    @rule(resource=resources)
    def a_person_untags(self, resource: Resource) -> None:
        """A person removes the tags that people added."""
        if not resource.is_gone and resource.outside_tags:
            self.world.sagemaker.call("DeleteTags", ResourceArn=resource.arn, TagKeys=[*resource.outside_tags])
            resource.outside_tags.clear()

    @rule(resource=resources)
    def a_person_deletes(self, resource: Resource) -> None:
        """A person deletes a stack's definition outside the stack."""
        if not resource.is_gone:
            self.world.sagemaker.call(DELETE, JobDefinitionName=_name(resource.arn))
            self.believed.pop(resource.arn)
            resource.is_gone = True

    @rule(seconds=st.sampled_from((1, 60, 4000)))
    def time_passes(self, seconds: int) -> None:
        """Time passes, and idle connections are closed."""
        self.world.clock.sleep(seconds)
        self.world.network.drop()

    @invariant()
    def sagemaker_holds_what_is_believed(self) -> None:
        """SageMaker holds the stacks' definitions with all their tags, others' definitions unchanged, and no more."""
        actual = self.world.sagemaker.definitions
        ours = {_name(arn): resource for arn, resource in self.believed.items()}
        assert set(actual) == set(ours) | set(self.others)
        for name, resource in ours.items():
            assert actual[name].tags == resource.tags, name
        for name, other in self.others.items():
            assert actual[name] == other, name

    def _prepare(self, trouble: Trouble, before_call: Any = None) -> None:  # noqa: ANN401 - Network.before
        """Set the faults, lags and latency of the next operation, ten seconds after the last one.

        SageMaker's clock is known only to a second plus the time that Describe takes. A definition that is equal in
        everything and no older than that can't be told from the stack's own (guides/proof.md).
        """
        self.world.clock.sleep(10)
        network, service = self.world.network, self.world.sagemaker
        service.describe_lag, service.tag_lag = trouble.describe_lag, trouble.tag_lag
        service.replicas.old_describes, service.replicas.old_tags = trouble.replicas
        network.latency = trouble.latency
        network.forget()
        network.before_call = before_call or (lambda *_: None)
        numbers = iter(range(10_000))

        def decide(operation: str, _: int) -> Fault | None:
            name, after = trouble.faults.get(next(numbers), (None, False))
            if name is None:
                return None
            may_be_after = name in {*FAILED, *CUT, *UNREADABLE}
            must_be_after = operation in MEMBERLESS and name in EMPTY
            return Fault(name, operation, "after" if must_be_after or (after and may_be_after) else "before")

        network.decide = decide

    def _operate(
        self,
        action: str,
        resource: Resource,
        *states: Json,
        whose: Name = "generated",
        **named: Any,  # noqa: ANN401 - event()'s
    ) -> Outcome:
        outcome = self.world.operate(
            action, *states, tags=resource.stack_tags, token=resource.token, logical_id=resource.logical_id, **named
        )
        is_users = action == "CREATE" and "JobDefinitionName" in resource.properties
        self._note(action, outcome, "user-provided" if is_users else whose)
        return outcome

    def _note(self, action: str, outcome: Outcome, whose: Name = "generated") -> None:
        """Count what happened, and check the code of each failure."""
        check_codes(outcome, whose)
        for key in (action, f"{action} {outcome.code or outcome.status}"):
            self.tally[key] = self.tally.get(key, 0) + 1
        calls = [call for step in outcome.invocations for call in step.calls]
        for key, number in (
            ("invocations", len(outcome.invocations)),
            ("calls", len(calls)),
            ("faults", sum(call.fault is not None for call in calls)),
        ):
            self.tally[key] = self.tally.get(key, 0) + number

    def _last_model(self, outcome: Outcome) -> Json | None:
        """Return the model that CloudFormation rolls back with, which is the last one that an answer carried."""
        models = [step.answer.get("resourceModel") for step in outcome.invocations]
        last: Json | None = next((model for model in reversed(models) if model), None)
        return last

    def _check_tags(self, outcome: Outcome, resource: Resource) -> None:
        """Check that the model reports the actual tags, unless the last ListTags answer was out of date."""
        assert outcome.model is not None
        reads = [call for call in outcome.invocations[-1].calls if call.operation == "ListTags"]
        if reads and not reads[-1].lagged:
            assert {tag["Key"]: tag["Value"] for tag in outcome.model["Tags"]} == resource.tags, outcome


def _name(arn: str) -> str:
    return arn.rpartition("/")[2].lower()


def _owner_is_unknown(outcome: Outcome) -> bool:
    """Return whether nobody can know the owner of a created definition.

    That is so if the invocation that created it got no up-to-date answer from Describe and ListTags afterwards.
    """
    for step in outcome.invocations:
        creations = [n for n, call in enumerate(step.calls) if call.operation == CREATE and call.took_effect]
        if creations:
            later_calls = step.calls[creations[0] :]
            operations = {call.operation for call in later_calls if call.is_good}
            return not {DESCRIBE, "ListTags"} <= operations
    return False


class Tally:
    """The counts of what happened in all runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.counts: dict[str, int] = {}
        self.after_run: Callable[[], None] = lambda: None
        """Called after every run."""

    def add(self, counts: Mapping[str, int]) -> None:
        """Add the counts of a run."""
        self.runs += 1
        for key, number in counts.items():
            self.counts[key] = self.counts.get(key, 0) + number
        self.after_run()


TALLY = Tally()
