"""The one code that each failure must have, derived from the calls of the invocation that failed.

It states the rules of guides/proof.md once more, from the outside: what each call was answered, not what the handlers
made of it. A call without an answer that counts is followed by another attempt, or its code is the failure's. If the
last call was answered well, then what it says is the reason, or no time was left for the next one.
"""

from collections.abc import Sequence
from typing import Literal

from tests.faults.fault import UNSENT
from tests.faults.network import Call
from tests.faults.table import CODE_OF
from tests.faults.world import RETRIABLE, Invocation, Outcome

CREATE = "CreateModelQualityJobDefinition"
DESCRIBE = "DescribeModelQualityJobDefinition"
DELETE = "DeleteModelQualityJobDefinition"
LIST_TAGS = "ListTags"
WRITES = ("AddTags", "DeleteTags")

# The handlers read no members from the answers to these, so one that is empty, or cut after its status, looks like
# success. SageMaker does not give such an answer before the call takes effect. (AddTags returns tags of another type in
# the garbage, which botocore can't parse.) A refusal that is cut keeps its status.
MEMBERLESS = (*WRITES, DELETE)
CUT = ("cut-in-headers", "cut-in-body")
EMPTY = (*CUT, "204", "empty", "garbage")

LOOKS_AT_OLD_REPLICAS = 4
"""How often a definition must be missing until DELETE and UPDATE believe that it is."""


def problem_of(call: Call) -> str | None:
    """Return the code for a call that failed; None if it was answered well."""
    fault = call.fault.name if call.fault else None
    if fault not in UNSENT and not call.was_heard:
        return "NetworkFailure"
    if fault is None:
        refusals = {DESCRIBE: "NotFound", DELETE: "NotFound", CREATE: "ResourceConflict"}
        return None if call.took_effect else refusals.get(call.operation, "InvalidRequest")
    is_refusal = fault in CUT and not call.took_effect
    looks_like_success = call.operation in MEMBERLESS and fault in EMPTY and not is_refusal
    if looks_like_success and (call.operation, fault) != ("AddTags", "garbage"):
        return None
    return CODE_OF[fault]


Name = Literal["generated", "user-provided", "foreign"]
"""What a CREATE's name is. A foreign name is a generated one that somebody else's definition has."""


def check_codes(outcome: Outcome, name: Name = "generated") -> None:
    """Check that every failure of an operation, those that CloudFormation retries included, has its one code.

    Args:
        outcome: The operation.
        name: What a CREATE's name is.
    """
    is_callback = False
    for invocation in outcome.invocations:
        if invocation.answer["status"] == "FAILED":
            expected = _expected_code(invocation, name, is_callback=is_callback)
            actual = invocation.answer["errorCode"]
            assert actual == expected, f"{actual} is not {expected}:\n{outcome}\n{invocation.calls}"
        is_callback = invocation.answer["status"] == "IN_PROGRESS"


def _expected_code(failed: Invocation, name: Name, *, is_callback: bool) -> str:
    if failed.action == "CREATE":
        return _of_create(failed.calls, name)
    if failed.action == "UPDATE":
        return _of_update(failed.calls, is_callback=is_callback)
    return _of_delete(failed.calls) if failed.action == "DELETE" else _of_reads(failed.calls)


def _of_reads(calls: Sequence[Call], *, at_the_end: str = "NetworkFailure") -> str:
    """Return the code after Describe, ListTags or List.

    Args:
        calls: The calls.
        at_the_end: The code if all were answered well: no time for the next call, unless it says something else.
    """
    if not calls:
        return "NetworkFailure"
    problem, last = problem_of(calls[-1]), calls[-1].operation
    if last == LIST_TAGS and problem == "InvalidRequest":
        return "NetworkFailure"  # Describe would have followed
    if problem:
        return problem
    if last == DESCRIBE and any(call.operation == LIST_TAGS for call in calls):
        return "ServiceInternalError"  # the replica of the tags is old
    return at_the_end if last == LIST_TAGS else "NetworkFailure"


def _of_update(calls: Sequence[Call], *, is_callback: bool) -> str:
    writes = [n for n, call in enumerate(calls) if call.operation in WRITES]
    if not writes:
        return _of_reads(calls, at_the_end="NotStabilized" if is_callback else "NetworkFailure")
    problem, later = problem_of(calls[writes[-1]]), calls[writes[-1] + 1 :]
    if problem == "InvalidRequest":  # is the definition gone?
        return _of_reads(later, at_the_end="InvalidRequest")
    if problem is None:
        return "NetworkFailure"
    return _of_doubt(later) if later else problem


def _of_delete(calls: Sequence[Call]) -> str:
    if not calls:
        return "NetworkFailure"
    deletions = [n for n, call in enumerate(calls) if call.operation == DELETE]
    later = calls[deletions[-1] + 1 :] if deletions else calls
    return _of_doubt(later) if later else str(problem_of(calls[-1]))


def _of_doubt(looks: Sequence[Call]) -> str:
    """Return the code after Describe was to show whether the definition is still the same one."""
    problem = problem_of(looks[-1])
    if problem == "NotFound":
        missing = sum(problem_of(look) == "NotFound" for look in looks)
        return "NotFound" if missing == LOOKS_AT_OLD_REPLICAS else "NetworkFailure"
    if problem is None:
        return "NetworkFailure"
    return problem if problem in RETRIABLE else "ServiceInternalError"


def _of_create(calls: Sequence[Call], name: Name) -> str:
    creations = [call for call in calls if call.operation == CREATE]
    looks = calls[len(creations) :]
    problem = problem_of(creations[-1]) if creations else None
    is_found = _shows_a_definition(looks)
    if name == "foreign" and is_found:
        return "AlreadyExists"
    if name == "user-provided" and problem:
        is_taken = creations[-1].fault is None and problem == "ResourceConflict"
        return "AlreadyExists" if is_taken or is_found else problem
    return _of_reads(looks, at_the_end="NotStabilized") if is_found or not problem else problem


def _shows_a_definition(looks: Sequence[Call]) -> bool:
    """Return whether the last look at a definition found one."""
    described, is_missing_tags = False, False
    for look in looks:
        if look.operation == DESCRIBE and not is_missing_tags:
            described = problem_of(look) is None
        is_missing_tags = look.operation == LIST_TAGS and problem_of(look) == "InvalidRequest"
    return described
