"""SageMaker in the sandbox: the rules that moto lacks, the types of AWS's that surround a definition, and the demo."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from cfn_sandbox.plugins import Option, Plugin

if TYPE_CHECKING:
    from cfn_sandbox import Account
    from tools.sagemaker.rules import Fault


def account(
    port: int = 0,
    region: str = "us-east-1",
    tag_lag: int = 0,
    faults: "Sequence[Fault]" = (),
    *,
    strict: bool = False,
    reserved: str | None = None,
) -> "Account":
    """Return an account with SageMaker's rules, not yet open.

    Args:
        port: as for `Account`.
        region: as for `Account`.
        tag_lag: as for `rules.rules`.
        faults: as for `rules.rules`.
        strict: as for `rules.rules`.
        reserved: as for `Account`.
    """
    # moto is slow to import, and the command line imports this module for its options alone.
    from cfn_sandbox import Account  # noqa: PLC0415
    from tools.sagemaker import rules  # noqa: PLC0415

    return Account(port, region, [rules.rules(tag_lag, faults, strict=strict)], reserved=reserved)


def _rules(*, strict: bool) -> AbstractContextManager[None]:
    from tools.sagemaker import rules  # noqa: PLC0415 - as above

    return rules.rules(strict=strict)


plugin = Plugin(_rules, (Option("strict", "SageMaker refuses a role it can't assume and a missing endpoint"),))
