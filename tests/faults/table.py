"""Tables of faults as text, read into the parameters of a test.

Bars separate the columns. A line that begins with # is a heading or a remark. A cell of faults names faults or groups:

    UNSENT       no connection was made                     nothing has happened
    THROTTLED    the service throttles the request          nothing has happened, and a retry may help
    REFUSED      the service refuses the request            nothing has happened, and no retry will help
    FAILED       the service reports its own failure        the call may have taken effect
    CUT          no answer arrives, or only a part of it    the call may have taken effect
    UNREADABLE   the answer is not the service's            the call may have taken effect

A cell of an answer is SUCCESS, or FAILED and a code. With "+ model" the failure must name the resource, without it the
failure must not. "its code" is the code that CODE_OF has for the fault.
"""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

from tests.faults import fault
from tests.faults.fault import Fault
from tests.faults.world import Outcome, World
from tools.envelopes import Json

GROUPS: dict[str, tuple[str, ...]] = {
    "UNSENT": tuple(fault.UNSENT),
    "THROTTLED": ("throttled", "429"),
    "REFUSED": ("denied", "expired", "unknown", "invalid", "quota"),
    "FAILED": tuple(fault.FAILED),
    "CUT": fault.CUT,
    "UNREADABLE": fault.UNREADABLE,
    "-": ("-",),
}

CODE_OF: dict[str, str] = {
    "unreachable": "NetworkFailure",
    "connect-timeout": "NetworkFailure",
    "unresolved": "NetworkFailure",
    "no-tls": "NetworkFailure",
    "throttled": "Throttling",
    "429": "Throttling",
    "denied": "AccessDenied",
    "expired": "InvalidCredentials",
    "unknown": "GeneralServiceException",
    "invalid": "InvalidRequest",
    "quota": "ServiceLimitExceeded",
    "500": "ServiceInternalError",
    "503": "ServiceInternalError",
    "silence": "NetworkFailure",
    "reset": "NetworkFailure",
    "closed": "NetworkFailure",
    "cut-in-status": "NetworkFailure",
    # What arrived is not SageMaker's answer.
    "cut-in-headers": "ServiceInternalError",
    "cut-in-body": "ServiceInternalError",
    "204": "ServiceInternalError",
    "302": "ServiceInternalError",
    "html": "ServiceInternalError",
    "empty": "ServiceInternalError",
    "garbage": "ServiceInternalError",
}

CALLS: dict[str, Collection[int]] = {
    "once": (1,),
    "twice": (1, 2),
    "always": range(1, 1000),
    "1st-3rd": (1, 2, 3),
    "1st-4th": (1, 2, 3, 4),
    "2nd-4th": (2, 3, 4),
}
CALLS |= {"from-2nd": range(2, 1000), "from-3rd": range(3, 1000)}


def rows(text: str, faults: int) -> list[Any]:
    """Return a parameter for each row and each fault that it names.

    Args:
        text: The table.
        faults: The column of the faults, counted from 0. The fault "-" means none.
    """
    lines = (line.strip() for line in text.strip().splitlines())
    return [
        pytest.param(*row, id=", ".join(row))
        for line in lines
        if line and not line.startswith("#")
        for row in _expand_groups([cell.strip() for cell in line.split("|")], faults)
    ]


def _expand_groups(cells: list[str], faults: int) -> Iterator[list[str]]:
    for group in cells[faults].split():
        for name in GROUPS.get(group, (group,)):
            yield [*cells[:faults], name, *cells[faults + 1 :]]


def planned_faults(name: str, operation: str, moment: str, calls: str) -> list[Fault]:
    """Return the faults that a row names."""
    if name == "-":
        return []
    assert moment in ("before", "after"), moment
    return [Fault(name, operation, moment, CALLS[calls])]  # type: ignore[arg-type]  # the assertion above checks it


def check(outcome: Outcome, expected: str, name: str) -> None:
    """Check that the last answer is what a row expects."""
    actual = " ".join(filter(None, [outcome.status, outcome.code]))
    if outcome.status == "FAILED" and outcome.model is not None:
        actual += " + model"
    assert actual == expected.replace("its code", CODE_OF.get(name, "")), f"got {actual}:\n{outcome}"


def roll_back(world: World, model: Json | None) -> None:
    """Delete the resource that the last answer named, as CloudFormation does in a rollback or with the stack."""
    world.plan()
    if model is not None:
        outcome = world.operate("DELETE", model)
        assert outcome.status == "SUCCESS" or outcome.code == "NotFound", outcome
