"""Client tokens: a request that a client sends again, with the token of the first one, is carried out once.

A repeated request is tried, and refused if the first one has done its work: the stack exists, the change set is gone,
there is nothing to update. Then it is answered as the first one was. So a token that a script always gives does no
harm: a stack that was deleted is created again.

Source: ClientRequestToken of CreateStack, UpdateStack, ExecuteChangeSet, ContinueUpdateRollback and RollbackStack,
ClientToken of CreateChangeSet, and TokenAlreadyExistsException in the API reference; for its text, a recording of AWS:
testdata/aws/cloudformation/lifecycle.json of radkawar/stackd.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cfn_sandbox.errors import CloudFormationError

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.space import Space
    from cfn_sandbox.protocols.service import Answer, Call, Operation


@dataclass
class _Request:
    call: Call
    answer: Future[Answer] = field(default_factory=Future)
    stack_id: str | None = None  # the stack that it was about; None while it is carried out


_requests: WeakKeyDictionary[Space, dict[tuple[str, str, str], _Request]] = WeakKeyDictionary()


def once(member: str) -> Callable[[Operation], Operation]:
    """Return a decorator of an operation that answers a repeated request as it has answered the first one.

    Args:
        member: the member of the input that has the token.
    """

    def decorate(operation: Operation) -> Operation:
        @wraps(operation)
        def answer(call: Call) -> Answer:
            token = call.parameters.get(member)
            if token is None:
                return operation(call)
            known = _requests.setdefault(call.space, {})
            key = (operation.__name__, call.parameters.get("StackName", ""), token)
            earlier = known.get(key)
            if earlier is not None and earlier.stack_id not in {None, _stack_id(call)}:
                earlier = None
            if earlier is not None and dict(earlier.call.parameters) != dict(call.parameters):
                text = f"The client request token {token} has already been used for this stack."
                text += " Retry the request with a different client request token"
                raise CloudFormationError("TokenAlreadyExistsException", text)
            own = _Request(call)
            if earlier is None:
                known[key] = own
            try:
                own.answer.set_result(operation(call))
            except BaseException as error:
                if earlier is not None and isinstance(error, CloudFormationError):
                    return earlier.answer.result()
                if earlier is None:
                    del known[key]
                    own.answer.set_exception(error)
                raise
            own.stack_id, known[key] = _stack_id(call), own
            return own.answer.result()

        return answer

    return decorate


def _stack_id(call: Call) -> str | None:
    stack = call.space.find(call.parameters.get("StackName", ""))
    return None if stack is None else stack.identity.stack_id
