"""The rules of exports: a name is exported once, and what is in use is neither changed nor deleted.

The words are those that users quote.
"""

from __future__ import annotations

from collections.abc import Iterable

from cfn_sandbox.cloudformation.errors import ValidationError
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.state import Identity
from cfn_sandbox.cloudformation.templates.outputs import Output


def check(space: Space, identity: Identity, outputs: Iterable[Output]) -> None:
    """Refuse outputs whose exports another stack has, or that take away what another stack uses.

    Args:
        space: the stack's account and region.
        identity: the stack that exports.
        outputs: its new outputs.

    Raises:
        ValidationError: in CloudFormation's words.
    """
    after = {str(output.export): str(output.value) for output in outputs if output.export is not None}
    for name, export in space.exports().items():
        if export.stack.identity.stack_id != identity.stack_id:
            if name in after:
                owner = export.stack.identity.name
                raise ValidationError(f"Export with name {name} is already exported by stack {owner}.")
        elif after.get(name) != export.value and (users := _users(space, name)):
            verb = "updated" if name in after else "deleted"
            raise ValidationError(f"Export {name} cannot be {verb} as it is in use by {users}")


def check_deletion(space: Space, identity: Identity) -> None:
    """Refuse the deletion of a stack whose exports another stack uses.

    Raises:
        ValidationError: in CloudFormation's words.
    """
    for name, export in space.exports().items():
        if export.stack.identity.stack_id == identity.stack_id and (users := _users(space, name)):
            raise ValidationError(f"Delete canceled. Cannot delete export {name} as it is in use by {users}.")


def _users(space: Space, name: str) -> str:
    return " and ".join(stack.identity.name for stack in space.importers(name))
