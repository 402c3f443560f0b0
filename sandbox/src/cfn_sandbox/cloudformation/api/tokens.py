"""Client tokens: a request that a client sends again, with the token of the first one, is carried out once.

Source: ClientRequestToken of CreateStack, UpdateStack, DeleteStack, ExecuteChangeSet, ContinueUpdateRollback and
RollbackStack, ClientToken of CreateChangeSet, and TokenAlreadyExistsException in the API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import wraps
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cfn_sandbox.cloudformation.errors import CloudFormationError

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.api.service import Answer, Call, Operation
    from cfn_sandbox.cloudformation.stacks.space import Space

Requests = dict[tuple[str, str, str], tuple["Call", "Future[Answer]"]]  # by operation, stack and token

_requests: WeakKeyDictionary[Space, Requests] = WeakKeyDictionary()


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
            key = (operation.__name__, call.parameters.get("StackName", ""), token)
            requests = _requests.setdefault(call.space, {})
            own: Future[Answer] = Future()
            first, answered = requests.setdefault(key, (call, own))
            if answered is own:
                return _carry_out(operation, call, own, lambda: requests.pop(key))
            if dict(first.parameters) != dict(call.parameters):
                text = f"The client request token {token} already exists: it was given with another request."
                raise CloudFormationError("TokenAlreadyExistsException", text)
            return answered.result()

        return answer

    return decorate


def _carry_out(operation: Operation, call: Call, own: Future[Answer], forget: Callable[[], object]) -> Answer:
    try:
        answer = operation(call)
    except BaseException as error:
        forget()
        own.set_exception(error)
        raise
    own.set_result(answer)
    return answer
