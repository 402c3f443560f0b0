"""Change sets: a plan that is shown before it is applied.

Sources: CreateChangeSet, DescribeChangeSet, ExecuteChangeSet and DeleteChangeSet in the API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cfn_sandbox.cloudformation.stacks import imports, validation
from cfn_sandbox.cloudformation.stacks.events import Operation
from cfn_sandbox.cloudformation.stacks.plan import Plan, make_plan
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.stack import NO_UPDATES, Stack, has_nested_stacks
from cfn_sandbox.cloudformation.stacks.state import Definition, Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, define
from cfn_sandbox.errors import CloudFormationError, ValidationError
from cfn_sandbox.values import JSON

EXECUTED = {"IN_PROGRESS": "EXECUTE_IN_PROGRESS", "SUCCEEDED": "EXECUTE_COMPLETE", "FAILED": "EXECUTE_FAILED"}
"""By the status of the operation: the API's ExecutionStatus of an executed change set."""

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(frozen=True)
class Request:
    """What CreateChangeSet asks for besides what it has in common with CreateStack."""

    name: str  # the change set's name
    kind: str = "UPDATE"  # CREATE, UPDATE or IMPORT
    description: str | None = None  # its description
    on_failure: str | None = None  # the request's OnStackFailure
    resources_to_import: tuple[Mapping[str, JSON], ...] = ()  # the request's ResourcesToImport
    import_existing: bool = False  # the request's ImportExistingResources
    # the stack's settings once the change set is executed; None keeps those that it has
    settings: Settings | None = None
    include_nested: bool = False  # the request's IncludeNestedStacks
    validate: bool = False  # whether the resources are validated
    # what tells it from another one of its name, by the names that AWS's message has
    identity: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """What a change set would do."""

    request: Request  # the request
    definition: Definition  # what the stack shall be
    options: Options  # how the operation is done
    plan: Plan  # what it changes
    operations: int  # how many operations the stack had started when the change set was made
    created: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it was made


@dataclass
class ChangeSet:
    """A change set of a stack."""

    stack: Stack  # the stack
    proposal: Proposal  # what it would do
    failure: str | None = None  # why it can't be executed; None if it can
    executed: bool = False  # whether it was executed
    operation: Operation | None = None  # the execution
    parent: ChangeSet | None = None  # the change set that has made this one for a nested stack; None if there is none
    children: dict[str, ChangeSet] = field(default_factory=dict)  # those of nested stacks, by the logical ids of these

    @property
    def change_set_id(self) -> str:
        """Its ARN."""
        return str(self.proposal.options.change_set_id)

    @property
    def root(self) -> ChangeSet:
        """The topmost change set."""
        return self if self.parent is None else self.parent.root

    @property
    def name(self) -> str:
        """The change set's name."""
        return self.proposal.request.name

    @property
    def status(self) -> str:
        """The API's Status."""
        return "CREATE_COMPLETE" if self.failure is None else "FAILED"

    @property
    def reason(self) -> str | None:
        """The API's StatusReason."""
        return imports.REVIEW if (self.proposal.request.kind, self.failure) == ("IMPORT", None) else self.failure

    @property
    def execution_status(self) -> str:
        """The API's ExecutionStatus. Any later operation of the stack makes the change set OBSOLETE."""
        if self.executed:
            operation = self.root.operation
            return EXECUTED["IN_PROGRESS" if operation is None else operation.status]
        if self.failure is not None:
            return "UNAVAILABLE"
        return "AVAILABLE" if self.stack.status.operations == self.proposal.operations else "OBSOLETE"


def create(space: Space, stack_name: str, submission: Submission, request: Request) -> ChangeSet:
    """Make a change set, and for CREATE and IMPORT the stack if there is none; CloudFormationError refuses that."""
    stack = space.find(stack_name)
    if stack is None or (request.kind == "UPDATE" and stack.status.name == "DELETE_COMPLETE"):
        if request.kind == "UPDATE" or stack_name.startswith("arn:"):
            raise ValidationError(f"Stack [{stack_name}] does not exist")
        stack = Stack(space.new_identity(stack_name), request.settings or Settings())
    elif request.kind == "CREATE" and stack.status.name != "REVIEW_IN_PROGRESS":
        text = f"Stack [{stack_name}] already exists and cannot be created again with the changeSet [{request.name}]."
        raise ValidationError(text)
    else:
        stack.check_ready(request.kind)
    return propose(stack, submission, request)


def propose(stack: Stack, submission: Submission, request: Request, parent: ChangeSet | None = None) -> ChangeSet:
    """Make a change set for a stack; CloudFormationError refuses the request.

    `parent` is the change set of the stack that this one is nested in, if that one makes it.
    """
    space = stack.space
    for known in (one.proposal.request.identity for one in of_stack(space, stack) if one.name == request.name):
        other = [name for name, value in request.identity.items() if known.get(name) != value]
        why = f" due to a mismatch with existing attribute {other[0]}" if other else ": it already exists"
        raise CloudFormationError("AlreadyExistsException", f"ChangeSet {request.name} cannot be created{why}")
    if request.settings is not None:
        space.check_role(request.settings.role_arn)
    change_set_id = space.new_arn("changeSet", request.name)
    proposal, failure = _propose(stack, submission, request, change_set_id)
    stack.steps.events.token = None
    operation = stack.steps.events.begin("CREATE_CHANGESET", change_set_id)
    if stack.status.name == "CREATE_PENDING":
        stack.enter_review()
    if request.validate and failure is None:
        operation.invalid.extend(validation.validate(stack.identity, proposal.plan))
        failure = validation.summary(operation.invalid) if operation.invalid else None
    operation.end(failed=failure is not None)
    change_set = ChangeSet(stack, proposal, failure, parent=parent)
    space.change_sets[change_set_id] = change_set
    return change_set


