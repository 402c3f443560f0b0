"""Properties of plans and operations, over generated pairs of templates."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cfn_sandbox.cloudformation.stacks import change_sets
from sandbox.tests.cloudformation.stacks.boxes import BOX, Account

JSON = dict[str, Any]

NAMES = ("A", "B", "C", "D", "E")
CONDITIONAL = ("D",)  # nothing refers to it, nor to the last one
LEAVES = ("D", "E")
LITERALS = st.sampled_from(["red", "blue", "green"])


def references(earlier: list[str]) -> st.SearchStrategy[Any]:
    """Generate a reference to one of these resources, or to the parameter."""
    found: list[st.SearchStrategy[Any]] = [st.just({"Ref": "Colour"})]
    for name in earlier:
        found += [
            st.just({"Ref": name}),
            st.just({"Fn::GetAtt": [name, "Label"]}),
            st.just({"Fn::Sub": f"${{{name}}} and ${{Colour}}"}),
            st.just({"Fn::Join": ["-", ["x", {"Fn::GetAtt": [name, "Label"]}]]}),
            st.just({"Fn::If": ["IsRed", {"Ref": name}, "plain"]}),
        ]
    return st.one_of(found)


def resource(draw: st.DrawFn, name: str, earlier: list[str]) -> JSON:
    """Generate a box that may refer to these resources."""
    value = st.one_of(LITERALS, references(earlier))
    made: JSON = {"Type": BOX, "Properties": draw(st.fixed_dictionaries({}, optional={"Name": value, "Colour": value}))}
    if draw(st.integers(0, 5)) == 0:
        made["Metadata"] = {"note": draw(LITERALS)}
    if name in CONDITIONAL:
        made["Condition"] = "IsRed"
    return made


@st.composite
def pairs(draw: st.DrawFn) -> tuple[JSON, JSON]:
    """Generate a template of boxes that refer to each other, and the template after some of them have changed."""
    first: JSON = {name: resource(draw, name, _earlier(name)) for name in NAMES}
    second = deepcopy(first)
    for name in draw(st.sets(st.sampled_from(NAMES), max_size=2)):
        second[name] = resource(draw, name, _earlier(name))
    added = draw(st.sampled_from([*NAMES, ""]))
    removed = draw(st.sampled_from([*CONDITIONAL, NAMES[-1], ""]))
    return _template({key: one for key, one in first.items() if key != added or added not in LEAVES}), _template(
        {key: one for key, one in second.items() if key != removed}
    )


def _earlier(name: str) -> list[str]:
    return [other for other in NAMES[: NAMES.index(name)] if other not in CONDITIONAL]


def _template(resources: JSON) -> JSON:
    return {
        "Parameters": {"Colour": {"Type": "String"}},
        "Conditions": {"IsRed": {"Fn::Equals": [{"Ref": "Colour"}, "red"]}},
        "Resources": resources,
    }


@settings(max_examples=60, deadline=None)
@given(pairs(), LITERALS, LITERALS)
def test_an_execution_does_what_its_change_set_showed(templates: tuple[JSON, JSON], before: str, after: str) -> None:
    """An execution changes no resource that its change set did not show, and replaces as announced."""
    (first, second), account = templates, Account()
    stack = account.create("boxes", first, Colour=before)
    assert stack.status.name == "CREATE_COMPLETE"
    change_set = account.propose("boxes", second, Colour=after)
    if change_set.failure is not None:
        return
    ids_before = {key: resource.physical_id for key, resource in stack.contents.resources.items()}
    account.boxes.calls.clear()
    change_sets.execute(change_set)
    assert stack.status.name == "UPDATE_COMPLETE"
    changes = change_set.proposal.plan
    assert {call.split()[1] for call in account.boxes.calls} <= set(changes)
    for key, physical_id in ids_before.items():
        replaced = key in stack.contents.resources and stack.contents.resources[key].physical_id != physical_id
        announced = changes[key].replacement if key in changes else "False"
        assert announced in ({"True", "Conditional"} if replaced else {"False", "Conditional"}), key
    live = set(stack.contents.resources)
    assert {key for key, change in changes.items() if change.action == "Add"} == live - set(ids_before)
    assert {key for key, change in changes.items() if change.action == "Remove"} == set(ids_before) - live


@settings(max_examples=60, deadline=None)
@given(pairs(), LITERALS, LITERALS)
def test_a_rollback_restores_the_state(templates: tuple[JSON, JSON], before: str, after: str) -> None:
    """After an update that fails, the resources, the definition and the identifiers are as they were."""
    (first, second), account = templates, Account()
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
