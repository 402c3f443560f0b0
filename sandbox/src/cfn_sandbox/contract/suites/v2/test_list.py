"""Contract tests v2, LIST.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". These tests read every page of LIST.
"""

import pytest

from cfn_sandbox.contract.resource import Resource


def test_create_list(resource: Resource) -> None:
    """LIST has a created resource."""
    created = resource.create().succeeds()
    listed = resource.list(created.model).succeeds()
    if resource.kind.identifier(created.model) not in map(resource.kind.identifier, listed.models):
        pytest.fail("LIST leaves the created resource out", pytrace=False)


def test_create_list_read(resource: Resource) -> None:
    """READ succeeds for every primary identifier that LIST returns."""
    created = resource.create().succeeds()
    for model in resource.list(created.model).succeeds().models:
        identifier = resource.identifier(model)
        answer = resource.read(model)
        if answer.status != "SUCCESS":
            pytest.fail(f"LIST has {identifier}, and READ of it fails with {answer.code}", pytrace=False)
