"""The registry's data: types, versions and registrations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from cfn_sandbox.account.configuration import resolved
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.regions import partition

if TYPE_CHECKING:
    from pathlib import Path

    from cfn_sandbox.account.function import Function

MAX_DESCRIPTION = 1024  # the maximum length of a description, in characters

Parameters = Mapping[str, Any]  # an operation's input: botocore's model gives the types of its members
Place = tuple[str, str]  # an account's id and a region
Answer = dict[str, object]  # an operation's output, its members named as in botocore


def refusal(message: str) -> CloudFormationError:
    """Return the error for what the registry refuses."""
    return CloudFormationError("CFNRegistryException", message)


def not_found(message: str) -> CloudFormationError:
    """Return the error for a type or a version that does not exist."""
    return CloudFormationError("TypeNotFoundException", message)


def named(arn: str) -> tuple[str, str | None]:
    """Return the name of the type and the version's id, if any, in an ARN of a type or of a version."""
    _, _, kind, version_id = f"{arn}///".split("/")[:4]
    return kind.replace("-", "::"), version_id or None


class InvalidPackage(Exception):  # noqa: N818 - named for what is wrong with the package
    """A package that can't be registered. The text is the reason; the registration's description shows it."""


@dataclass(frozen=True)
class TypeTests:
    """The result of a version's tests."""

    status: Literal["NOT_TESTED", "IN_PROGRESS", "PASSED", "FAILED"]
    description: str


NOT_TESTED = TypeTests("NOT_TESTED", "The version has not been tested.")
IN_PROGRESS = TypeTests("IN_PROGRESS", "The tests are running.")


@dataclass
class VersionStatus:
    """What the registry knows of a version. A version that is not live is deregistered."""

    arn: str = ""
    tests: TypeTests = NOT_TESTED
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    live: bool = True
    running: bool = False


@dataclass(frozen=True)
class PythonFunction:
    """The handlers of a type that was added from Python: a function of this process."""

    invoke: Callable[[dict[str, Any]], dict[str, Any]]
    log: str = ""
    """Empty: the handlers print to this process's output."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


@dataclass
class Version:
    """A version of a type.

    Attributes:
        schema: the type's schema.
        package: the package's file; None for a type that was added from Python.
        function: the function that has the handlers.
        options: RegisterType's LoggingConfig and ExecutionRoleArn.
        status: what the registry knows of it.
    """

    schema: dict[str, Any]
    package: Path | None
    function: Function | PythonFunction
    options: Parameters
    status: VersionStatus = field(default_factory=VersionStatus)

    @property
    def version_id(self) -> str:
        """The version's number, of eight digits."""
        return self.status.arn.rpartition("/")[2]

    def start(self) -> None:
        """Start the function unless it is running."""
        if not self.status.running:
            self.function.__enter__()
            self.status.running = True

    def stop(self) -> None:
        """End the function if it is running."""
        if self.status.running:
            self.function.__exit__(None, None, None)
            self.status.running = False


@dataclass
class Extension:
    """A type in a region, with all its versions, past ones included. Without a default version it is deregistered."""

    name: str
    place: Place
    versions: list[Version] = field(default_factory=list)
    default: Version | None = None
    configuration: Mapping[str, Any] | None = None
    """What SetTypeConfiguration got, with its dynamic references as written."""
    configured: datetime | None = None
    """When it got that."""

    @property
    def arn(self) -> str:
        """The type's ARN."""
        account, region = self.place
        kind = f"type/resource/{self.name.replace('::', '-')}"
        return f"arn:{partition(region)}:cloudformation:{region}:{account}:{kind}"

    @property
    def configuration_arn(self) -> str:
        """The ARN of the type's configuration."""
        return f"{self.arn.replace(':type/', ':type-configuration/')}/default"

    @property
    def configuration_details(self) -> Answer:
        """The configuration with the members that BatchDescribeTypeConfigurations is recorded to answer with."""
        return {
            "Arn": self.configuration_arn,
            "Alias": "default",
            "Configuration": json.dumps(self.configuration or {}),
            "LastUpdated": self.configured,
            "TypeArn": self.arn,
        }

    @property
    def resolved_configuration(self) -> Mapping[str, Any] | None:
        """The configuration as the handlers get it; None if none is set. Reading it can raise a SandboxError."""
        return resolved(self.configuration, *self.place) if self.configuration else None

    @property
    def main(self) -> Version:
        """The version that stands for the type: the default, or the last one."""
        return self.default or self.versions[-1]

    @property
    def live_versions(self) -> int:
        """How many versions are not deregistered."""
        return sum(version.status.live for version in self.versions)

    def summary(self, version: Version) -> Answer:
        """Return the members that every answer about a version has."""
        return {"Type": "RESOURCE", "TypeName": self.name, "Description": version.schema.get("description")}

    def details(self, version: Version) -> Answer:
        """Return DescribeType's answer about a version, without what its tests found."""
        schema, status = version.schema, version.status
        return self.summary(version) | {
            "Arn": status.arn,
            "DefaultVersionId": self.default and self.default.version_id,
            "IsDefaultVersion": version is self.default,
            "Schema": json.dumps(schema),
            "ConfigurationSchema": json.dumps(schema["typeConfiguration"]) if "typeConfiguration" in schema else None,
            "ProvisioningType": self.provisioning(version),
            "DeprecatedStatus": "LIVE" if status.live else "DEPRECATED",
            "LoggingConfig": version.options.get("LoggingConfig"),
            "ExecutionRoleArn": version.options.get("ExecutionRoleArn"),
            "Visibility": "PRIVATE",
            "SourceUrl": schema.get("sourceUrl"),
            "DocumentationUrl": schema.get("documentationUrl"),
            "LastUpdated": self.versions[-1].status.created,
            "TimeCreated": status.created,
        }

    @staticmethod
    def provisioning(version: Version) -> str:
        """Return whether a version's resources can be updated: FULLY_MUTABLE or IMMUTABLE."""
        return "FULLY_MUTABLE" if "update" in version.schema.get("handlers", {}) else "IMMUTABLE"


@dataclass(frozen=True)
class Registration:
    """A registration that is running or over.

    Attributes:
        name: the type's name.
        place: the account and the region.
        version: the version that comes of it.
        client_token: RegisterType's ClientRequestToken.
    """

    name: str
    place: Place
    version: Future[Version]
    client_token: str | None = None

    @property
    def answer(self) -> Answer:
        """The answer of DescribeTypeRegistration."""
        stage = "Deployment is currently in {}_STAGE of status {}"
        if not self.version.done():
            status, arn = "IN_PROGRESS", Extension(self.name, self.place).arn
            return {"ProgressStatus": status, "Description": stage.format("VALIDATION", status), "TypeArn": arn}
        try:
            arn = self.version.result().status.arn
        except InvalidPackage as reason:
            description = f"{stage.format('VALIDATION', 'FAILED')}: {reason}"
            return {"ProgressStatus": "FAILED", "Description": description[:MAX_DESCRIPTION]}
        return {
            "ProgressStatus": "COMPLETE",
            "Description": stage.format("DEPLOY", "COMPLETED"),
            "TypeArn": arn.rpartition("/")[0],
            "TypeVersionArn": arn,
        }
