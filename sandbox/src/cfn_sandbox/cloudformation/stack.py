"""A stack whose operations run in the background and roll back.

moto's stacks don't roll back, don't replace resources and ignore dependency order, and CreateStack returns only at the
end. These stacks behave like CloudFormation's: an operation runs in the background and reports its outcome in the
stack's status, reason and events. It handles one resource at a time and stops at the first failure.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError

from cfn_sandbox.cloudformation import moto_templates as templates
from cfn_sandbox.cloudformation import operations, parameters
from cfn_sandbox.cloudformation.resource import AnyResource, Definition, Place, ResourceFailure
from cfn_sandbox.cloudformation.resources import Resources

AT_REST = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)
FAILED_WITHOUT_ROLLBACK = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})  # an operation failed with rollback disabled
NOT_CREATED = frozenset({"CREATE_PENDING", "REVIEW_IN_PROGRESS"})
READY = {"CREATE": NOT_CREATED, "UPDATE": AT_REST | FAILED_WITHOUT_ROLLBACK, "IMPORT": AT_REST | NOT_CREATED}

_start_lock = threading.Lock()  # held while deciding whether an operation can begin


@dataclass(frozen=True)
class DesiredStack:
    """The desired state of a stack, and what to do if an operation can't reach it.

    Attributes:
        text: the template as the user wrote it.
        template: the parsed template with its macros expanded.
        parameters: the values given for the template's parameters.
        tags: the stack's tags.
        imports: the resources to import: by logical id, the properties that identify each.
        on_failure: ROLLBACK, DO_NOTHING (keep the resources as they are) or, for a new stack, DELETE.
    """

    text: str
    template: Definition
    parameters: dict[str, str]
    tags: dict[str, str]
    imports: Mapping[str, Definition] = field(default_factory=dict)
    on_failure: str = "ROLLBACK"


class Stack(models.Stack):
    """A stack whose operations run in the background and roll back; it replaces moto's."""

    resource_map: Resources
    stack_status_reason: str | None = None
    last_updated_time: datetime | None = None
    deletion_time: datetime | None = None
    operation_count = 0  # how many were started: a change set is valid only until the next operation
    _stable: tuple[Resources, DesiredStack] | None = (
        None  # the state that a rollback returns to; None if the stack is new
    )
    _not_rolled_back: Resources | None = (
        None  # the resources of an operation that is not, or not completely, rolled back
    )
    drift_information: dict[str, Any] = {"StackDriftStatus": "NOT_CHECKED"}  # noqa: RUF012 - drift.py replaces the dict

    @property
    def backend(self) -> models.CloudFormationBackend:
        """The backend of moto's CloudFormation for the stack's account and region."""
        return models.cloudformation_backends[self.account_id][self.region_name]

    @property
    def stack_resources(self) -> AnyResource:
        """The resources that exist now. moto's property would create missing ones."""
        return list(self.resource_map.live.values())

    @property
    def parameter_values(self) -> dict[str, str]:
        """The parameter values, defaults included. The value of an SSM parameter is a name in Parameter Store."""
        return parameters.with_defaults(self.parameters, self.template_dict)

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """The parameters as DescribeStacks shows them. moto finds NoEcho parameters by value instead of by name."""
        return parameters.described(self.parameters, self.template_dict, self.resource_map.resolved_parameters)

    @staticmethod
    def parse_template(template: str) -> Definition:
        """Parse a template with this sandbox's parser instead of moto's."""
        return templates.parse(template)

    def _create_resource_map(self) -> Resources:
        return self.resources({}, {}, {})

    def _create_output_map(self) -> parsing.OutputMap:
        return parsing.OutputMap(self.resource_map, {}, self.stack_id)  # no outputs until the resources exist

    def resources(
        self,
        template: Definition,
        values: dict[str, str],
        tags: dict[str, str],
        imports: Mapping[str, Definition] | None = None,
    ) -> Resources:
        """Return the resources of a template in this stack, without creating any.

        Raises:
            ValidationError: the template is refused.
        """
        place = Place(self.account_id, self.region_name, self.stack_id, self.name)
        return Resources(
            place, template, values, tags, exports=self.backend.exports, add_event=self.add_event, imports=imports
        )

    def differs(self, resources: Resources) -> bool:
        """Return whether an update would change the template, the resolved parameters or the tags."""
        current = self.resource_map
        return (resources.template, resources.resolved_parameters, resources.tags) != (
            current.template,
            current.resolved_parameters,
            self.tags,
        )

    def change(self, action: str, desired: DesiredStack) -> None:
        """Start a create, update or import operation.

        Args:
            action: CREATE, UPDATE or IMPORT.
            desired: the desired state.

        Raises:
            ValidationError: the template is refused, or the stack's status doesn't allow the operation.
        """
        resources = self.resources(desired.template, desired.parameters, desired.tags, desired.imports)
        with _start_lock:
            self._check_can_begin(action, desired)
            if action == "UPDATE" and self.status not in FAILED_WITHOUT_ROLLBACK and not self.differs(resources):
                raise ValidationError(message="No updates are to be performed.")
            types = {
                key: definition["Type"]
                for key, definition in self.resource_map.resolved.items()
                if key in self.resource_map.live
            }
            changed_types = [
                key for key, new in desired.template["Resources"].items() if types.get(key, new["Type"]) != new["Type"]
            ]
            if changed_types:
                text = "Update of resource type is not permitted. The new template modifies resource type of"
                raise ValidationError(message=f"{text}: {changed_types}")
            before = self.resource_map
            if self.status in NOT_CREATED:
                self._set_state(resources, desired)  # new resources can be listed, and deleted if a rollback fails
            self._begin_operation(action)
        operations.begin(f"{action} {self.name}", partial(self._deploy, action, resources, before, desired))

    def enter_review(self) -> None:
        """Register a new stack as REVIEW_IN_PROGRESS, so that it can have change sets before it is created."""
        self.backend.stacks[self.stack_id] = self
        self._set_status("REVIEW_IN_PROGRESS", "User Initiated")

    def _check_can_begin(self, action: str, desired: DesiredStack) -> None:
        if self.status not in READY[action]:
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state and can not be updated.")
        if self.status in FAILED_WITHOUT_ROLLBACK and desired.on_failure != "DO_NOTHING":
            text = (
                "To update the stack from this state, please use the disable-rollback parameter with update-stack API."
            )
            text += " To rollback to the last known good state, use the rollback-stack API."
            raise ValidationError(message=f"This stack is currently in a non-terminal [{self.status}] state. {text}")

    def _deploy(self, action: str, resources: Resources, before: Resources, desired: DesiredStack) -> None:
        try:
            resources.deploy(before)
            output_map = parsing.OutputMap(resources, resources.template, self.stack_id)
            self._update_exports(output_map)
        except Exception as error:  # noqa: BLE001 - moto raises any exception for an output; the stack must roll back
            self._fail(action, resources, desired, str(error))
            return
        self._set_state(resources, desired)
        self.output_map, self._stable, self._not_rolled_back = output_map, (resources, desired), None
        if action == "UPDATE":
            self._set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            resources.clean_up()
        self._set_status(f"{action}_COMPLETE")

    def _set_state(self, resources: Resources, desired: DesiredStack) -> None:
        self.template, self.template_dict = desired.text, desired.template
        self.description = desired.template.get("Description")
        self.parameters, self.tags, self.resource_map = desired.parameters, desired.tags, resources

    def _fail(self, action: str, resources: Resources, desired: DesiredStack, reason: str) -> None:
        if desired.on_failure == "DO_NOTHING" and action != "IMPORT":
            resources.keep()
            self._set_state(resources, desired)
            self._not_rolled_back = resources
            self._set_status(f"{action}_FAILED", reason)
        elif desired.on_failure == "DELETE" and action == "CREATE":
            self._set_status("DELETE_IN_PROGRESS", reason)
            self._delete()
        else:
            self._roll_back("ROLLBACK" if action == "CREATE" else f"{action}_ROLLBACK", resources, reason)

    def _roll_back(self, name: str, resources: Resources, reason: str | None, skipped: Collection[str] = ()) -> None:
        if self.status != f"{name}_IN_PROGRESS":
            self._set_status(f"{name}_IN_PROGRESS", reason)
        try:
            resources.roll_back(skipped)
        except ResourceFailure as failure:
            self._not_rolled_back = resources
            self._set_status(f"{name}_FAILED", f"{reason} {failure}" if reason else str(failure))
            return
        self._not_rolled_back = None
        if self._stable:
            self._set_state(*self._stable)
        self._set_status(f"{name}_COMPLETE", reason)

    def roll_back(self, ready: Collection[str], skipped: Collection[str] = ()) -> None:
        """Start to undo a failed operation, or continue a rollback that failed.

        Args:
            ready: the statuses in which this is allowed.
            skipped: the logical ids of resources that are left as they are.

        Raises:
            ValidationError: the stack has another status.
        """
        with _start_lock:
            if self.status not in ready or self._not_rolled_back is None:
                raise ValidationError(
                    message=f"Stack:{self.stack_id} is in {self.status} state and can not be rolled back."
                )
            name = "UPDATE_ROLLBACK" if self._stable else "ROLLBACK"
            self._set_status(f"{name}_IN_PROGRESS", "User Initiated")
        operations.begin(f"{name} {self.name}", partial(self._roll_back, name, self._not_rolled_back, None, skipped))

    def _update_exports(self, output_map: parsing.OutputMap) -> None:
        _ = list(output_map.values())  # resolves the outputs
        exports = {export.name: export for export in output_map.exports}
        for name in exports.keys() & self.backend.exports.keys():
            if self.backend.exports[name].exporting_stack_id != self.stack_id:
                raise ValidationError(message=f"Export with name {name} is already exported by another stack")
        self._remove_exports()
        self.backend.exports.update(exports)

    def _remove_exports(self) -> None:
        for export in list(self.backend.exports.values()):
            if export.exporting_stack_id == self.stack_id:
                del self.backend.exports[export.name]

    def delete(self, retained: Collection[str] = (), *, force: bool = False) -> None:
        """Start to delete the stack; do nothing if it is being deleted already.

        Args:
            retained: the logical ids of resources to keep.
            force: whether to skip resources that can't be deleted, instead of failing.

        Raises:
            ValidationError: the stack's status or its termination protection doesn't allow the operation.
        """
        with _start_lock:
            if self.status == "DELETE_IN_PROGRESS":
                return
            if self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS":
                text = f"Stack:{self.stack_id} is in {self.status} state; wait until that is over."
                raise ValidationError(message=text)
            if self.enable_termination_protection:
                text = f"Stack [{self.name}] cannot be deleted while TerminationProtection is enabled"
                raise ValidationError(message=text)
            if retained and self.status != "DELETE_FAILED":
                text = f"Invalid operation on stack [{self.stack_id}]. Specify which resources to retain only"
                raise ValidationError(message=f"{text} when the stack is in the DELETE_FAILED state.")
            self._begin_operation("DELETE")
        operations.begin(f"DELETE {self.name}", partial(self._delete, retained, force=force))

    def _delete(self, retained: Collection[str] = (), *, force: bool = False) -> None:
        if self._not_rolled_back and self._not_rolled_back is not self.resource_map:
            self.resource_map.also_delete(self._not_rolled_back)
        try:
            self.resource_map.delete(retained, force=force)
        except ResourceFailure as failure:
            self._set_status("DELETE_FAILED", str(failure))
            return
        self._remove_exports()
        self.output_map = self._create_output_map()
        self.deletion_time = datetime.now(UTC)
        self.backend.stacks.pop(self.stack_id, None)
        self.backend.deleted_stacks[self.stack_id] = self
        self._set_status("DELETE_COMPLETE")

    def _begin_operation(self, action: str) -> None:
        """Count a new operation and set the stack's IN_PROGRESS status."""
        self.operation_count += 1
        if action == "UPDATE":
            self.last_updated_time = datetime.now(UTC)
        self.backend.stacks.setdefault(self.stack_id, self)
        self._set_status(f"{action}_IN_PROGRESS", "User Initiated")

    def _set_status(self, status: str, reason: str | None = None) -> None:
        self._add_stack_event(status, reason)
        self.stack_status_reason = reason
        self.status = status

    def add_event(
        self, status: str, logical_id: str, kind: str, resource: AnyResource = None, reason: str | None = None
    ) -> None:
        """Add a resource's event. Unlike CloudFormation's, it leaves out the properties."""
        physical_id = str(getattr(resource, "physical_resource_id", None) or "")
        self.events.append(models.Event(self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None))
