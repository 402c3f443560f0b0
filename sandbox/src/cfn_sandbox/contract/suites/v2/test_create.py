"""Contract tests v2, CREATE.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". The first paragraph of each docstring is the rule. A second paragraph says how this test reads the rule
where that page leaves it open.
"""

import pytest
from jsonschema import Draft7Validator

from cfn_sandbox.contract import properties
from cfn_sandbox.contract.resource import Resource


def test_create(resource: Resource) -> None:
    """CREATE succeeds, and its model has a valid primary identifier.

    An identifier is valid if it has every part, no part is empty, and every part follows the schema.
    """
    model = resource.create().succeeds().model
    resource.identifier(model)
    parts = {path[0] for path in properties.listed_paths(resource.kind.document, "primaryIdentifier")}
    identifier = {key: value for key, value in model.items() if key in parts}
    shape = {key: resource.kind.document.get(key, {}) for key in ("properties", "definitions")}
    errors = [f"{error.json_path}: {error.message}" for error in Draft7Validator(shape).iter_errors(identifier)]
    if errors:
        pytest.fail(f"the primary identifier is not as the schema has it: {'; '.join(errors)}", pytrace=False)


def test_create_create(resource: Resource) -> None:
    """A second CREATE with the same properties fails with AlreadyExists while the first resource exists.

    Its token is new: with the first CREATE's token, idempotency would return the first resource. A type with a
    read-only identifier may create a second resource instead; see test_create_create_primary_id_check.
    """
    resource.create().succeeds()
    second = resource.create()
    read_only = properties.listed_paths(resource.kind.document, "readOnlyProperties")
    if second.status == "SUCCESS" and properties.listed_paths(resource.kind.document, "primaryIdentifier") & read_only:
        pytest.skip("the second CREATE made another resource, as the service chooses the identifier")
    second.fails_with("AlreadyExists")


def test_create_create_primary_id_check(resource: Resource) -> None:
    """A second CREATE that succeeds returns another primary identifier: it must not adopt the first resource."""
    first = resource.create().succeeds()
    second = resource.create()
    if second.status != "SUCCESS":
        pytest.skip(f"the second CREATE failed, with {second.code}")
    if resource.identifier(first.model) == resource.identifier(second.model):
        pytest.fail("the second CREATE adopted the first resource: both have the same identifier", pytrace=False)


def test_create_read(resource: Resource) -> None:
    """READ finds the first resource after a second CREATE with the same properties, and after that CREATE's rollback.

    CloudFormation rolls a CREATE back by deleting the resource whose model it returned. A failure that returns the
    model of a resource that it didn't create therefore deletes another owner's resource.
    """
    first = resource.create().succeeds()
    second = resource.create()
    resource.read(first.model).succeeds()
    if resource.kind.identifier(second.model):
        resource.delete(second.model)
    resource.read(first.model).succeeds()


def test_create_create_read(resource: Resource) -> None:
    """READ succeeds right after CREATE, and right after a second CREATE if that creates another resource."""
    resource.read(resource.create().succeeds().model).succeeds()
    second = resource.create()
    if second.status == "SUCCESS":
        resource.read(second.model).succeeds()


def test_create_with_read_response_lcs(resource: Resource) -> None:
    """CREATE succeeds with READ's model as its desired state, without the read-only properties.

    The first resource is deleted before, because its name would be taken if the inputs name it. The inputs' write-only
    properties are added, because READ must not return them and CREATE can need them.
    """
    first = resource.create().succeeds()
    model = resource.read(first.model).succeeds().model
    resource.delete(first.model).succeeds()
    desired = properties.without(model, properties.listed_paths(resource.kind.document, "readOnlyProperties"))
    write_only = {
        path[0] for path in properties.listed_paths(resource.kind.document, "writeOnlyProperties") if len(path) == 1
    }
    secrets = {key: value for key, value in resource.inputs.create.items() if key in write_only}
    resource.create({**desired, **secrets}).succeeds()
