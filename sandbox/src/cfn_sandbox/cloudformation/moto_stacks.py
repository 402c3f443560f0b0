"""The public functions of this package for stacks with registered resource types in moto's CloudFormation.

`install` replaces moto's stacks; `add_type` lets templates use a type.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from cfn_sandbox.cloudformation import catalogue, moto_patches, operations
from cfn_sandbox.cloudformation.catalogue import add_type, find_type, remove_type
from cfn_sandbox.cloudformation.operations import wait
from cfn_sandbox.cloudformation.stack import Stack

__all__ = ["Stack", "add_type", "find_type", "install", "remove_type", "wait"]


@contextmanager
def install() -> Iterator[None]:
    """Replace moto's stacks with these until the context ends, then wait for the operations that still run."""
    with moto_patches.install():
        try:
            yield
        finally:
            operations.end()
            catalogue.clear()
