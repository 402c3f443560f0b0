"""CloudFormation's registry: types are registered from a package, have versions, and run in the emulator.

moto has nothing of it. The actions here are added to moto's CloudFormation, which reads requests and writes answers by
botocore's model of the API: boto3, the AWS CLI and cfn see the service's own shapes. A registration is over when
RegisterType answers, where the service takes minutes. Left out: modules, hooks, publishing, activation and
configuration of types, and the suite that TestType would run (sandbox.contract.v1 runs it).

Source: the CloudFormation API Reference, action by action, and "Managing extensions" in the user guide.
"""

from __future__ import annotations

import io
import json
import logging
import re
import tempfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from botocore import xform_name
from botocore.exceptions import ClientError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.utilities.utils import get_partition
from rpdk.core.data_loaders import load_resource_spec
from rpdk.core.exceptions import SpecValidationError

from packager.package import SETTINGS
from sandbox import SandboxError
from sandbox.account import Account
from sandbox.cloudformation import cloud_control, drift, stacks, versions
from sandbox.cloudformation.resource_type import ResourceType
from sandbox.function import Function

RESERVED = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")
REQUIRED_HANDLERS = ("create", "read", "delete")  # a type without them can't be provisioned
PAGE = 100  # MaxResults unless given
REFUSED = ("ActivateType", "DeactivateType", "PublishType", "SetTypeConfiguration", "TestType")

Parameters = dict[str, Any]  # of an action, as botocore names them
Answer = dict[str, Any]

logging.getLogger("rpdk").addHandler(logging.NullHandler())  # its warnings about schemas are for `cfn validate`


class RegistryError(ServiceException):
    """The registry refuses."""

    code = "CFNRegistryException"


class TypeNotFound(ServiceException):
    """There is no such type or version."""

    code = "TypeNotFoundException"


class InvalidPackage(Exception):  # noqa: N818 - what a registration's description says of a package
    """A package that can't be registered. The text is the reason."""


@dataclass
class Version:
    """A version of a type, and its function while it runs."""

    arn: str
    schema: dict[str, Any]
    function: Function
    logging: dict[str, str] | None
    role_arn: str | None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    live: bool = True
    running: bool = False

    @property
    def version_id(self) -> str:
        """Its eight digits."""
        return self.arn.rpartition("/")[2]

    def start(self) -> None:
        """Start its function, if it does not run."""
        if not self.running:
            self.function.__enter__()
            self.running = True

    def stop(self) -> None:
        """End its function, if it runs."""
        if self.running:
            self.function.__exit__(None, None, None)
            self.running = False


@dataclass
class Extension:
    """A type of a region, with every version that it ever had. Without a default version it is deregistered."""

    name: str
    arn: str
    versions: list[Version] = field(default_factory=list)
    default: Version | None = None

    def summary(self, version: Version) -> Answer:
        """What every answer says of a version."""
        return {"Type": "RESOURCE", "TypeName": self.name, "Description": version.schema.get("description")}


@dataclass(frozen=True)
class Registration:
    """A registration that is over: its version, or the reason why there is none."""

    name: str
    version: Version | None = None
    reason: str = ""

    @property
    def answer(self) -> Answer:
        """How it went."""
        if self.version is None:
            stage = "Deployment is currently in VALIDATION_STAGE of status FAILED"
            return {"ProgressStatus": "FAILED", "Description": f"{stage}: {self.reason}"}
        return {
            "ProgressStatus": "COMPLETE",
            "Description": "Deployment is currently in DEPLOY_STAGE of status COMPLETED",
            "TypeArn": self.version.arn.rpartition("/")[0],
            "TypeVersionArn": self.version.arn,
        }


