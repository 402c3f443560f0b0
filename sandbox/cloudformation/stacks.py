"""The public functions of this package for stacks with registered resource types in moto's CloudFormation.

`installed` replaces moto's stacks; `add_type` lets templates use a type.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.cloudformation import catalogue, moto_patches, operations
from sandbox.cloudformation.catalogue import add_type, find_type, forget
from sandbox.cloudformation.operations import wait
from sandbox.cloudformation.stack import Stack

__all__ = ["Stack", "add_type", "find_type", "forget", "installed", "wait"]


@contextmanager
def installed() -> Iterator[None]:
    """Replace moto's stacks with these until the context ends, then wait for the operations that still run."""
    with moto_patches.installed():
        try:
            yield
        finally:
            operations.end()
            catalogue.clear()
