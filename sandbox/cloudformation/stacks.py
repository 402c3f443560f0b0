"""The public functions of this package for stacks with registered resource types in moto's CloudFormation.

`installed` replaces moto's stacks; `teach` lets templates use a type.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.cloudformation import catalogue, moto_patches, operations
from sandbox.cloudformation.catalogue import forget, taught, teach
from sandbox.cloudformation.operations import wait
from sandbox.cloudformation.stack import Stack

__all__ = ["Stack", "forget", "installed", "taught", "teach", "wait"]


@contextmanager
def installed() -> Iterator[None]:
    """Replace moto's stacks with these until the context ends, then wait for the operations that still run."""
    with moto_patches.installed():
        try:
            yield
        finally:
            operations.end()
            catalogue.clear()