class Registry:
    """The registry of an account, and CloudFormation's stacks with its types in them, while the context is open.

    Args:
        account: whose registry it is; the calls of the types' functions go there too.
        reserved: the name in a reserved namespace that RegisterType takes all the same: for the sandbox's own project.
    """

    def __init__(self, account: Account, reserved: str | None = None) -> None:
        self._account = account
        self._reserved = reserved
        self._extensions: dict[tuple[str, str], Extension] = {}
        self._registrations: dict[str, Registration] = {}
        self._repeated: dict[str, str] = {}  # a client's token: its registration
        self._lock = threading.RLock()
        self._folder = Path()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-registry-")))
            opening.enter_context(stacks.installed())
            opening.enter_context(versions.offered(self))
            opening.enter_context(cloud_control.served())
            opening.enter_context(drift.served())
            opening.callback(self._stop)
            actions = {
                "RegisterType": self.register_type,
                "DescribeTypeRegistration": self.describe_type_registration,
                "ListTypeRegistrations": self.list_type_registrations,
                "DescribeType": self.describe_type,
                "ListTypes": self.list_types,
                "ListTypeVersions": self.list_type_versions,
                "SetTypeDefaultVersion": self.set_type_default_version,
                "DeregisterType": self.deregister_type,
            } | {name: _refusing(name) for name in REFUSED}
            for name, action in actions.items():
                setattr(CloudFormationResponse, xform_name(name), _answering(action))
                opening.callback(delattr, CloudFormationResponse, xform_name(name))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, package: Path) -> Function:
        """Register a package of this machine, in any namespace, and make it the default version.

        Args:
            package: what `sandbox.function.package` returns.

        Raises:
            SandboxError: it can't be registered; with the reason.
        """
        with self._lock:
            try:
                version = self._registered(package.read_bytes(), None, {}, self._account.region)
            except InvalidPackage as error:
                raise SandboxError(f"{package} can't be registered: {error}") from error
            self._make_default(self._extensions[self._account.region, version.schema["typeName"]], version)
        return version.function

    @property
    def log(self) -> str:
        """What the functions of all versions have written, one after the other."""
        return "".join(v.function.log for extension in self._extensions.values() for v in extension.versions)

    # The actions of the API. Each is given its parameters and the region, and returns its answer.

    def register_type(self, given: Parameters, region: str) -> Answer:
        """Register a version from a package in a bucket. What is wrong with the package, the registration says."""
        name, client = given["TypeName"], given.get("ClientRequestToken")
        if given.get("Type", "RESOURCE") != "RESOURCE":
            raise RegistryError(f"This sandbox registers resource types, no {given['Type']}.")
        if not re.fullmatch(r"[A-Za-z0-9]{2,64}(::[A-Za-z0-9]{2,64}){2}", name):
            raise RegistryError(
                f"{name} is no type name: it has three parts of letters and digits, as in My::Own::Type."
            )
        if name.split("::")[0].lower() in map(str.lower, RESERVED) and name != self._reserved:
            raise RegistryError(f"The namespace of {name} is reserved, as are all of {', '.join(RESERVED)}.")
        with self._lock:
            token = self._repeated.get(client or "")
            if token is None:
                token = str(uuid4())
                self._repeated[client or token] = token
                try:
                    package = self._download(given["SchemaHandlerPackage"])
                    registration = Registration(name, self._registered(package, name, given, region))
                except InvalidPackage as error:
                    registration = Registration(name, reason=str(error))
                self._registrations[token] = registration
        return {"RegistrationToken": token}

    def describe_type_registration(self, given: Parameters, _region: str) -> Answer:
        """How a registration went."""
        if given["RegistrationToken"] not in self._registrations:
            raise RegistryError(f"No registration token matches {given['RegistrationToken']}.")
        return self._registrations[given["RegistrationToken"]].answer

    def list_type_registrations(self, given: Parameters, _region: str) -> Answer:
        """The tokens of the registrations, the newest first."""
        wanted = {
            "TypeName": given.get("TypeName"),
            "TypeArn": given.get("TypeArn"),
            "ProgressStatus": given.get("RegistrationStatusFilter"),
        }
        tokens = [
            token
            for token, registration in reversed(self._registrations.items())
            for answer in [registration.answer | {"TypeName": registration.name}]
            if all(value in (None, answer.get(key)) for key, value in wanted.items())
        ]
        return _page("RegistrationTokenList", tokens, given)

    def describe_type(self, given: Parameters, region: str) -> Answer:
        """All about a version: the default one unless one is named."""
        extension, named = self._find(given, region)
        version = named or extension.default or extension.versions[-1]
        return extension.summary(version) | {
            "Arn": named.arn if named else extension.arn,
            "DefaultVersionId": extension.default and extension.default.version_id,
            "IsDefaultVersion": version is extension.default,
            "TypeTestsStatus": "NOT_TESTED",
            "Schema": json.dumps(version.schema),
            "ProvisioningType": "FULLY_MUTABLE" if "update" in version.schema["handlers"] else "IMMUTABLE",
            "DeprecatedStatus": "LIVE" if version.live else "DEPRECATED",
            "LoggingConfig": version.logging,
            "ExecutionRoleArn": version.role_arn,
            "Visibility": "PRIVATE",
            "SourceUrl": version.schema.get("sourceUrl"),
            "DocumentationUrl": version.schema.get("documentationUrl"),
            "LastUpdated": extension.versions[-1].created,
            "TimeCreated": version.created,
        }

    def list_types(self, given: Parameters, region: str) -> Answer:
        """The types of a region; all of them are private."""
        live = given.get("DeprecatedStatus", "LIVE") == "LIVE"
        prefix = given.get("Filters", {}).get("TypeNamePrefix", "")
        public = given.get("Visibility") == "PUBLIC" or given.get("Type", "RESOURCE") != "RESOURCE"
        summaries = [
            extension.summary(extension.default or extension.versions[-1])
            | {
                "TypeArn": extension.arn,
                "DefaultVersionId": extension.default and extension.default.version_id,
                "LastUpdated": extension.versions[-1].created,
            }
            for (where, name), extension in sorted(self._extensions.items())
            if where == region and (extension.default is not None) == live and name.startswith(prefix) and not public
        ]
        return _page("TypeSummaries", summaries, given)

    def list_type_versions(self, given: Parameters, region: str) -> Answer:
        """The versions of a type: those in use, or those deregistered."""
        extension, _ = self._find(given, region)
        live = given.get("DeprecatedStatus", "LIVE") == "LIVE"
        summaries = [
            extension.summary(version)
            | {
                "Arn": version.arn,
                "VersionId": version.version_id,
                "IsDefaultVersion": version is extension.default,
                "TimeCreated": version.created,
            }
            for version in extension.versions
            if version.live == live
        ]
        return _page("TypeVersionSummaries", summaries, given)

    def set_type_default_version(self, given: Parameters, region: str) -> Answer:
        """Have stacks use another version from now on, for what they have already too."""
        extension, version = self._find(given, region)
        if version is None:
            raise RegistryError("Which version? Its ARN is needed, or the type's name and a VersionId.")
        if not version.live:
            raise TypeNotFound(f"Version {version.version_id} of {extension.name} is deregistered.")
        with self._lock:
            self._make_default(extension, version)
        return {}

    def deregister_type(self, given: Parameters, region: str) -> Answer:
        """Take a version out of use, and with its last one the type. Stacks that have the type are not asked."""
        with self._lock:
            extension, named = self._find(given, region)
            version = named or extension.default
            if version is None or not version.live:
                raise TypeNotFound(f"{extension.name} is deregistered already.")
            others = [other.version_id for other in extension.versions if other.live and other is not version]
            if version is extension.default and others:
                raise RegistryError(
                    f"Version {version.version_id} is the default of {extension.name}. Deregister the others first "
                    f"({', '.join(others)}), or make one of them the default."
                )
            if version is extension.default:
                extension.default = None
                stacks.forget(self._account.account_id, region, extension.name)
            version.live = False
            version.stop()
        return {}

    def _registered(self, package: bytes, name: str | None, given: Parameters, region: str) -> Version:
        """A new version; the default one, and left running, if the type has none."""
        schema = _checked_schema(package, name)
        name = str(schema["typeName"])
        place = f"{region}:{self._account.account_id}"
        arn = f"arn:{get_partition(region)}:cloudformation:{place}:type/resource/{name.replace('::', '-')}"
        extension = self._extensions.get((region, name)) or Extension(name, arn)
        number = f"{len(extension.versions) + 1:08}"
        kept = self._folder / f"{region}-{name.replace('::', '-')}-{number}.zip"
        kept.write_bytes(package)
        function = Function(kept, self._account)
        version = Version(
            f"{arn}/{number}", schema, function, given.get("LoggingConfig"), given.get("ExecutionRoleArn")
        )
        try:
            version.start()
            function.invoke({})
        except SandboxError as error:
            if not version.running or "Runtime." in str(error):  # a handler that dislikes the event was found, at least
                version.stop()
                raise InvalidPackage(str(error)) from error
        extension.versions.append(version)
        self._extensions[region, name] = extension
        if extension.default is None:
            self._make_default(extension, version)
        else:
            version.stop()
        return version

    def _make_default(self, extension: Extension, version: Version) -> None:
        version.start()
        extension.default = version  # the one before runs on for what is under way with it
        log_group = (version.logging or {}).get("LogGroupName")
        kind = ResourceType(
            version.schema,
            version.function.invoke,
            version=version.version_id,
            log_group=log_group,
            wait=stacks.wait,
        )
        stacks.teach(self._account.account_id, extension.arn.split(":")[3], kind)

    def _find(self, given: Parameters, region: str) -> tuple[Extension, Version | None]:
        """The type that is meant, and its version if one is named."""
        arn, name, version_id = given.get("Arn"), given.get("TypeName"), given.get("VersionId")
        for (where, _), extension in self._extensions.items():
            if where == region and (name == extension.name or arn == extension.arn) and version_id is None:
                return extension, None
            for version in extension.versions:
                named = (name, version_id) == (extension.name, version.version_id)
                if where == region and (named or arn == version.arn):
                    return extension, version
        raise TypeNotFound(f"There is no {arn or name} {version_id or ''} in the registry.")

    def _download(self, url: str) -> bytes:
        parts = urlsplit(url)
        try:
            answer = self._account.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.removeprefix("/"))
        except ClientError as error:
            raise InvalidPackage(f"{url} can't be read: {error}") from error
        content: bytes = answer["Body"].read()
        return content

    def _stop(self) -> None:
        for extension in self._extensions.values():
            for version in extension.versions:
                version.stop()


