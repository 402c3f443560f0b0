"""What moto's classes leave out when they make or change a resource of a template: done here, on their objects.

Sources: AWS's published schemas and API references of the services; for identifiers, attributes, names and tags,
LocalStack's tests of CloudFormation's resources, recorded against AWS.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from cfn_sandbox.resource_types.read_properties import ReadProperties

__all__ = ["ATTRIBUTES", "COMPLETIONS", "IN_PLACE", "PASSED_ON", "RELEASES", "TAKEN", "Change"]

ROLE = "AWS::IAM::Role"
USER = "AWS::IAM::User"
ACCESS_KEY = "AWS::IAM::AccessKey"
EVENT_BUS = "AWS::Events::EventBus"
RULE = "AWS::Events::Rule"
TOPIC = "AWS::SNS::Topic"
PARAMETER = "AWS::SSM::Parameter"
FUNCTION = "AWS::Lambda::Function"
VERSION = "AWS::Lambda::Version"
PERMISSION = "AWS::Lambda::Permission"
LOG_GROUP = "AWS::Logs::LogGroup"
BUCKET = "AWS::S3::Bucket"

IN_PLACE = frozenset({USER, ACCESS_KEY, TOPIC, PARAMETER, FUNCTION, LOG_GROUP, EVENT_BUS})
"""Types that are updated here alone: moto can't, or replaces the object and loses what others have attached to it."""

PASSED_ON = frozenset({TOPIC, PERMISSION, LOG_GROUP})
"""Types whose moto class passes all properties on: only what is read here has an effect."""

# Before the name of an old region, a website's address has a dash (AWS General Reference, "S3 website endpoints").
_DASHED = frozenset(
    {
        *("us-east-1", "us-west-1", "us-west-2", "us-gov-west-1", "sa-east-1", "eu-west-1"),
        *("ap-southeast-1", "ap-southeast-2", "ap-northeast-1"),
    }
)
# A function's attributes in moto, the properties that they are from, and their defaults.
_FUNCTION = (
    ("description", "Description", ""),
    ("handler", "Handler", None),
    ("run_time", "Runtime", None),
    ("memory_size", "MemorySize", 128),
    ("timeout", "Timeout", 3),
    ("architectures", "Architectures", ["x86_64"]),
    ("tracing_config", "TracingConfig", {"Mode": "PassThrough"}),
    ("kms_key_arn", "KmsKeyArn", None),
    ("reserved_concurrency", "ReservedConcurrentExecutions", None),
    ("package_type", "PackageType", "Zip"),
    ("code_signing_config_arn", "CodeSigningConfigArn", None),
)


class ServiceError(Exception):
    """What a service refuses and moto doesn't.

    Args:
        code: the service's error code.
        message: the service's message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Change:
    """The creation or the update of a resource.

    Args:
        resource: moto's object.
        backend: moto's backend of the service, by the account and the region.
        name: the resource's name.
        region: the region's name.
        desired: the properties, with the stack's tags. What is read of them has an effect.
        previous: the properties before; empty on creation.
        system_tags: CloudFormation's own tags.
    """

    resource: Any
    backend: Any
    name: str
    region: str
    desired: ReadProperties
    previous: Mapping[str, Any]
    system_tags: Mapping[str, str]

    def tags(self) -> tuple[dict[str, str], list[str]]:
        """Return the tags that the resource gets, and the keys of those that it loses."""
        desired, previous = ({tag["Key"]: tag["Value"] for tag in tags} for tags in self.both("Tags"))
        return desired, [key for key in previous if key not in desired]

    def both(self, name: str) -> tuple[list[Any], list[Any]]:
        """Return the members of a list in the properties, and those before."""
        return self.desired.get(name, []), self.previous.get(name, [])

    def subscriptions(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return the protocols and endpoints of a topic's new subscriptions, and of its removed ones."""
        desired, previous = ([(one["Protocol"], one["Endpoint"]) for one in them] for them in self.both("Subscription"))
        return [one for one in desired if one not in previous], [one for one in previous if one not in desired]


def text(document: object) -> str:
    """Return a policy as JSON, whether a template has it as text or not."""
    return document if isinstance(document, str) else json.dumps(document)


def _role(change: Change) -> object:
    """Set what moto's update leaves as it was or takes from another property."""
    role, desired = change.resource, change.desired
    role.assume_role_policy_document = text(desired["AssumeRolePolicyDocument"])
    role.max_session_duration = desired.get("MaxSessionDuration", 3600)
    role.permissions_boundary_arn = desired.get("PermissionsBoundary", "")
    return _with_policies(change, "role")


def _user(change: Change) -> object:
    """Put a user into the groups of its properties."""
    desired, previous = change.both("Groups")
    for group in previous:
        if group not in desired:
            change.backend.remove_user_from_group(group, change.resource.name)
    for group in desired:
        change.backend.add_user_to_group(group, change.resource.name)
    return _with_policies(change, "user")


