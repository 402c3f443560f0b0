"""Contract tests v2, DELETE, and the answers for a deleted resource.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag", and "Resource type handler contract" there.
"""

import pytest

from cfn_sandbox.contract.resource import Answer, Resource


def create_and_delete(resource: Resource) -> Answer:
    """Create a resource, delete it, and return CREATE's answer."""
    created = resource.create().succeeds()
    resource.delete(created.model).succeeds()
    return created


def test_create_delete(resource: Resource) -> None:
    """DELETE succeeds and returns no model, which the handler contract forbids."""
    answer = resource.delete(resource.create().succeeds().model).succeeds()
    if answer.model:
        pytest.fail("DELETE returned a model", pytrace=False)


def test_delete_read(resource: Resource) -> None:
    """READ of a deleted resource fails with NotFound."""
    resource.read(create_and_delete(resource).model).fails_with("NotFound")


def test_delete_update(resource: Resource) -> None:
    """UPDATE of a deleted resource fails with NotFound instead of creating it."""
    resource.update(create_and_delete(resource).model).fails_with("NotFound")


def test_delete_delete(resource: Resource) -> None:
    """A second DELETE fails with NotFound."""
    resource.delete(create_and_delete(resource).model).fails_with("NotFound")


def test_delete_list(resource: Resource) -> None:
    """LIST leaves a deleted resource out."""
    gone = create_and_delete(resource)
    listed = resource.list(gone.model).succeeds()
    if resource.kind.identifier(gone.model) in map(resource.kind.identifier, listed.models):
        pytest.fail("LIST has the deleted resource", pytrace=False)


def test_delete_create(resource: Resource) -> None:
    """CREATE succeeds again after DELETE: it doesn't fail with AlreadyExists, InternalFailure or another code."""
    create_and_delete(resource)
    resource.create().succeeds()
