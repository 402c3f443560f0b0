"""Registered resource types inside moto's CloudFormation: the door to the other rooms.

`installed` puts these stacks in place of moto's; `teach` lets templates use a type.
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
    """Put these stacks in place of moto's own until the context ends; what is under way then comes to its end."""
    with moto_patches.installed():
        try:
            yield
        finally:
            operations.end()
            catalogue.clear()
