"""Contract tests v2, UPDATE.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". For a type without an update handler these tests are skipped. If the type has one, a set of inputs without
an update fails, because what can't be tested has not passed.
"""

import pytest

from cfn_sandbox.contract.resource import Resource


def test_update(resource: Resource) -> None:
    """UPDATE succeeds.

    Its desired state is the update inputs with the primary identifier; its previous state is the create inputs.
    """
    resource.update(resource.create().succeeds().model).succeeds()


def test_update_read(resource: Resource) -> None:
    """READ after UPDATE succeeds."""
    updated = resource.update(resource.create().succeeds().model).succeeds()
    resource.read(updated.model).succeeds()


def test_update_primary_id_check(resource: Resource) -> None:
    """UPDATE returns the primary identifier that CREATE returned."""
    created = resource.create().succeeds()
    updated = resource.update(created.model).succeeds()
    before, after = resource.identifier(created.model), resource.identifier(updated.model)
    if before != after:
        pytest.fail(f"UPDATE returned the identifier {after}, not {before}", pytrace=False)


def test_read_by_create_equals_read_by_update(resource: Resource) -> None:
    """READ by the identifier that CREATE returned equals READ by the one that UPDATE returned.

    Both READs follow the UPDATE, because it changes what READ returns.
    """
    created = resource.create().succeeds()
    updated = resource.update(created.model).succeeds()
    by_create = resource.read(created.model).succeeds().model
    by_update = resource.read(updated.model).succeeds().model
    if by_create != by_update:
        names = sorted(key for key in {*by_create, *by_update} if by_create.get(key) != by_update.get(key))
        pytest.fail(f"two READs of one resource differ in {', '.join(names)}", pytrace=False)


def test_update_list(resource: Resource) -> None:
    """LIST has an updated resource.

    LIST gets the update inputs. AWS doesn't document which inputs its service sends. If a property filters the list,
    the create inputs could leave the updated resource out.
    """
    created = resource.create().succeeds()
    updated = resource.update(created.model).succeeds()
    listed = resource.list(updated.model, resource.inputs.update).succeeds()
    if resource.kind.identifier(created.model) not in map(resource.kind.identifier, listed.models):
        pytest.fail("LIST leaves the updated resource out", pytrace=False)
