"""Stacks without the API: exports, references that are known late, events, and what is refused at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cfn_sandbox.cloudformation.api.change_set_operations import described
from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.state import Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, create_stack
from cfn_sandbox.errors import CloudFormationError, ValidationError
from sandbox.tests.cloudformation.stacks.boxes import BOX, Account, boxes, events, submission

JSON = dict[str, Any]


@pytest.fixture
def account() -> Account:
    """Return an account with boxes."""
    return Account()


def exporting(value: Any) -> JSON:  # noqa: ANN401 - a text or a function
    """Return a template that exports a value as `colour`."""
    outputs = {"Colour": {"Value": value, "Export": {"Name": "colour"}}}
    return boxes(A={"Name": "a"}) | {"Outputs": outputs}


def importing() -> JSON:
    """Return a template whose box has the exported colour."""
    return boxes(B={"Name": "b", "Colour": {"Fn::ImportValue": "colour"}})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("blue", "Export colour cannot be updated as it is in use by two"),
        (None, "Delete canceled. Cannot delete export colour as it is in use by two."),
    ],
)
def test_an_export_in_use_stays(account: Account, value: str | None, reason: str) -> None:
    """An export that another stack uses is neither changed nor deleted; the update rolls back and says who uses it.

    Users' logs have the second line for updates too: "ForgeNetwork-dev2 | UPDATE_ROLLBACK_IN_P | Delete canceled. ...".
    """
    account.create("one", exporting("red"))
    account.create("two", importing())
    stack = account.update("one", exporting(value) if value else boxes(A={"Name": "a", "Colour": "green"}))
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", reason) in events(stack)
    assert stack.status.name == "UPDATE_ROLLBACK_COMPLETE"
    assert [(one.name, one.value) for one in account.space.exports().values()] == [("colour", "red")]
    stack.delete()
    assert (stack.status.name, stack.status.reason) == (
        "DELETE_FAILED",
        "Delete canceled. Cannot delete export colour as it is in use by two.",
    )
    account.space.named("two").delete()
    stack.delete()
    assert account.space.exports() == {}


def test_a_missing_export_is_known_after_apply(account: Account) -> None:
    """A change set accepts an export that doesn't exist yet. Its execution fails unless the export is there by then.

    It fails before any resource is touched, as widdix/aws-s3-virusscan issue 39 and aws-amplify/amplify-js issue 6367
    quote it.
    """
    change_set = account.propose("two", importing(), "CREATE")
    assert change_set.proposal.plan["B"].after == {"Name": "b", "Colour": _unknown()}
    change_sets.execute(change_set)
    assert events(change_set.stack, "B") == []
    assert events(change_set.stack)[-2:] == [
        ("ROLLBACK_IN_PROGRESS", "No export named colour found. Rollback requested by user."),
        ("ROLLBACK_COMPLETE", None),
    ]
    stack = account.create("updated", boxes(B={"Name": "b"}))
    account.update("updated", importing())
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "No export named colour found") in events(stack)
    account.create("one", exporting("red"))
    assert account.create("three", importing()).status.name == "CREATE_COMPLETE"


def _unknown() -> object:
    """Return what is equal to any unknown value."""

    class AnyUnknown:
        def __eq__(self, other: object) -> bool:
            return str(other) == "{{changeSet:KNOWN_AFTER_APPLY}}"

        __hash__ = None  # type: ignore[assignment]  # only compared

    return AnyUnknown()


def test_the_words_of_a_stacks_events(account: Account) -> None:
    """A failed creation, update and deletion name the resources that failed, in AWS's words, and no cause."""
    account.boxes.refused_colour = "red"
    stack = account.create("s", boxes(A={"Name": "a"}, B={"Colour": "red"}))
    assert events(stack) == [
        ("CREATE_IN_PROGRESS", "User Initiated"),
        ("ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [B]. Rollback requested by user."),
        ("ROLLBACK_COMPLETE", None),
    ]
    assert [status for status, _ in events(stack, "A")] == [
        *("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    ]
    assert events(stack, "A")[1] == ("CREATE_IN_PROGRESS", "Resource creation Initiated")
    stack.delete()
    stack = account.create("s", boxes(A={"Name": "a"}))
    account.update("s", boxes(A={"Name": "a", "Colour": "red"}))
    assert ("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [A]. ") in events(stack)
    assert events(stack)[-1] == ("UPDATE_ROLLBACK_COMPLETE", None)


def test_events_have_times_in_order_and_properties(account: Account) -> None:
    """No two events have the same millisecond. Properties are JSON, with numbers as text."""
    stack = account.create("s", boxes(A={"Name": "a", "Size": 3}, B={"Name": "b"}))
    times = [event.time for event in stack.steps.events]
    assert times == sorted(set(times))
    (made,) = [
        event for event in stack.steps.events if event.status == "CREATE_COMPLETE" and event.subject.kind == BOX
    ][:1]
    assert json.loads(made.subject.properties or "") == {"Name": "a", "Size": "3"}


def test_a_rollback_restores_before_it_deletes(account: Account) -> None:
    """What an update has changed is restored first; what it has made is deleted in the stack's cleanup."""
    account.create("s", boxes(A={"Name": "a"}, C={"Name": "c"}))
    account.boxes.refused_colour = "red"
    account.boxes.calls.clear()
    bad = {"Name": {"Ref": "B"}, "Colour": "red"}
    stack = account.update("s", boxes(A={"Name": "a", "Size": 1}, B={"Name": {"Ref": "A"}}, C={"Name": "cc"}, D=bad))
    assert account.boxes.calls == [
        *("UPDATE A", "CREATE C", "CREATE B", "CREATE D"),
        *("UPDATE A", "DELETE B", "DELETE C"),
    ]
    assert [status for status, _ in events(stack)][-3:] == [
        *("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    ]
    assert [*account.boxes.resources] == ["box-1", "box-2"]


def test_a_replaced_resource_goes_last(account: Account) -> None:
    """A replacement is created first and cleaned up at the end, with its own events; Retain keeps it."""
    stack = account.create("s", boxes(A={"Name": "a"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    account.boxes.calls.clear()
    account.update("s", boxes(A={"Name": "aa"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    assert account.boxes.calls == ["CREATE A", "UPDATE B", "DELETE A"]
    kept = {"Type": BOX, "UpdateReplacePolicy": "Retain", "Properties": {"Name": "aaa"}}
    account.update("s", boxes(A=kept, B={"Name": "b", "Colour": {"Ref": "A"}}))
    assert events(stack, "A")[-1] == ("DELETE_SKIPPED", None)
    assert len(account.boxes.resources) == 3


def test_the_same_template_again(account: Account) -> None:
    """Without any change there is no update, also of a resource without properties."""
    template = {"Resources": {"A": {"Type": BOX}}}
    account.create("s", template)
    with pytest.raises(ValidationError, match=r"^No updates are to be performed\.$"):
        account.update("s", template)
    change_set = account.propose("s", template)
    assert (change_set.status, change_set.execution_status) == ("FAILED", "UNAVAILABLE")


def test_what_changes_nothing(account: Account) -> None:
    """A parameter that nothing uses and a resource that is not active make no update, however they change.

    Users report it: cloudtools/stacker issue 53 and bazaarvoice/cloudformation-ruby-dsl issue 28 (2015), and
    aws-cloudformation/cloudformation-coverage-roadmap issue 2027 (2024), for both operations.
    """

    def template(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a template's section
        return {
            "Parameters": {name: {"Type": "String", "Default": "a"}},
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"A": {"Type": BOX}, **more},
        }

    stack = account.create("s", template("Unused"))
    inactive = {"Type": BOX, "Condition": "Never"}
    requests: list[tuple[dict[str, Any], dict[str, str]]] = [
        (template("Unused"), {"Unused": "b"}),
        (template("Renamed"), {}),
        (template("Unused", B=inactive), {}),
    ]
    for number, (changed, parameters) in enumerate(requests):
        with pytest.raises(ValidationError, match=r"^No updates are to be performed\.$"):
            account.update("s", changed, **parameters)
        proposed = change_sets.create(
            account.space, "s", submission(changed, parameters), change_sets.Request(f"change-{number}")
        )
        assert proposed.failure == change_sets.UNCHANGED
    assert stack.status.name == "CREATE_COMPLETE"
    output = template("Unused") | {"Outputs": {"Used": {"Value": {"Ref": "Unused"}}}}
    assert account.update("s", output).status.name == "UPDATE_COMPLETE"
    assert account.update("s", output, Unused="b").status.name == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("condition", "mapped", "changed"),
    [("a", "red", False), ("b", "red", False), ("a", "blue", False), ("c", "red", True), ("a", "green", True)],
)
def test_conditions_and_mappings_by_themselves(account: Account, condition: str, mapped: str, *, changed: bool) -> None:
    """A changed condition or mapping makes an update only if a resource or an output changes with it."""

    def template(other: str, colour: str) -> dict[str, Any]:
        chosen = {"Fn::If": ["Special", "x", "y"]}
        return {
            "Conditions": {"Special": {"Fn::Equals": [other, "c"]}},
            "Mappings": {"Colours": {"all": {"used": colour if colour == "green" else "red", "other": colour}}},
            **boxes(A={"Colour": {"Fn::FindInMap": ["Colours", "all", "used"]}}),
            "Outputs": {"Chosen": {"Value": chosen}},
        }

    account.create("s", template("a", "red"))
    if changed:
        assert account.update("s", template(condition, mapped)).status.name == "UPDATE_COMPLETE"
    else:
        with pytest.raises(ValidationError, match="No updates are to be performed"):
            account.update("s", template(condition, mapped))


def test_a_stack_in_review_can_be_created(account: Account) -> None:
    """CreateStack takes a stack that has only change sets; a CREATE change set refuses a deleted stack's ARN."""
    change_set = account.propose("s", boxes(A={"Name": "a"}), "CREATE")
    stack = account.create("s", boxes(A={"Name": "a"}))
    assert (stack, stack.status.name) == (change_set.stack, "CREATE_COMPLETE")
    assert change_set.execution_status == "OBSOLETE"
    stack.delete()
    with pytest.raises(ValidationError, match="already exists and cannot be created again"):
        account.propose(stack.identity.stack_id, boxes(A={"Name": "a"}), "CREATE")


def test_what_a_request_may_not_use(account: Account) -> None:
    """A type outside ResourceTypes, and a role that can't be assumed, are refused at once."""
    text = json.dumps(boxes(A={"Name": "a"}))
    with pytest.raises(ValidationError, match=f"Resource type {BOX} is not allowed by parameter ResourceTypes"):
        create_stack(account.space, "s", Submission(text, resource_types=("AWS::*",)), Options(), Settings())
    role = "arn:aws:iam::123456789012:role/none"
    with pytest.raises(ValidationError, match="is invalid or cannot be assumed"):
        create_stack(account.space, "s", Submission(text), Options(), Settings(role_arn=role))
    allowed = Submission(text, resource_types=("Acme::*",))
    stack = create_stack(account.space, "s", allowed, Options(), Settings())
    assert stack.status.name == "CREATE_COMPLETE"


def test_a_macro_that_does_not_exist(account: Account) -> None:
    """A macro that doesn't exist refuses CreateStack, and fails a change set with the reason."""
    template = boxes(A={"Name": "a"}) | {"Transform": "Acme::Macro"}
    with pytest.raises(CloudFormationError):
        account.create("s", template)
    change_set = account.propose("s", template, "CREATE")
    assert change_set.status == "FAILED"
    assert "Acme::Macro" in (change_set.failure or "")
    assert account.boxes.calls == []


def test_a_secret_is_shown_nowhere(account: Account) -> None:
    """A NoEcho parameter's value reaches the type, and is masked in change sets and events."""
    template = boxes(A={"Name": "a", "Colour": {"Ref": "Secret"}})
    template["Parameters"] = {"Secret": {"Type": "String", "NoEcho": True}}
    stack = account.create("s", template, Secret="swordfish")
    assert account.boxes.resources["box-1"]["Colour"] == "swordfish"
    assert not any("swordfish" in (event.subject.properties or "") for event in stack.steps.events)
    change_set = account.propose("s", template, Secret="marlin")
    shown = json.dumps(described(change_set.proposal.plan, with_values=True))
    assert "swordfish" not in shown
    assert "marlin" not in shown
    assert change_set.proposal.plan["A"].updates


def test_a_resource_s_own_tags_and_the_stack_s(account: Account) -> None:
    """A resource's own Tags are a property of that name; the stack's tags are an attribute."""
    tagged = {"Name": "a", "Tags": [{"Key": "k", "Value": "v"}]}
    account.create("s", boxes(A={"Name": "a"}, B={"Name": "b"}))
    given = submission(boxes(A=tagged, B={"Name": "b"}), {})
    request = change_sets.Request("change")
    change_set = change_sets.create(account.space, "s", Submission(given.text, tags={"team": "a"}), request)
    targets = {
        key: [(one.attribute, one.name) for one in change.changes] for key, change in change_set.proposal.plan.items()
    }
    assert targets == {"A": [("Properties", "Tags"), ("Tags", None)], "B": [("Tags", None)]}
