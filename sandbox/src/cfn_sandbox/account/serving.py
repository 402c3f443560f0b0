"""Puts CloudFormation and Cloud Control together, and has an account serve them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from cfn_sandbox import operations
from cfn_sandbox.account.front import CLOUD_CONTROL, CLOUDFORMATION, Front
from cfn_sandbox.account.services import MotoServices, identify
from cfn_sandbox.cloudcontrol.cloud_control import CloudControl
from cfn_sandbox.cloudformation.api import change_set_operations, descriptions, stack_operations, template_operations
from cfn_sandbox.cloudformation.stacks import space
from cfn_sandbox.cloudformation.stacks.events import STACK_TYPE
from cfn_sandbox.cloudformation.stacks.nested import NestedStackType
from cfn_sandbox.protocols.paging import page
from cfn_sandbox.protocols.service import Service
from cfn_sandbox.registry.registry import open_registry
from cfn_sandbox.resource_types import catalogue

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account
    from cfn_sandbox.account.layers import Layers
    from cfn_sandbox.protocols.service import Answer, Call
    from cfn_sandbox.registry.registry import Registry

# The registry's operations, and the members that have the items of its lists.
_TYPE_OPERATIONS = (
    *("register_type", "describe_type_registration", "describe_type", "set_type_default_version"),
    *("deregister_type", "test_type", "set_type_configuration", "batch_describe_type_configurations"),
)
_TYPE_LISTS = {
    "list_type_registrations": "RegistrationTokenList",
    "list_types": "TypeSummaries",
    "list_type_versions": "TypeVersionSummaries",
}


@contextmanager
def serve(
    account: Account, layers: Layers, reserved: str | None, *, tested: bool, validate_registered: bool = False
) -> Iterator[Registry]:
    """Have an account serve CloudFormation and Cloud Control; yield its registry.

    At the end, operations that still run are waited for, and stacks and types are forgotten.

    Args:
        account: the account, which answers requests already.
        layers: what answers its requests.
        reserved: a type name in a reserved namespace that RegisterType accepts, for the sandbox's own project.
        tested: whether a type must pass contract tests v2 and AWS's schema rules to be registered.
        validate_registered: whether pre-deployment validation covers registered types.
    """
    space_of = partial(space.find_space, services=MotoServices, validate_registered=validate_registered)
    with (
        catalogue.offered(STACK_TYPE, lambda: NestedStackType(space_of)),
        open_registry(account, operations.wait, reserved, tested=tested) as registry,
    ):
        modules = [stack_operations, change_set_operations, descriptions, template_operations]
        functions = [*modules, type_operations(registry)]
        services = {
            CLOUDFORMATION: Service("cloudformation", "CloudFormation", functions, account.region, space_of),
            CLOUD_CONTROL: Service("cloudcontrol", "Cloud Control", [CloudControl()], account.region, space_of),
        }
        try:
            with layers.layer(lambda application: Front(application, services, identify), space.clear):
                yield registry
        finally:
            operations.end()
            space.clear()
            catalogue.clear()


def type_operations(registry: Registry) -> object:
    """Return an object with the registry's operations as functions of a call, with their lists in pages."""

    def answer(name: str, call: Call) -> Answer:
        return getattr(registry, name)(call.parameters, (call.account, call.region))  # type: ignore[no-any-return]  # each has this signature

    def listed(name: str, items: str, call: Call) -> Answer:
        return page(call, items, cast("list[object]", answer(name, call)[items]))

    lists = {name: partial(listed, name, items) for name, items in _TYPE_LISTS.items()}
    return SimpleNamespace(**{name: partial(answer, name) for name in _TYPE_OPERATIONS}, **lists)
