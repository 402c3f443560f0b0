"""The situations of two containers at once, each with what must be true in every order of their calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.faults.containers import Actor, Situation, Turns
from tests.faults.fault import Fault
from tests.faults.world import Outcome, World
from tools.envelopes import ACCOUNT, STACK_ID, Json, minimal

CREATE = "CreateModelQualityJobDefinition"
DESCRIBE = "DescribeModelQualityJobDefinition"
DELETE = "DeleteModelQualityJobDefinition"
NAMED = minimal() | {"JobDefinitionName": "Churn"}
FOREIGN = NAMED | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}

Faults = Mapping[tuple[str, int], Fault]

LOST: dict[str, Faults] = {
    "no fault": {},
    "a lost answer": {(CREATE, 1): Fault("reset", CREATE, "after")},
    "an answer that never was": {(CREATE, 1): Fault("reset", CREATE)},
}
LOST_DELETES: dict[str, Faults] = {
    "no fault": {},
    "a lost answer": {(DELETE, 1): Fault("reset", DELETE, "after")},
    "an answer that never was": {(DELETE, 1): Fault("reset", DELETE)},
    "two lost answers": {(DELETE, n): Fault("reset", DELETE, "after") for n in (1, 2)},
}


def _play(world: World, choices: Sequence[int], actors: Sequence[Actor]) -> Turns:
    turns = Turns(world, actors, choices)
    turns.play()
    world.network.before_call = lambda *_: None
    world.network.decide = lambda *_: None
    return turns


def _outcome(actor: Actor) -> Outcome:
    assert isinstance(actor.result, Outcome)
    return actor.result


def _text(turns: Turns, *actors: Actor) -> str:
    return "\n".join([*(f"{name}: {operation}" for name, operation in turns.trace), *(str(a.result) for a in actors)])


def create_twice_with_one_token(properties: Json, faults: Faults) -> Situation:
    """CloudFormation sends one CREATE to two containers: one definition, which every success names.

    A user-provided name proves nothing, so the container that comes second says AlreadyExists and names nothing; but
    one whose answer was lost may take the other's for its own, which it is: the request is the same.
    """

    def situation(world: World, choices: Sequence[int]) -> Turns:
        actors = [
            Actor("one", lambda: world.request("CREATE", properties), faults),
            Actor("two", lambda: world.request("CREATE", properties)),
        ]
        turns = _play(world, choices, actors)
        assert len(world.sagemaker.definitions) == 1, _text(turns, *actors)
        (definition,) = world.sagemaker.definitions.values()
        for outcome in map(_outcome, actors):
            if outcome.status == "SUCCESS":
                assert outcome.model is not None
                assert outcome.model["JobDefinitionArn"] == definition.arn
            else:
                assert "JobDefinitionName" in properties, _text(turns, *actors)
                assert (outcome.code, outcome.model) == ("AlreadyExists", None), _text(turns, *actors)
        assert "SUCCESS" in {_outcome(actor).status for actor in actors}, _text(turns, *actors)
        return turns

    return situation


def two_stacks_of_one_template(faults: Faults) -> Situation:
    """Two stacks create definitions of one user-provided name: one of them has it.

    The exception that guides/proof.md names: the other stack's definition equals ours in everything and was made while
    the answer to our Create was being lost.
    """

    def situation(world: World, choices: Sequence[int]) -> Turns:
        theirs = STACK_ID.replace("Fraud_Monitors", "Other")
        actors = [
            Actor("ours", lambda: world.request("CREATE", NAMED), faults),
            Actor("theirs", lambda: world.request("CREATE", NAMED, token="theirs", stack_id=theirs)),
        ]
        turns = _play(world, choices, actors)
        assert [*world.sagemaker.definitions] == ["churn"], _text(turns, *actors)
        statuses = [_outcome(actor).status for actor in actors]
        if faults:
            assert "SUCCESS" in statuses, _text(turns, *actors)
        else:
            assert sorted(statuses) == ["FAILED", "SUCCESS"], _text(turns, *actors)
        for outcome in map(_outcome, actors):
            assert outcome.status == "SUCCESS" or (outcome.code, outcome.model) == ("AlreadyExists", None)
        return turns

    return situation


def create_against_its_rollback(faults: Faults) -> Situation:
    """CloudFormation deletes what a CREATE that it gave up on is still making.

    A definition is left only if a Create came after the last Delete: then the container outlived CloudFormation's
    limit, and nobody can know (guides/proof.md).
    """

    def situation(world: World, choices: Sequence[int]) -> Turns:
        model = world.request("CREATE", minimal()).model
        assert model is not None
        assert world.request("DELETE", model).status == "SUCCESS"
        world.clock.sleep(60)
        identifier = {"JobDefinitionArn": model["JobDefinitionArn"], **minimal()}
        actors = [
            Actor("create", lambda: world.request("CREATE", minimal()), faults),
            Actor("rollback", lambda: world.operate("DELETE", identifier)),
        ]
        turns = _play(world, choices, actors)
        last = {operation: at for at, (_, operation) in enumerate(turns.trace)}
        is_late = last[CREATE] > last[DELETE]
        assert not world.sagemaker.definitions or is_late, _text(turns, *actors)
        rollback = _outcome(actors[1])
        assert rollback.status == "SUCCESS" or rollback.code == "NotFound", _text(turns, *actors)
        return turns

    return situation


def update_against_delete(faults: Faults) -> Situation:
    """A definition is deleted while its tags are updated: UPDATE says NotFound if a call of it came afterwards."""

    def situation(world: World, choices: Sequence[int]) -> Turns:
        model = world.request("CREATE", NAMED).model
        assert model is not None
        world.clock.sleep(60)
        tagged: Json = model | {"Tags": [{"Key": "a", "Value": "1"}]}
        actors = [
            Actor("update", lambda: world.operate("UPDATE", tagged, model)),
            Actor("delete", lambda: world.operate("DELETE", model), faults),
        ]
        turns = _play(world, choices, actors)
        assert world.sagemaker.definitions == {}, _text(turns, *actors)
        assert _outcome(actors[1]).status == "SUCCESS", _text(turns, *actors)
        update = _outcome(actors[0])
        gone = max(at for at, (_, operation) in enumerate(turns.trace) if operation == DELETE)
        if not faults:
            last = max(at for at, (name, _) in enumerate(turns.trace) if name == "update")
            expected = ("FAILED", "NotFound") if gone < last else ("SUCCESS", None)
            assert (update.status, update.code) == expected, _text(turns, *actors)
        assert update.status == "SUCCESS" or update.code == "NotFound", _text(turns, *actors)
        return turns

    return situation


def delete_against_another_stacks_create(faults: Faults, *, knows_time: bool) -> Situation:
    """Another stack takes the name as soon as it is free: its definition stays, and DELETE succeeds."""

    def situation(world: World, choices: Sequence[int]) -> Turns:
        model: Json | None = world.request("CREATE", NAMED).model
        assert model is not None
        world.clock.sleep(60)
        if not knows_time:
            del model["CreationTime"]

        def take_name() -> bool:
            for _ in range(4):
                turns.call(CREATE)
                if "churn" not in world.sagemaker.definitions:
                    world.sagemaker.create_foreign(FOREIGN, {"owner": "them"}, age=0)
                    return True
            return False

        actors = [Actor("delete", lambda: world.operate("DELETE", model), faults), Actor("other", take_name)]
        turns = Turns(world, actors, choices)
        turns.play()
        left: dict[str, Any] = world.sagemaker.definitions
        assert _outcome(actors[0]).status == "SUCCESS", _text(turns, *actors)
        assert len(left) == (actors[1].result is True), _text(turns, *actors)
        assert all(definition.tags == {"owner": "them"} for definition in left.values()), _text(turns, *actors)
        return turns

    return situation


def all_situations() -> dict[str, Situation]:
    """Return every situation with each of its faults, by name."""
    return {
        **{f"CREATE twice, generated name, {f}": create_twice_with_one_token(minimal(), LOST[f]) for f in LOST},
        **{f"CREATE twice, user-provided name, {f}": create_twice_with_one_token(NAMED, LOST[f]) for f in LOST},
        **{f"two stacks of one template, {f}": two_stacks_of_one_template(LOST[f]) for f in LOST},
        **{f"CREATE against its rollback, {f}": create_against_its_rollback(LOST[f]) for f in LOST},
        **{f"UPDATE against DELETE, {f}": update_against_delete(LOST_DELETES[f]) for f in LOST_DELETES},
        **{
            f"DELETE against another stack's CREATE, {f}, {'with' if known else 'without'} the time": (
                delete_against_another_stacks_create(LOST_DELETES[f], knows_time=known)
            )
            for f in LOST_DELETES
            for known in (True, False)
        },
    }
