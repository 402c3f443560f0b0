"""The type with a beginner's handlers: cfn's template filled in, a client per invocation, start-up not optimised.

RESULTS.md compares the real handlers with these. They handle the happy path only, where they make the same service
calls as the real handlers.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

from cloudformation_cli_python_lib import (
    Action,
    OperationStatus,
    ProgressEvent,
    Resource,
    SessionProxy,
    exceptions,
    identifier_utils,
)

from .models import ResourceHandlerRequest, ResourceModel

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)
TYPE_NAME = "AWS::SageMaker::ModelQualityJobDefinition"

resource = Resource(TYPE_NAME, ResourceModel)
test_entrypoint = resource.test_entrypoint


def _name(model: ResourceModel) -> str:
    return model.JobDefinitionName or model.JobDefinitionArn.split("/")[1]


@resource.handler(Action.CREATE)
def create_handler(
    session: SessionProxy, request: ResourceHandlerRequest, _callback_context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Create the definition, then read it."""
    model = request.desiredResourceState
    LOG.info("creating %s", request.logicalResourceIdentifier)
    if not model.JobDefinitionName:
        model.JobDefinitionName = identifier_utils.generate_resource_identifier(
            request.stackId, request.logicalResourceIdentifier, request.clientRequestToken, 63
        )
    params = {key: value for key, value in model._serialize().items() if key != "EndpointName"}
    tags = {tag["Key"]: tag["Value"] for tag in params.pop("Tags", [])}
    for key, value in (request.desiredResourceTags or {}).items():
        tags.setdefault(key, value)
    params["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    client = session.client("sagemaker", region_name=request.region)
    model.JobDefinitionArn = client.create_model_quality_job_definition(**params)["JobDefinitionArn"]
    return _read(client, model)


@resource.handler(Action.READ)
def read_handler(
    session: SessionProxy, request: ResourceHandlerRequest, _callback_context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Describe the definition and list its tags."""
    LOG.info("reading %s", request.logicalResourceIdentifier)
    return _read(session.client("sagemaker", region_name=request.region), request.desiredResourceState)


def _read(client: Any, model: ResourceModel) -> ProgressEvent:
    name = _name(model)
    try:
        answer = client.describe_model_quality_job_definition(JobDefinitionName=name)
    except client.exceptions.ResourceNotFound as error:
        raise exceptions.NotFound(TYPE_NAME, name) from error
    answer.pop("ResponseMetadata")
    answer["CreationTime"] = answer["CreationTime"].isoformat()
    answer["Tags"] = client.list_tags(ResourceArn=answer["JobDefinitionArn"])["Tags"]
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=ResourceModel._deserialize(answer))


@resource.handler(Action.UPDATE)
def update_handler(
    session: SessionProxy, request: ResourceHandlerRequest, _callback_context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Change the stack's tags on the definition, then read it."""
    LOG.info("updating %s", request.logicalResourceIdentifier)
    arn = request.desiredResourceState.JobDefinitionArn
    wanted, had = request.desiredResourceTags or {}, request.previousResourceTags or {}
    changed = [{"Key": key, "Value": value} for key, value in wanted.items() if had.get(key) != value]
    gone = [key for key in had if key not in wanted]
    client = session.client("sagemaker", region_name=request.region)
    if changed:
        client.add_tags(ResourceArn=arn, Tags=changed)
    if gone:
        client.delete_tags(ResourceArn=arn, TagKeys=gone)
    return _read(client, request.desiredResourceState)


@resource.handler(Action.DELETE)
def delete_handler(
    session: SessionProxy, request: ResourceHandlerRequest, _callback_context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Delete the definition."""
    LOG.info("deleting %s", request.logicalResourceIdentifier)
    name = _name(request.desiredResourceState)
    client = session.client("sagemaker", region_name=request.region)
    try:
        client.delete_model_quality_job_definition(JobDefinitionName=name)
    except client.exceptions.ResourceNotFound as error:
        raise exceptions.NotFound(TYPE_NAME, name) from error
    return ProgressEvent(status=OperationStatus.SUCCESS)


@resource.handler(Action.LIST)
def list_handler(
    session: SessionProxy, request: ResourceHandlerRequest, _callback_context: MutableMapping[str, Any]
) -> ProgressEvent:
    """List a page of definitions."""
    LOG.info("listing")
    token = {"NextToken": request.nextToken} if request.nextToken else {}
    client = session.client("sagemaker", region_name=request.region)
    answer = client.list_model_quality_job_definitions(MaxResults=100, **token)
    return ProgressEvent(
        status=OperationStatus.SUCCESS,
        resourceModels=[
            ResourceModel._deserialize({"JobDefinitionArn": summary["MonitoringJobDefinitionArn"]})
            for summary in answer["JobDefinitionSummaries"]
        ],
        nextToken=answer.get("NextToken"),
    )
