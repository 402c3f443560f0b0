"""The tables say of every operation and every member of an honoured operation's input what happens to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from unittest.mock import Mock

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from cfn_sandbox.account.serving import type_operations
from cfn_sandbox.cloudcontrol.cloud_control import CloudControl
from cfn_sandbox.cloudformation.api import change_set_operations, descriptions, stack_operations, template_operations
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols.service import Service
from cfn_sandbox.protocols.table import Table, members_of_form, members_of_json
from cfn_sandbox.registry.registry import Registry
from cfn_sandbox.values import JSON

SERVICES = ("cloudformation", "cloudcontrol")
MODELS = {name: botocore.session.Session().get_service_model(name) for name in SERVICES}
TABLES = {
    name: json.loads(files("cfn_sandbox.protocols").joinpath(f"tables/{name}.json").read_text()) for name in SERVICES
}
OPERATIONS = [(service, operation) for service in SERVICES for operation in MODELS[service].operation_names]
HONOURED = [(service, operation) for service, operation in OPERATIONS if "honoured" in TABLES[service][operation]]


def members(shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the path of every member of a shape, at every depth."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            inner = f"{path}.{name}" if path else name
            yield inner
            yield from members(member, inner)
    elif isinstance(shape, ListShape):
        yield from members(shape.member, f"{path}[]")
    elif isinstance(shape, MapShape):
        yield from members(shape.value, path)


def table(service: str = "cloudformation") -> Table:
    """Return a table with codes that tell which of them an error has."""
    return Table(service, "Example", ("NoSuchOperation", "NoSuchMember"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_botocore_is_in_the_table(service: str) -> None:
    """Each operation of botocore's model has a row, and no row is about another one."""
    assert sorted(TABLES[service]) == sorted(MODELS[service].operation_names)


@pytest.mark.parametrize(("service", "operation"), HONOURED)
def test_every_member_of_an_honoured_operation_is_in_the_table_once(service: str, operation: str) -> None:
    """Each member of the input, at every depth, is in exactly one list of the row."""
    row, shape = TABLES[service][operation], MODELS[service].operation_model(operation).input_shape
    assert shape
    listed = [path for kind in ("honoured", "without effect", "limited", "refused") for path in row.get(kind, ())]
    assert sorted(listed) == sorted(members(shape))


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_refusal_is_a_sentence(service: str, operation: str) -> None:
    """Whatever is refused, limited or without effect has a sentence."""
    row = TABLES[service][operation]
    refused = row.get("refused", {})
    sentences = [
        *([refused] if isinstance(refused, str) else refused.values()),
        *row.get("without effect", {}).values(),
        *(limit["otherwise"] for limit in row.get("limited", {}).values()),
    ]
    assert all(len(sentence) > 20 and sentence.endswith(".") for sentence in sentences)
    assert sentences or "honoured" in row


@pytest.mark.parametrize(
    "operation",
    [
        *("CancelUpdateStack", "SetStackPolicy", "CreateStackSet", "CreateStackInstances", "DescribeStackSet"),
        *("CreateGeneratedTemplate", "StartResourceScan", "CreateStackRefactor", "DescribeChangeSetHooks"),
        *("SignalResource", "ActivateType", "PublishType", "EstimateTemplateCost"),
    ],
)
def test_an_operation_is_refused_by_name(operation: str) -> None:
    """An operation that isn't supported is refused with its name, and what to do instead."""
    with pytest.raises(CloudFormationError) as refused:
        table().check_operation(operation)
    assert refused.value.message.startswith(f"This sandbox has no Example's {operation}. ")
    assert refused.value.code in {"NoSuchOperation", "CFNRegistryException"}


def test_an_operation_that_no_model_has_is_refused() -> None:
    """An operation that is newer than the table is refused by name."""
    with pytest.raises(CloudFormationError, match=r"^This sandbox has no Example's FlyToTheMoon\.$"):
        table().check_operation("FlyToTheMoon")


@pytest.mark.parametrize(
    ("operation", "path", "text"),
    [
        ("CreateStack", "StackPolicyBody", "{}"),
        ("CreateStack", "DeploymentConfig.Mode", "EXPRESS"),
        ("UpdateStack", "StackPolicyDuringUpdateURL", "https://example.com"),
        ("CreateChangeSet", "DeploymentMode", "REVERT_DRIFT"),
        ("CreateChangeSet", "RollbackConfiguration.RollbackTriggers[].Arn", "arn"),
        ("RegisterType", "Type", "HOOK"),
        ("CreateStack", "DeploymentConfig.Moon", "full"),
        ("DescribeStacks", "Moon", ""),
    ],
)
def test_a_member_is_refused_by_name(operation: str, path: str, text: str) -> None:
    """A member that is refused, limited to other values, or unknown to the table is refused by its path."""
    with pytest.raises(CloudFormationError) as refused:
        table().check_members(operation, [("StackName", "a"), (path, text)] if "Type" not in path else [(path, text)])
    assert refused.value.message.startswith(f"{operation} with {path}")
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("DeploymentConfig.Mode", "STANDARD"),
        ("RollbackConfiguration.RollbackTriggers", ""),
        ("TimeoutInMinutes", "5"),
        ("Tags[].Key", "a"),
    ],
)
def test_a_value_that_changes_nothing_is_accepted(path: str, text: str) -> None:
    """The default of a limited member, an empty list and a member without effect are accepted."""
    table().check_members("CreateStack", [(path, text)])


def test_members_of_a_form() -> None:
    """The query protocol's names become paths; those of the protocol and of signatures are left out."""
    form = [
        ("Action", "CreateChangeSet"),
        ("Version", "2010-05-15"),
        ("X-Amz-Signature", "x"),
        ("StackName", "a"),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("Tags.member.12.Key", "k"),
        ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.key", "Name"),
        ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.value", "n"),
        ("Parameters", ""),
    ]
    assert list(members_of_form(form)) == [
        ("StackName", "a"),
        ("Capabilities", "CAPABILITY_IAM"),
        ("Tags[].Key", "k"),
        ("ResourcesToImport[].ResourceIdentifier", "Name"),
        ("ResourcesToImport[].ResourceIdentifier", "n"),
        ("Parameters", ""),
    ]


def test_members_of_json() -> None:
    """A JSON body's members become paths, at every depth; null is left out."""
    body: JSON = {
        "TypeName": "a",
        "MaxResults": 3,
        "Filter": {"Operations": ["CREATE", "DELETE"], "None": None, "No": []},
    }
    assert list(members_of_json(body)) == [
        ("TypeName", "a"),
        ("MaxResults", "3"),
        ("Filter.Operations", "CREATE"),
        ("Filter.Operations", "DELETE"),
        ("Filter.No", "[]"),
    ]


OWNERS: dict[str, list[object]] = {
    "cloudformation": [
        *(change_set_operations, descriptions, stack_operations, template_operations),
        type_operations(Registry(Mock())),
    ],
    "cloudcontrol": [CloudControl()],
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_honoured_operation_has_a_function(service: str) -> None:
    """Each operation that the table honours has a function, and no other one has."""
    functions = Service(service, "Example", OWNERS[service], "eu-west-1", Mock()).operations
    assert sorted(functions) == sorted(operation for name, operation in HONOURED if name == service)
