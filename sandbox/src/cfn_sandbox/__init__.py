"""An AWS account on this machine, for CloudFormation resource types in Python: without Docker, gone when it ends.

    from cfn_sandbox import Account

    with Account() as account:
        account.registry.add(schema, invoke)
        account.client("cloudformation").create_stack(StackName="s", TemplateBody=template)

Public are the names in a module's `__all__`. Everything else is internal and can change at any time.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account as Account

__all__ = ["Account", "PackagerError", "SandboxError"]


class SandboxError(Exception):
    """An error that the user can act on. Its text is the whole message, shown without a traceback."""


class PackagerError(SandboxError):
    """A package can't be built. The text is the whole reason."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the signature that Python defines
    """Import Account when it is first used: moto takes a second to import, which most commands don't need."""
    if name == "Account":
        from cfn_sandbox.account.account import Account  # noqa: PLC0415 - see above

        return Account
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