def _access_key(change: Change) -> object:
    """Set the status. A new serial number replaces the key."""
    key, desired = change.resource, change.desired
    desired.get("Serial")
    key.status = desired.get("Status", "Active")
    return key


def _with_policies(change: Change, kind: str) -> object:
    principal, backend = change.resource, change.backend
    desired, previous = change.both("Policies")
    for policy in previous:
        principal.policies.pop(policy["PolicyName"], None)
    for policy in desired:
        principal.put_policy(policy["PolicyName"], text(policy["PolicyDocument"]))
    desired, previous = change.both("ManagedPolicyArns")
    for arn in previous:
        if arn not in desired and arn in principal.managed_policies:
            getattr(backend, f"detach_{kind}_policy")(arn, principal.name)
    for arn in desired:
        getattr(backend, f"attach_{kind}_policy")(arn, principal.name)
    return principal


def _release_principal(kind: str, principal: Any, backend: Any, properties: Mapping[str, Any]) -> None:  # noqa: ANN401 - moto's objects
    """Take from a role or a user what its properties have given it: with any other policy, IAM won't delete it."""
    for policy in properties.get("Policies", []):
        principal.policies.pop(policy["PolicyName"], None)
    for arn in properties.get("ManagedPolicyArns", []):
        if arn in principal.managed_policies:
            getattr(backend, f"detach_{kind}_policy")(arn, principal.name)
    for group in properties.get("Groups", []):
        backend.remove_user_from_group(group, principal.name)


def _topic(change: Change) -> object:
    """Set the attributes and the tags, and subscribe what the properties list."""
    topic, desired, backend = change.resource, change.desired, change.backend
    desired.get("FifoTopic")  # it is fixed, and moto's creation has it
    topic.display_name = desired.get("DisplayName", "")
    topic.kms_master_key_id = desired.get("KmsMasterKeyId", "")
    topic.content_based_deduplication = desired.get("ContentBasedDeduplication", False)
    tags, lost = change.tags()
    backend.untag_resource(topic.arn, lost)
    backend.tag_resource(topic.arn, tags)
    new, removed = change.subscriptions()
    for subscription in backend.list_subscriptions_by_topic(topic.arn)[0]:
        if (subscription.protocol, subscription.endpoint) in removed:
            backend.unsubscribe(subscription.arn)
    for protocol, endpoint in new:
        backend.subscribe(topic.arn, endpoint, protocol)
    return topic


def _parameter(change: Change) -> object:
    """Overwrite a parameter that is updated: its new value is its next version."""
    parameter = _overwritten(change) if change.previous else change.resource
    parameter.cfn_attributes = {"Arn": parameter.response_object(region=change.region)["ARN"]}
    return parameter


def _overwritten(change: Change) -> Any:  # noqa: ANN401 - moto's object
    desired, backend = change.desired, change.backend
    parameter = backend.put_parameter(
        name=change.name,
        description=desired.get("Description", ""),
        value=desired.get("Value"),
        parameter_type=desired.get("Type"),
        allowed_pattern=desired.get("AllowedPattern", ""),
        keyid=None,
        overwrite=True,
        tags=[],
        data_type=desired.get("DataType", "text"),
        tier=desired.get("Tier"),
        policies=desired.get("Policies"),
    )
    tags, lost = change.tags()
    backend.remove_tags_from_resource("Parameter", change.name, lost)
    backend.add_tags_to_resource("Parameter", change.name, tags)
    return parameter


def _function(change: Change) -> object:
    """Set the configuration, the code if it differs, and the tags."""
    function, desired = change.resource, change.desired
    function.role = desired["Role"]
    for attribute, name, default in _FUNCTION:
        setattr(function, attribute, desired.get(name, default))
    function.environment_vars = desired.get("Environment", {}).get("Variables", {})
    function.ephemeral_storage = desired.get("EphemeralStorage", {}).get("Size", 512)
    function.update_configuration({name: desired[name] for name in ("VpcConfig", "Layers") if name in desired})
    code = deepcopy(desired["Code"])
    if change.previous and code != change.previous["Code"]:
        if "ZipFile" in code:  # the text of a module
            archive = function._create_zipfile_from_plaintext_code(code["ZipFile"])  # noqa: SLF001 - as creation does
            code["ZipFile"] = b64encode(archive)
        function.update_function_code(code)
    function.code_or_config_updated = bool(change.previous)  # a new function has nothing yet to be published again
    function.tags = {**change.system_tags, **change.tags()[0]}
    return function


