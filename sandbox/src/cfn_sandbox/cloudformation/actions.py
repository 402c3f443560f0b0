"""Adds to moto's CloudFormation API the actions that it lacks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import xform_name
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

JSON = dict[str, Any]
Action = Callable[[JSON, str, str], JSON]
"""Takes an action's parameters (named as in botocore), the account and the region; returns the answer."""


@contextmanager
def add_actions(actions: Mapping[str, Action]) -> Iterator[None]:
    """Add actions to moto until the context ends. moto parses requests and writes answers by botocore's model.

    Args:
        actions: the actions by their names in the API.
    """
    names = {xform_name(name): action for name, action in actions.items()}
    previous = {name: vars(CloudFormationResponse).get(name) for name in names}
    for name, action in names.items():
        setattr(CloudFormationResponse, name, _as_method(action))
    try:
        yield
    finally:
        for name, method in previous.items():
            if method is None:
                delattr(CloudFormationResponse, name)
            else:
                setattr(CloudFormationResponse, name, method)


def _as_method(action: Action) -> Callable[[CloudFormationResponse], ActionResult]:
    return lambda response: ActionResult(action(response.params, response.current_account, response.region))
