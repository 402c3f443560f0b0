"""The registry's data: types, versions and registrations, and the check of a package before it is registered."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from moto.core.exceptions import ServiceException
from rpdk.core.data_loaders import load_resource_spec
from rpdk.core.exceptions import SpecValidationError

from cfn_sandbox.account.function import Function
from cfn_sandbox.cloudformation.type_tests import NOT_TESTED, TypeTests
from cfn_sandbox.packaging.package import SETTINGS

REQUIRED_HANDLERS = ("create", "read", "delete")  # a type without them can't be provisioned
MAX_DESCRIPTION = 1024  # the maximum length of a description, in characters

Answer = dict[str, Any]  # an action's answer, its members named as in botocore

logging.getLogger("rpdk").addHandler(logging.NullHandler())  # hides schema warnings that are meant for `cfn validate`


class RegistryError(ServiceException):
    """A refusal of the registry."""

    code = "CFNRegistryException"


class TypeNotFound(ServiceException):
    """A type or version that does not exist."""

    code = "TypeNotFoundException"


class InvalidPackage(Exception):  # noqa: N818 - named for what is wrong with the package
    """A package that can't be registered. The text is the reason; the registration's description shows it."""


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

    def check(self) -> None:
        """Do nothing: a function of this process has loaded."""


@dataclass
class Version:
    """A version of a type, with its handlers. A type that was added from Python has no package."""

    schema: dict[str, Any]
    package: Path | None
    function: Function | PythonFunction
    logging: dict[str, str] | None
    role_arn: str | None
    arn: str = ""
    tests: TypeTests = NOT_TESTED
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    live: bool = True
    running: bool = False

    @property
    def version_id(self) -> str:
        """The version's number, of eight digits."""
        return self.arn.rpartition("/")[2]

    def start(self) -> None:
        """Start the function unless it is running."""
        if not self.running:
            self.function.__enter__()
            self.running = True

    def stop(self) -> None:
        """End the function if it is running."""
        if self.running:
            self.function.__exit__(None, None, None)
            self.running = False


@dataclass
class Extension:
    """A type in a region, with all its versions, past ones included. Without a default version it is deregistered."""

    name: str
    arn: str
    versions: list[Version] = field(default_factory=list)
    default: Version | None = None

    def summary(self, version: Version) -> Answer:
        """Return the members that every answer about a version has."""
        return {"Type": "RESOURCE", "TypeName": self.name, "Description": version.schema.get("description")}

    def details(self, version: Version) -> Answer:
        """Return DescribeType's answer about a version, except its Arn."""
        return self.summary(version) | {
            "DefaultVersionId": self.default and self.default.version_id,
            "IsDefaultVersion": version is self.default,
            "TypeTestsStatus": version.tests.status,
            "TypeTestsStatusDescription": version.tests.description,
            "Schema": json.dumps(version.schema),
            "ProvisioningType": "FULLY_MUTABLE" if "update" in version.schema.get("handlers", {}) else "IMMUTABLE",
            "DeprecatedStatus": "LIVE" if version.live else "DEPRECATED",
            "LoggingConfig": version.logging,
            "ExecutionRoleArn": version.role_arn,
            "Visibility": "PRIVATE",
            "SourceUrl": version.schema.get("sourceUrl"),
            "DocumentationUrl": version.schema.get("documentationUrl"),
            "LastUpdated": self.versions[-1].created,
            "TimeCreated": version.created,
        }


@dataclass(frozen=True)
class Registration:
    """A registration that is running or over: the type's name, and the future version."""

    name: str
    version: Future[Version]

    @property
    def answer(self) -> Answer:
        """The answer of DescribeTypeRegistration."""
        stage = "Deployment is currently in {}_STAGE of status {}"
        if not self.version.done():
            return {"ProgressStatus": "IN_PROGRESS", "Description": stage.format("VALIDATION", "IN_PROGRESS")}
        try:
            version = self.version.result()
        except InvalidPackage as reason:
            description = f"{stage.format('VALIDATION', 'FAILED')}: {reason}"
            return {"ProgressStatus": "FAILED", "Description": description[:MAX_DESCRIPTION]}
        return {
            "ProgressStatus": "COMPLETE",
            "Description": stage.format("DEPLOY", "COMPLETED"),
            "TypeArn": version.arn.rpartition("/")[0],
            "TypeVersionArn": version.arn,
        }


def checked_schema(package: bytes, name: str | None) -> dict[str, Any]:
    """Return the schema of a package after checking the package. Whether the entry point loads is checked later.

    Args:
        package: the zip file's content.
        name: the expected type name; None accepts any.

    Raises:
        InvalidPackage: the service would refuse the package, or this sandbox can't run it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as contents:
            settings = json.loads(contents.read(SETTINGS))
            text = contents.read("schema.json").decode()
            contents.getinfo("ResourceProvider.zip")
        load_resource_spec(io.StringIO(text))  # type: ignore[no-untyped-call]  # cfn ships no types
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidPackage(f"The package was not built by cfn: {error}") from error
    except SpecValidationError as error:
        raise InvalidPackage(f"The schema is not valid: {str(error).splitlines()[0]}") from error
    schema: dict[str, Any] = json.loads(text)
    missing = [handler for handler in REQUIRED_HANDLERS if handler not in schema.get("handlers", {})]
    if name not in {None, schema["typeName"]}:
        raise InvalidPackage(f"The schema is of {schema['typeName']}, not of {name}.")
    if missing:
        raise InvalidPackage(f"The schema has no handler to {', '.join(missing)}.")
    if not str(settings.get("runtime")).startswith("python") or "entrypoint" not in settings:
        raise InvalidPackage(f"This sandbox runs Python types only, not {settings.get('runtime')}.")
    return schema
