"""Contract tests v2, DELETE, and what a deleted resource answers.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag", and "Resource type handler contract" there.
"""

import pytest

from sandbox.contract.resource import Answer, Resource


def deleted(resource: Resource) -> Answer:
    """CREATE's answer for a resource that has been deleted since."""
    created = resource.create().succeeds()
    resource.delete(created.model).succeeds()
    return created


def test_create_delete(resource: Resource) -> None:
    """DELETE succeeds, and returns no model: the handler contract forbids one."""
    answer = resource.delete(resource.create().succeeds().model).succeeds()
    if answer.model:
        pytest.fail("DELETE returned a model", pytrace=False)


def test_delete_read(resource: Resource) -> None:
    """READ of a deleted resource fails with NotFound."""
    resource.read(deleted(resource).model).fails_with("NotFound")


def test_delete_update(resource: Resource) -> None:
    """UPDATE of a deleted resource fails with NotFound: it never creates."""
    resource.update(deleted(resource).model).fails_with("NotFound")


def test_delete_delete(resource: Resource) -> None:
    """A second DELETE fails with NotFound."""
    resource.delete(deleted(resource).model).fails_with("NotFound")


def test_delete_list(resource: Resource) -> None:
    """A deleted resource is not listed."""
    gone = deleted(resource)
    listed = resource.list(gone.model).succeeds()
    if resource.kind.identifier(gone.model) in map(resource.kind.identifier, listed.models):
        pytest.fail("LIST has the deleted resource", pytrace=False)


def test_delete_create(resource: Resource) -> None:
    """A deleted resource can be created again: no AlreadyExists, no InternalFailure, nor any other failure."""
    deleted(resource)
    resource.create().succeeds()
