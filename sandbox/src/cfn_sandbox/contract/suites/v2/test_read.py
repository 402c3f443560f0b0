"""Contract tests v2, READ, after a CREATE and after an UPDATE.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". That page tests READ after every operation. Here that is after CREATE and after UPDATE, with each set of
inputs.
"""

import pytest
from jsonschema import Draft7Validator

from cfn_sandbox.contract import properties
from cfn_sandbox.contract.resource import Resource
from cfn_sandbox.contract.session import Reading


def test_read_input_output_negative_match(reading: Reading) -> None:
    """READ returns every requested property with its requested value.

    It may return additional properties. Write-only properties are not compared, nor are those with a propertyTransform
    in the schema, because this test doesn't compute transforms. Lists with `insertionOrder: false` may come in any
    order.
    """
    schema = reading.schema
    transformed = {tuple(pointer.split("/")[2:]) for pointer in schema.get("propertyTransform", {})}
    left_out = properties.listed_paths(schema, "writeOnlyProperties") | transformed
    requested = properties.without(reading.requested, left_out)
    differences = properties.differences(schema, requested, reading.returned)
    if differences:
        pytest.fail(f"READ is not what was asked for: {'; '.join(differences)}", pytrace=False)


def test_read_return_readonly_properties(reading: Reading) -> None:
    """READ returns every read-only property.

    A read-only property inside another property is required only if that property is returned.
    """
    paths = sorted(properties.listed_paths(reading.schema, "readOnlyProperties"))
    missing = [properties.path_text(path) for path in paths if properties.lacks(reading.returned, path)]
    if missing:
        pytest.fail(f"READ lacks read-only properties: {', '.join(missing)}", pytrace=False)


def test_read_return_write_only_properties(reading: Reading) -> None:
    """READ returns no write-only property."""
    write_only = properties.listed_paths(reading.schema, "writeOnlyProperties")
    leaked = sorted(path for path in properties.used_paths(reading.schema, reading.returned) if path in write_only)
    if leaked:
        pytest.fail(f"READ leaks write-only properties: {', '.join(map(properties.path_text, leaked))}", pytrace=False)


def test_read_output_over_schema(reading: Reading) -> None:
    """READ's model is valid by the schema: it keeps types and limits, and has no property that is not declared.

    A required property that is write-only may be missing, because READ must not return it.
    """
    write_only = properties.listed_paths(reading.schema, "writeOnlyProperties")
    required = [name for name in reading.schema.get("required", []) if (name,) not in write_only]
    validator = Draft7Validator({**reading.schema, "type": "object", "required": required})
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(reading.returned)]
    if errors:
        pytest.fail(f"READ is not as the schema has it: {'; '.join(errors)}", pytrace=False)


def test_read_return_all_schema_properties_using_one_or_more_inputs(resources: list[Resource]) -> None:
    """Over all inputs together, READ returns every property of the schema except the write-only ones."""
    schema = resources[0].kind.document
    returned: set[properties.Path] = set()
    for resource in resources:
        model = resource.create().succeeds().model
        returned |= properties.used_paths(schema, resource.read(model).succeeds().model)
        if resource.kind.has("update") and resource.inputs.update is not None:
            model = resource.update(model).succeeds().model
            returned |= properties.used_paths(schema, resource.read(model).succeeds().model)
        resource.clean()
    write_only = properties.listed_paths(schema, "writeOnlyProperties")
    wanted = {path for path in properties.declared_paths(schema) if not properties.is_within(path, write_only)}
    missing = sorted(wanted - returned)
    if missing:
        pytest.fail(f"READ has never returned {', '.join(map(properties.path_text, missing))}", pytrace=False)