def _propose(stack: Stack, submission: Submission, request: Request, change_set_id: str) -> tuple[Proposal, str | None]:
    definition = define(submission, stack, for_change_set=True)
    if definition.failure is not None:
        options = Options(change_set_id=change_set_id)
        return Proposal(request, definition, options, {}, stack.status.operations), definition.failure
    stack.check_types(definition)
    if request.resources_to_import and request.kind != "IMPORT":
        raise ValidationError(f"ResourcesToImport needs the ChangeSetType IMPORT, not {request.kind}.")
    existing: imports.Models = imports.find_existing(definition, stack) if request.import_existing else {}
    is_import = request.kind == "IMPORT"
    given: imports.Models = imports.to_import(request.resources_to_import, definition, stack) if is_import else {}
    on_failure = request.on_failure or "ROLLBACK"
    if on_failure == "DELETE" and request.kind != "CREATE":
        raise ValidationError(f"OnStackFailure DELETE needs the ChangeSetType CREATE, not {request.kind}.")
    options = Options(on_failure=on_failure, imports=given | existing, change_set_id=change_set_id)
    identifiers = imports.identifiers(given | existing, definition, stack)
    plan = make_plan(stack.identity, stack.contents, definition, identifiers)
    if is_import:
        imports.refuse_other_changes(plan, definition)
    failure = imports.failure(given, existing, definition, stack)
    if failure is not None:
        plan = {}
    elif request.kind == "UPDATE" and not stack.differs(definition) and not has_nested_stacks(definition):
        failure = NO_UPDATES if definition.template.expanded_by else UNCHANGED
        plan = {}
    return Proposal(request, definition, options, plan, stack.status.operations), failure


def of_stack(space: Space, stack: Stack) -> list[ChangeSet]:
    """Return the change sets of a stack that were not executed, oldest first."""
    return [one for one in space.change_sets.values() if one.stack is stack and not one.executed]


def find(space: Space, name: str, stack_name: str | None) -> ChangeSet:
    """Return a change set by its ARN, which finds an executed one too, or by its name and its stack.

    A CloudFormationError says which of them doesn't exist, or that the stack is not given.
    """
    if name.startswith("arn:"):
        found = space.change_sets.get(name)
    elif stack_name is None:
        raise ValidationError("StackName must be specified if ChangeSetName is not specified as an ARN.")
    else:
        found = next((one for one in of_stack(space, space.named(stack_name)) if one.name == name), None)
    if found is None:
        raise CloudFormationError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
    return found


def delete(space: Space, change_set: ChangeSet) -> None:
    """Delete a change set and those of nested stacks, with nested stacks that have nothing else yet; or refuse it."""
    if change_set.executed:
        text = f"Cannot delete ChangeSet in execution status {change_set.execution_status}"
        raise CloudFormationError("InvalidChangeSetStatus", text)
    space.change_sets.pop(change_set.change_set_id, None)
    for child in change_set.children.values():
        delete(space, child)
        if child.stack.status.name == "REVIEW_IN_PROGRESS":
            child.stack.delete(nested=True)


def execute(
    change_set: ChangeSet,
    *,
    disable_rollback: bool | None = None,
    retain_except_on_create: bool = False,
    token: str | None = None,
) -> None:
    """Start the operation of a change set; a CloudFormationError says that it, or its stack's status, forbids that.

    With `disable_rollback`, the resources stay as they are after a failure; None leaves it as it was proposed. With
    `retain_except_on_create`, a rollback deletes new resources whose DeletionPolicy is Retain.
    """
    if change_set.parent is not None:
        text = f"ChangeSet [{change_set.change_set_id}] is that of a nested stack. Execute the root change set"
        raise ValidationError(f"{text} [{change_set.root.change_set_id}].")
    status = change_set.execution_status
    if status != "AVAILABLE":
        state = status if change_set.failure is None else change_set.status
        text = f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of [{state}]"
        raise CloudFormationError("InvalidChangeSetStatus", text)
    proposal = change_set.proposal
    if disable_rollback is not None and proposal.request.on_failure is not None:
        text = "Either DisableRollback or OnStackFailure can be specified, but not both. Validation error as"
        raise ValidationError(f"{text} OnStackFailure parameter was specified during CreateChangeSet.")
    options = replace(proposal.options, retain_except_on_create=retain_except_on_create, token=token)
    if disable_rollback:
        options = replace(options, on_failure="DO_NOTHING")
    stack, request = change_set.stack, proposal.request
    stack.check_can_begin(request.kind, options)
    _set_executed(change_set)
    count = len(stack.steps.events.operations)
    stack.change(request.kind, proposal.definition, options, request.settings)
    change_set.operation = stack.steps.events.operations[count]
    for other in of_stack(stack.space, stack):
        delete(stack.space, other)


def _set_executed(change_set: ChangeSet) -> None:
    change_set.executed = True
    for child in change_set.children.values():
        _set_executed(child)
