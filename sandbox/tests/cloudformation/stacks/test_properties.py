"""Properties of plans and operations, over generated pairs of templates."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.tests.cloudformation.stacks.boxes import BOX, Account

JSON = dict[str, Any]

NAMES = ("A", "B", "C", "D")
LITERALS = st.sampled_from(["red", "blue", "green"])


def references(earlier: list[str]) -> st.SearchStrategy[Any]:
    """Generate a reference to one of these resources, or to the parameter."""
    found: list[st.SearchStrategy[Any]] = [st.just({"Ref": "Colour"})]
    for name in earlier:
        found += [
            st.just({"Ref": name}),
            st.just({"Fn::GetAtt": [name, "Born"]}),
            st.just({"Fn::Sub": f"${{{name}}} and ${{Colour}}"}),
            st.just({"Fn::Join": ["-", ["x", {"Fn::GetAtt": [name, "Born"]}]]}),
            st.just({"Fn::If": ["IsRed", {"Ref": name}, "plain"]}),
        ]
    return st.one_of(found)


@st.composite
def templates(draw: st.DrawFn) -> JSON:
    """Generate a template of boxes that refer to each other, some of them with a condition."""
    resources: JSON = {}
    unconditional: list[str] = []
    for name in NAMES:
        if not draw(st.booleans(), label=f"has {name}"):
            continue
        value = st.one_of(LITERALS, references(unconditional))
        properties = draw(st.fixed_dictionaries({}, optional={"Name": value, "Colour": value}))
        resources[name] = {"Type": BOX, "Properties": properties}
        if draw(st.integers(0, 3)) == 0:
            resources[name]["Condition"] = "IsRed"
        else:
            unconditional.append(name)
        if draw(st.integers(0, 5)) == 0:
            resources[name]["Metadata"] = {"note": draw(LITERALS)}
    resources["Last"] = {"Type": BOX, "Properties": {"Size": draw(st.integers(1, 3))}}
    return {
        "Parameters": {"Colour": {"Type": "String"}},
        "Conditions": {"IsRed": {"Fn::Equals": [{"Ref": "Colour"}, "red"]}},
        "Resources": resources,
    }


@settings(max_examples=60, deadline=None)
@given(templates(), LITERALS, templates(), LITERALS)
def test_an_execution_does_what_its_change_set_showed(first: JSON, before: str, second: JSON, after: str) -> None:
    """An execution changes no resource that its change set did not show, and replaces as announced."""
    account = Account()
    stack = account.create("boxes", first, Colour=before)
    assert stack.status.name == "CREATE_COMPLETE"
    change_set = account.propose("boxes", second, Colour=after)
    if change_set.failure is not None:
        return
    ids_before = {key: resource.physical_id for key, resource in stack.contents.resources.items()}
    account.boxes.calls.clear()
    _execute(change_set)
    assert stack.status.name == "UPDATE_COMPLETE"
    changes = change_set.proposal.plan.changes
    assert {call.split()[1] for call in account.boxes.calls} <= set(changes)
    for key, physical_id in ids_before.items():
        replaced = key in stack.contents.resources and stack.contents.resources[key].physical_id != physical_id
        announced = changes[key].replacement if key in changes else "False"
        assert announced in ({"True", "Conditional"} if replaced else {"False", "Conditional"}), key
    assert {key for key, change in changes.items() if change.action == "Add"} == set(stack.contents.resources) - set(
        ids_before
    )
    assert {key for key, change in changes.items() if change.action == "Remove"} == set(ids_before) - set(
        stack.contents.resources
    )


def _execute(change_set: Any) -> None:  # noqa: ANN401 - imported for its type alone
    from cfn_sandbox.cloudformation.stacks import change_sets  # noqa: PLC0415

    change_sets.execute(change_set)


@settings(max_examples=60, deadline=None)
@given(templates(), LITERALS, templates(), LITERALS)
def test_a_rollback_restores_the_state(first: JSON, before: str, second: JSON, after: str) -> None:
    """After an update that fails, the resources, the definition and the identifiers are as they were."""
    account = Account()
    stack = account.create("boxes", first, Colour=before)
    second["Resources"]["Zlast"] = {
        "Type": BOX,
        "DependsOn": [key for key, one in second["Resources"].items() if "Condition" not in one],
        "Properties": {"Colour": "refused"},
    }
    resources, definition = dict(account.boxes.resources), stack.definition
    account.boxes.refused_colour = "refused"
    account.update("boxes", second, Colour=after)
    assert stack.status.name == "UPDATE_ROLLBACK_COMPLETE"
    assert account.boxes.resources == resources
    assert stack.definition == definition
    assert {one.physical_id for one in stack.contents.resources.values()} == set(resources)