def _version(change: Change) -> object:
    """Identify a version by its ARN."""
    version, desired = change.resource, change.desired
    published = change.backend.get_function(desired["FunctionName"], str(version.version))
    published.description = desired.get("Description", published.description)
    version.cfn_identifier, version.cfn_attributes = published.function_arn, {"Version": str(version.version)}
    return version


def _release_version(version: Any, backend: Any, _properties: object) -> None:  # noqa: ANN401 - moto's objects
    backend.delete_function(version.cfn_identifier)


def _permission(change: Change) -> object:
    """Keep the function's policy, where a statement has the resource's name as its Sid."""
    permission, desired = change.resource, change.desired
    conditions = ("SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")
    for name in ("Action", "Principal", *conditions, "StatementId"):
        desired.get(name)  # moto's policy has a member for each
    permission.policy = change.backend.get_function(desired["FunctionName"]).policy
    permission.policy.statements[-1].pop("FunctionName")
    permission.cfn_identifier, permission.cfn_attributes = change.name, {"Id": change.name}
    return permission


def _release_permission(permission: Any, _backend: object, _properties: object) -> None:  # noqa: ANN401 - moto's object
    permission.policy.del_statement(permission.cfn_identifier)


def _rule(change: Change) -> object:
    """Identify a rule of an event bus by both names."""
    rule = change.resource
    if rule.event_bus_name != "default":
        rule.cfn_identifier = f"{rule.event_bus_name}|{rule.name}"
    rule.cfn_attributes = {"RuleName": rule.name}
    return rule


def _bucket(change: Change) -> object:
    """Set the versioning, and what an update has removed; give a website the address that it has in AWS."""
    bucket, desired, mark = change.resource, change.desired, "-" if change.region in _DASHED else "."
    status = desired.get("VersioningConfiguration", {}).get("Status")
    if status or bucket.versioning_status:  # it can be suspended, but not taken back
        change.backend.put_bucket_versioning(bucket.name, status or "Suspended")
    if "BucketEncryption" not in desired:
        change.backend.delete_bucket_encryption(bucket.name)
    if "Tags" not in desired:
        change.backend.delete_bucket_tagging(bucket.name)
    bucket.cfn_attributes = {"WebsiteURL": f"http://{bucket.name}.s3-website{mark}{change.region}.amazonaws.com"}
    return bucket


def _release_bucket(bucket: Any, _backend: object, _properties: object) -> None:  # noqa: ANN401 - moto's object
    if bucket.keys:  # moto keeps it, and says nothing
        raise ServiceError("BucketNotEmpty", "The bucket you tried to delete is not empty")


def _log_group(change: Change) -> object:
    """Set the retention and the tags; give the group the ARN that it has in policies."""
    group, desired, backend = change.resource, change.desired, change.backend
    group.set_retention_policy(desired.get("RetentionInDays"))
    group.kms_key_id = desired.get("KmsKeyId")
    tags, lost = change.tags()
    backend.untag_log_group(group.name, lost)
    backend.tag_log_group(group.name, tags)
    group.cfn_attributes = {"Arn": f"{group.arn}:*"}
    return group


COMPLETIONS: Mapping[str, Callable[[Change], object]] = {
    ROLE: _role,
    USER: _user,
    ACCESS_KEY: _access_key,
    TOPIC: _topic,
    PARAMETER: _parameter,
    FUNCTION: _function,
    VERSION: _version,
    PERMISSION: _permission,
    RULE: _rule,
    BUCKET: _bucket,
    LOG_GROUP: _log_group,
}
"""What completes a resource of a type that was created or updated. It returns moto's object, which can be another."""

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    PARAMETER: frozenset({"Arn"}),
    VERSION: frozenset({"Version"}),
    PERMISSION: frozenset({"Id"}),
    RULE: frozenset({"RuleName"}),
}
"""The attributes that a resource of a type has from here, and moto's class lacks."""

RELEASES: Mapping[str, Callable[[Any, Any, Mapping[str, Any]], None]] = {
    ROLE: partial(_release_principal, "role"),
    USER: partial(_release_principal, "user"),
    VERSION: _release_version,
    PERMISSION: _release_permission,
    BUCKET: _release_bucket,
}
"""What is to be done before a resource is deleted, or instead if moto's class can't: by object, backend, properties."""


def _topic_of(backend: Any, name: str) -> str | None:  # noqa: ANN401 - moto's object
    return next((topic.arn for topic in backend.topics.values() if topic.name == name), None)


def _queue_of(backend: Any, name: str) -> str | None:  # noqa: ANN401 - moto's object
    queue = backend.queues.get(name)
    return queue and str(queue.physical_resource_id)


TAKEN: Mapping[str, Callable[[Any, str], str | None]] = {TOPIC: _topic_of, "AWS::SQS::Queue": _queue_of}
"""Types of which moto hands out what exists. It returns the identifier of what has a name, by backend and name."""
