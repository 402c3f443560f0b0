"""The rules of exports: a name is exported once, and what is in use is neither changed nor deleted.

The words are those that users quote.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfn_sandbox.cloudformation.errors import ValidationError
from cfn_sandbox.cloudformation.stacks.state import Identity
from cfn_sandbox.cloudformation.templates.outputs import Output


def check(identity: Identity, outputs: Iterable[Output]) -> None:
    """Refuse new outputs of a stack that export what another exports, or take away what one uses: ValidationError."""
    after = {str(output.export): str(output.value) for output in outputs if output.export is not None}
    for name, export in identity.space.exports().items():
        if export.stack.identity.stack_id != identity.stack_id:
            if name in after:
                owner = export.stack.identity.name
                raise ValidationError(f"Export with name {name} is already exported by stack {owner}.")
        elif after.get(name) != export.value and (users := _users(identity, name)):
            verb = "updated" if name in after else "deleted"
            raise ValidationError(f"Export {name} cannot be {verb} as it is in use by {users}")


def check_deletion(identity: Identity) -> None:
    """Refuse the deletion of a stack whose exports another stack uses: ValidationError."""
    for name, export in identity.space.exports().items():
        if export.stack.identity.stack_id == identity.stack_id and (users := _users(identity, name)):
            raise ValidationError(f"Delete canceled. Cannot delete export {name} as it is in use by {users}.")


def _users(identity: Identity, name: str) -> str:
    return " and ".join(stack.identity.name for stack in identity.space.importers(name))
