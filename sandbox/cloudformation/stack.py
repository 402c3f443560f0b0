"""A stack whose operations run in the background and roll back.

moto does not roll back, replace, or change things in order of dependence, and it answers CreateStack only when all is
done or broken. Here a stack does as CloudFormation's: an operation runs in the background, and its outcome is the
stack's status, reason and events.

Left out of CloudFormation: OnFailure, DisableRollback, rollback inside nested stacks, custom resources, IMPORT
change sets. An operation works on one resource at a time and stops at the first failure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError

from sandbox.cloudformation import operations
from sandbox.cloudformation.resources import Definition, Made, Place, ResourceFailure, Resources
from sandbox.cloudformation.templates import with_lists

READY = {
    "CREATE": {"CREATE_PENDING", "REVIEW_IN_PROGRESS"},
    "UPDATE": {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"},
}


class Stack(models.Stack):
    """A stack whose operations run in the background and roll back."""

    resource_map: Resources
    stack_status_reason: str | None = None
    drift_information: dict[str, Any] = {"StackDriftStatus": "NOT_CHECKED"}  # noqa: RUF012 - drift.py sets another one

    @property
    def backend(self) -> models.CloudFormationBackend:
        """The CloudFormation, moto's, of the stack's account and region."""
        return models.cloudformation_backends[self.account_id][self.region_name]

    @property
    def stack_resources(self) -> Made:
        """What exists now: moto's own would create what does not."""
        return list(self.resource_map.live.values())

    @staticmethod
    def parse_template(template: str) -> Definition:
        """The template, with lists for Fn::GetAtt: moto trips over a string, as in outputs that `cfn submit` sends."""
        if not template:
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        try:
            parsed: Definition = with_lists(super(Stack, Stack).parse_template(template))
        except ValueError as error:  # moto tries JSON last
            raise ValidationError(message=f"Template format error: neither YAML nor JSON. ({error})") from error
        return parsed

    def _create_resource_map(self) -> Resources:
        return self._resources(self.template_dict, self.parameters, self.tags)

    def _resources(self, template: Definition, parameters: dict[str, Any], tags: dict[str, str]) -> Resources:
        place = Place(self.account_id, self.region_name, self.stack_id, self.name)
        return Resources(place, template, parameters, tags, exports=self.backend.exports, note=self.note)

    def _create_output_map(self) -> parsing.OutputMap:
        return parsing.OutputMap(self.resource_map, {}, self.stack_id)  # there are none until the resources are there

    def change(self, action: str, template: str, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """Begin to create or update what the template says.

        Raises:
            ValidationError: the template is refused, or the stack's state allows no such operation.
        """
        if self.status not in READY[action]:
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state and can not be updated.")
        definition = self.parse_template(template)
        if action == "UPDATE" and (definition, parameters, tags) == (self.template_dict, self.parameters, self.tags):
            raise ValidationError(message="No updates are to be performed.")
        wanted = self._resources(definition, parameters, tags)
        changed = [key for key, new in definition["Resources"].items() if new["Type"] != self._type(key, new["Type"])]
        if changed:
            message = f"Update of resource type is not permitted. The new template modifies resource type of: {changed}"
            raise ValidationError(message=message)
        self._begin(action, partial(self._follow, action, wanted, template, tags))

    def _type(self, logical_id: str, otherwise: str) -> str:
        name: str = self.resource_map.resolved.get(logical_id, {}).get("Type", otherwise)
        return name

    def _follow(self, action: str, wanted: Resources, template: str, tags: dict[str, str]) -> None:
        before, rollback = self.resource_map, "ROLLBACK" if action == "CREATE" else "UPDATE_ROLLBACK"
        if action == "CREATE":
            self.resource_map = wanted  # what is there so far can be seen, and deleted should the rollback fail
        try:
            wanted.follow(before)
            output_map = parsing.OutputMap(wanted, wanted.template, self.stack_id)
            self._export(output_map)
        except Exception as error:  # noqa: BLE001 - moto raises anything for an output; the stack must roll back
            self._enter(f"{rollback}_IN_PROGRESS", str(error))
            try:
                wanted.roll_back()
            except ResourceFailure as failure:
                self._enter(f"{rollback}_FAILED", f"{error} {failure}")
            else:
                self._enter(f"{rollback}_COMPLETE", str(error))
            return
        self.template, self.template_dict, self.description = (
            template,
            wanted.template,
            wanted.template.get("Description"),
        )
        self.parameters, self.tags = wanted.input_parameters, tags
        self.resource_map, self.output_map = wanted, output_map
        if action == "UPDATE":
            self._enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            wanted.clean_up()
        self._enter(f"{action}_COMPLETE")

    def _export(self, output_map: parsing.OutputMap) -> None:
        _ = list(output_map.values())  # resolves them
        exports = {export.name: export for export in output_map.exports}
        for name in exports.keys() & self.backend.exports.keys():
            if self.backend.exports[name].exporting_stack_id != self.stack_id:
                raise ValidationError(message=f"Export with name {name} is already exported by another stack")
        self._withdraw_exports()
        self.backend.exports.update(exports)

    def _withdraw_exports(self) -> None:
        for export in list(self.backend.exports.values()):
            if export.exporting_stack_id == self.stack_id:
                del self.backend.exports[export.name]

    def delete(self) -> None:
        """Begin to delete the stack; nothing happens if that is under way already."""
        if self.status == "DELETE_IN_PROGRESS":
            return
        if self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state; wait until that is over.")
        self._begin("DELETE", self._delete)

    def _delete(self) -> None:
        try:
            self.resource_map.delete()
        except ResourceFailure as failure:
            self._enter("DELETE_FAILED", str(failure))
            return
        self._withdraw_exports()
        self.output_map = self._create_output_map()
        self.backend.stacks.pop(self.stack_id, None)
        self.backend.deleted_stacks[self.stack_id] = self
        self._enter("DELETE_COMPLETE")

    def _begin(self, action: str, work: Callable[[], None]) -> None:
        self._enter(f"{action}_IN_PROGRESS", "User Initiated")
        operations.begin(f"{action} {self.name}", work)

    def _enter(self, status: str, reason: str | None = None) -> None:
        self._add_stack_event(status, reason)
        self.stack_status_reason = reason
        self.status = status

    def note(self, status: str, logical_id: str, kind: str, resource: Made = None, reason: str | None = None) -> None:
        """Add a resource's event. It leaves the properties out, which CloudFormation would show."""
        physical_id = str(getattr(resource, "physical_resource_id", None) or "")
        self.events.append(models.Event(self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None))