def _answering(action: Callable[[Parameters, str], Answer]) -> Callable[[CloudFormationResponse], ActionResult]:
    return lambda response: ActionResult(action(response.params, response.region))


def _checked_schema(package: bytes, name: str | None) -> dict[str, Any]:
    """The schema of a package that has all that the service asks for; whether the entry point loads is seen later."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as contents:
            settings = json.loads(contents.read(SETTINGS))
            text = contents.read("schema.json").decode()
            contents.getinfo("ResourceProvider.zip")
        load_resource_spec(io.StringIO(text))  # type: ignore[no-untyped-call]  # cfn ships no types
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InvalidPackage(f"The package is not as cfn makes it: {error}") from error
    except SpecValidationError as error:
        raise InvalidPackage(f"The schema is not valid: {str(error).splitlines()[0]}") from error
    schema: dict[str, Any] = json.loads(text)
    missing = [handler for handler in REQUIRED_HANDLERS if handler not in schema.get("handlers", {})]
    if name not in {None, schema["typeName"]}:
        raise InvalidPackage(f"The schema is of {schema['typeName']}, not of {name}.")
    if missing:
        raise InvalidPackage(f"The schema has no handler to {', '.join(missing)}.")
    if not str(settings.get("runtime")).startswith("python") or "entrypoint" not in settings:
        raise InvalidPackage(f"This sandbox runs Python types, no {settings.get('runtime')}.")
    return schema


def _refusing(name: str) -> Callable[[Parameters, str], Answer]:
    def refuse(_given: Parameters, _region: str) -> Answer:
        raise RegistryError(f"This sandbox has no {name}.")

    return refuse


def _page(key: str, items: Sequence[Any], given: Parameters) -> Answer:
    """A page of a list: MaxResults of it, from NextToken on."""
    begin = int(given.get("NextToken", 0))
    end = begin + given.get("MaxResults", PAGE)
    return {key: items[begin:end], "NextToken": str(end) if end < len(items) else None}
