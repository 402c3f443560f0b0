"""Contract tests v2, CREATE.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". The first paragraph of each docstring is the rule; a second one says how it is read where that page is
silent.
"""

import pytest
from jsonschema import Draft7Validator

from sandbox.contract import properties
from sandbox.contract.resource import Resource


def test_create(resource: Resource) -> None:
    """CREATE succeeds, and its model has a valid primary identifier.

    Valid: every part is there, not empty, and as the schema has it.
    """
    model = resource.create().succeeds().model
    resource.identifier(model)
    parts = {path[0] for path in properties.listed(resource.kind.schema, "primaryIdentifier")}
    named = {key: value for key, value in model.items() if key in parts}
    shape = {key: resource.kind.schema.get(key, {}) for key in ("properties", "definitions")}
    errors = [f"{error.json_path}: {error.message}" for error in Draft7Validator(shape).iter_errors(named)]
    if errors:
        pytest.fail(f"the primary identifier is not as the schema has it: {'; '.join(errors)}", pytrace=False)


def test_create_create(resource: Resource) -> None:
    """A second CREATE with the same properties fails with AlreadyExists while the first resource is there.

    Its token is a new one: with the first one's, idempotency would return the first resource. A type whose identifier
    is read-only may make a second resource instead: see test_create_create_primary_id_check.
    """
    resource.create().succeeds()
    second = resource.create()
    read_only = properties.listed(resource.kind.schema, "readOnlyProperties")
    if second.status == "SUCCESS" and properties.listed(resource.kind.schema, "primaryIdentifier") & read_only:
        pytest.skip("the second CREATE made another resource, as the service chooses the identifier")
    second.fails_with("AlreadyExists")


def test_create_create_primary_id_check(resource: Resource) -> None:
    """Where a second CREATE succeeds, it has another primary identifier: the first resource is never adopted."""
    first = resource.create().succeeds()
    second = resource.create()
    if second.status != "SUCCESS":
        pytest.skip(f"the second CREATE failed, with {second.code}")
    if resource.identifier(first.model) == resource.identifier(second.model):
        pytest.fail("the second CREATE adopted the first resource: both have the same identifier", pytrace=False)


def test_create_read(resource: Resource) -> None:
    """The first resource can be read after a second CREATE with the same properties, and after its rollback.

    CloudFormation rolls a CREATE back by deleting the resource of the model that came with it, so a failure that
    carries the model of a resource which it did not make deletes somebody else's.
    """
    first = resource.create().succeeds()
    second = resource.create()
    resource.read(first.model).succeeds()
    if resource.kind.identifier(second.model):
        resource.delete(second.model)
    resource.read(first.model).succeeds()


def test_create_create_read(resource: Resource) -> None:
    """READ right after CREATE succeeds, of the second resource too where a second CREATE makes one."""
    resource.read(resource.create().succeeds().model).succeeds()
    second = resource.create()
    if second.status == "SUCCESS":
        resource.read(second.model).succeeds()


def test_create_with_read_response_lcs(resource: Resource) -> None:
    """What READ says, without the read-only properties, is the desired state of a new CREATE that succeeds.

    The first resource is deleted before: while it is there, no type could pass whose inputs name the resource. The
    inputs' write-only properties are added: READ must not return them, and CREATE may need them.
    """
    first = resource.create().succeeds()
    told = resource.read(first.model).succeeds().model
    resource.delete(first.model).succeeds()
    desired = properties.without(told, properties.listed(resource.kind.schema, "readOnlyProperties"))
    write_only = {path[0] for path in properties.listed(resource.kind.schema, "writeOnlyProperties") if len(path) == 1}
    secrets = {key: value for key, value in resource.inputs.create.items() if key in write_only}
    resource.create({**desired, **secrets}).succeeds()
