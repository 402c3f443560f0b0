"""CloudFormation's registry: types are registered from a package, have versions, and run in the emulator.

moto has no registry. These actions are added to moto's CloudFormation, which parses requests and writes answers by
botocore's model of the API, so boto3, the AWS CLI and cfn see the service's own shapes. RegisterType waits up to 50 s
for the registration to end; the service takes minutes. Like the service, this registry accepts a type only if it passes
contract tests v2 and AWS's rules for schemas. Not supported: modules, hooks, publishing, activation and configuration.

Source: the CloudFormation API Reference, action by action, and "Managing extensions" in the user guide.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.utilities.utils import get_partition

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.cloudformation import cloud_control, drift, versions
from cfn_sandbox.cloudformation import moto_stacks as stacks
from cfn_sandbox.cloudformation.actions import Action, add_actions
from cfn_sandbox.cloudformation.extensions import (
    Answer,
    Extension,
    InvalidPackage,
    PythonFunction,
    Registration,
    RegistryError,
    TypeNotFound,
    Version,
    checked_schema,
)
from cfn_sandbox.cloudformation.resource_type import Invoke, ResourceType
from cfn_sandbox.cloudformation.type_tests import IN_PROGRESS, TypeTester, TypeTests

RESERVED = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")
PAGE_SIZE = 100  # the default of MaxResults
UNSUPPORTED = ("ActivateType", "DeactivateType", "PublishType", "SetTypeConfiguration")

Parameters = dict[str, Any]  # an action's parameters, named as in botocore

PATIENCE = 50
"""Seconds that RegisterType waits for the registration to end: less than a client waits for an answer."""


__all__ = ["Registry"]


class Registry:
    """The registry of an account: `account.registry`. While it is open, stacks and Cloud Control can use its types.

    Args:
        account: the account; the types' functions call it too.
        reserved: a type name in a reserved namespace that RegisterType accepts, for the sandbox's own project.
        tested: whether a type must pass contract tests v2 and AWS's schema rules to be registered.
    """

    def __init__(self, account: Account, reserved: str | None = None, *, tested: bool = True) -> None:
        self._account = account
        self._reserved = reserved
        self._tested = tested
        self._tester = TypeTester(account)
        self._workers = ThreadPoolExecutor(thread_name_prefix="registry")
        self._extensions: dict[tuple[str, str], Extension] = {}
        self._registrations: dict[str, Registration] = {}
        self._client_tokens: dict[str, str] = {}  # from a ClientRequestToken to the token of its registration
        self._lock = threading.RLock()
        self._folder = Path()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-registry-")))
            opening.enter_context(stacks.install())
            opening.enter_context(versions.offer(self))
            opening.enter_context(cloud_control.serve())
            opening.enter_context(drift.serve())
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
                "TestType": self.test_type,
            } | {name: _unsupported(name) for name in UNSUPPORTED}
            opening.enter_context(add_actions({name: _of_any_account(action) for name, action in actions.items()}))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, schema: Mapping[str, Any], invoke: Invoke) -> None:
        """Register a type whose handlers are a Python function, in any namespace, and make it the default version.

        From now on stacks and Cloud Control use it, before moto's type of the same name, and DescribeType shows it. Its
        schema is taken as it is: neither AWS's definition of schemas nor AWS's rules are applied to it.

        Args:
            schema: the type's schema, with typeName, properties and primaryIdentifier at least.
            invoke: takes an event as CloudFormation sends it to the handlers (action, requestData, callbackContext and
                so on) and returns the progress event. It is called in other threads than this one. What it raises
                becomes an InternalFailure.

        Raises:
            SandboxError: the schema lacks one of these members.
        """
        missing = [name for name in ("typeName", "properties", "primaryIdentifier") if name not in schema]
        if missing:
            raise SandboxError(f"a type can't be added by a schema without {missing[0]}")
        version = Version(json.loads(json.dumps(schema)), None, PythonFunction(invoke), None, None)
        with self._lock:
            self._add_version(version, self._account.region)
            self._make_default(self._extensions[self._account.region, version.schema["typeName"]], version)

    def add_package(self, package: Path) -> Function:
        """Register a package from a local file, in any namespace and untested, and make it the default version.

        Args:
            package: the zip that `cfn submit --dry-run` or `cfn_sandbox.packaging.package.package` writes.

        Returns:
            The function that runs the handlers, until the account is closed.

        Raises:
            SandboxError: the package can't be registered; with the reason.
        """
        try:
            version, function = self._register_package(
                package.read_bytes(), None, {}, self._account.region, tested=False
            )
        except OSError as error:
            raise SandboxError(f"{package} can't be read: {error.strerror}") from error
        except InvalidPackage as error:
            raise SandboxError(f"{package} can't be registered: {error}") from error
        with self._lock:
            self._make_default(self._extensions[self._account.region, version.schema["typeName"]], version)
        return function

    @property
    def log(self) -> str:
        """The logs of the functions of all versions, one after the other."""
        return "".join(v.function.log for extension in self._extensions.values() for v in extension.versions)

    # The actions of the API. Each takes its parameters and the region, and returns its answer.

    def register_type(self, parameters: Parameters, region: str) -> Answer:
        """Register a version from a package in a bucket. The registration's description says if the package is bad."""
        name, client_token = parameters["TypeName"], parameters.get("ClientRequestToken")
        if parameters.get("Type", "RESOURCE") != "RESOURCE":
            raise RegistryError(f"This sandbox registers resource types only, not {parameters['Type']}.")
        if not re.fullmatch(r"[A-Za-z0-9]{2,64}(::[A-Za-z0-9]{2,64}){2}", name):
            raise RegistryError(
                f"{name} is not a type name: a type name is three parts of letters and digits, such as My::Own::Type."
            )
        if name.split("::")[0].lower() in map(str.lower, RESERVED) and name != self._reserved:
            raise RegistryError(f"The namespace of {name} is reserved, as are all of {', '.join(RESERVED)}.")
        with self._lock:
            token = self._client_tokens.get(client_token or "")
            if token is None:
                token = str(uuid4())
                self._client_tokens[client_token or token] = token
                self._registrations[token] = Registration(
                    name, self._workers.submit(self._register, parameters, region)
                )
        wait([self._registrations[token].version], PATIENCE)
        return {"RegistrationToken": token}

    def wait_until_ended(self, token: str) -> Answer:
        """Wait until a registration ends, and return the answer of DescribeTypeRegistration."""
        wait([self._registrations[token].version])
        return self._registrations[token].answer

    def describe_type_registration(self, parameters: Parameters, _region: str) -> Answer:
        """Return the status of a registration."""
        if parameters["RegistrationToken"] not in self._registrations:
            raise RegistryError(f"No registration token matches {parameters['RegistrationToken']}.")
        return self._registrations[parameters["RegistrationToken"]].answer

    def list_type_registrations(self, parameters: Parameters, _region: str) -> Answer:
        """Return the tokens of the registrations, newest first."""
        filters = {
            "TypeName": parameters.get("TypeName"),
            "TypeArn": parameters.get("TypeArn"),
            "ProgressStatus": parameters.get("RegistrationStatusFilter"),
        }
        tokens = [
            token
            for token, registration in reversed(self._registrations.items())
            for answer in [registration.answer | {"TypeName": registration.name}]
            if all(value in (None, answer.get(key)) for key, value in filters.items())
        ]
        return _page("RegistrationTokenList", tokens, parameters)

    def describe_type(self, parameters: Parameters, region: str) -> Answer:
        """Describe a version, by default the default version."""
        extension, named_version = self._find(parameters, region)
        version = named_version or extension.default or extension.versions[-1]
        return extension.details(version) | {"Arn": named_version.arn if named_version else extension.arn}

    def list_types(self, parameters: Parameters, region: str) -> Answer:
        """List the types of a region. All of them are private."""
        live = parameters.get("DeprecatedStatus", "LIVE") == "LIVE"
        prefix = parameters.get("Filters", {}).get("TypeNamePrefix", "")
        public = parameters.get("Visibility") == "PUBLIC" or parameters.get("Type", "RESOURCE") != "RESOURCE"
        summaries = [
            extension.summary(extension.default or extension.versions[-1])
            | {
                "TypeArn": extension.arn,
                "DefaultVersionId": extension.default and extension.default.version_id,
                "LastUpdated": extension.versions[-1].created,
            }
            for (type_region, name), extension in sorted(self._extensions.items())
            if type_region == region
            and (extension.default is not None) == live
            and name.startswith(prefix)
            and not public
        ]
        return _page("TypeSummaries", summaries, parameters)

    def list_type_versions(self, parameters: Parameters, region: str) -> Answer:
        """List the versions of a type, either the live or the deregistered ones."""
        extension, _ = self._find(parameters, region)
        live = parameters.get("DeprecatedStatus", "LIVE") == "LIVE"
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
        return _page("TypeVersionSummaries", summaries, parameters)

    def set_type_default_version(self, parameters: Parameters, region: str) -> Answer:
        """Make another version the default. Stacks use it from now on, for their existing resources too."""
        extension, version = self._find(parameters, region)
        if version is None:
            raise RegistryError("Which version? Its ARN is needed, or the type's name and a VersionId.")
        if not version.live:
            raise TypeNotFound(f"Version {version.version_id} of {extension.name} is deregistered.")
        with self._lock:
            self._make_default(extension, version)
        return {}

    def deregister_type(self, parameters: Parameters, region: str) -> Answer:
        """Deregister a version; with the last one, the type. Whether stacks still use the type is not checked."""
        with self._lock:
            extension, named_version = self._find(parameters, region)
            version = named_version or extension.default
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
                stacks.remove_type(self._account.account_id, region, extension.name)
            version.live = False
            version.stop()
        return {}

    def test_type(self, parameters: Parameters, region: str) -> Answer:
        """Start to test a version, by default the default version. DescribeType reports the status."""
        extension, named_version = self._find(parameters, region)
        version = named_version or extension.default
        if version is None or not version.live:
            raise TypeNotFound(f"{extension.name} is deregistered.")
        if version.package is None:
            raise RegistryError(f"{extension.name} was added from Python: it has no package to test.")
        version.tests = IN_PROGRESS
        self._workers.submit(self._test, version, version.package)
        return {"TypeVersionArn": version.arn}

    def _test(self, version: Version, package: Path) -> None:
        """Test a version with a separate function, because stacks can be using the version's own."""
        try:
            with Function(package, self._account) as function:
                version.tests = self._tester.run(version.schema, package, function)
        except SandboxError as error:
            version.tests = TypeTests("FAILED", str(error))

    def _register(self, parameters: Parameters, region: str) -> Version:
        """Do the work of RegisterType: download the package and register it."""
        package = self._download(parameters["SchemaHandlerPackage"])
        version, _ = self._register_package(package, parameters["TypeName"], parameters, region, tested=self._tested)
        return version

    def _register_package(
        self, package: bytes, name: str | None, parameters: Parameters, region: str, *, tested: bool
    ) -> tuple[Version, Function]:
        """Register and return a new version. It becomes the default, and keeps running, if the type has no default."""
        schema = checked_schema(package, name)
        name = str(schema["typeName"])
        path = self._folder / f"{uuid4()}.zip"
        path.write_bytes(package)
        function = Function(path, self._account)
        version = Version(schema, path, function, parameters.get("LoggingConfig"), parameters.get("ExecutionRoleArn"))
        try:
            self._start_and_check(version)
            if tested:
                default = self._extensions[region, name].default if (region, name) in self._extensions else None
                version.tests = self._tester.run(schema, path, function, default.schema if default else None)
                if version.tests.status == "FAILED":
                    raise InvalidPackage(version.tests.description)  # noqa: TRY301 - the version stops in any case
        except SandboxError as error:
            version.stop()
            raise InvalidPackage(str(error)) from error
        except BaseException:
            version.stop()
            raise
        with self._lock:
            self._add_version(version, region)
        return version, function

    @staticmethod
    def _start_and_check(version: Version) -> None:
        """Start a version, and check that its handler loads.

        Raises:
            SandboxError: the handler doesn't load.
        """
        version.start()
        version.function.check()

    def _add_version(self, version: Version, region: str) -> None:
        name = str(version.schema["typeName"])
        place = f"{region}:{self._account.account_id}"
        arn = f"arn:{get_partition(region)}:cloudformation:{place}:type/resource/{name.replace('::', '-')}"
        extension = self._extensions.setdefault((region, name), Extension(name, arn))
        version.arn = f"{arn}/{len(extension.versions) + 1:08}"
        extension.versions.append(version)
        if extension.default is None:
            self._make_default(extension, version)
        else:
            version.stop()

    def _make_default(self, extension: Extension, version: Version) -> None:
        version.start()
        extension.default = version  # the previous default keeps running for operations that use it
        log_group = (version.logging or {}).get("LogGroupName")
        kind = ResourceType(
            version.schema,
            version.function.invoke,
            version=version.version_id,
            log_group=log_group,
            wait=stacks.wait,
        )
        stacks.add_type(self._account.account_id, extension.arn.split(":")[3], kind)

    def _find(self, parameters: Parameters, region: str) -> tuple[Extension, Version | None]:
        """Return the type that a request names, and its version if the request names one."""
        arn, name, version_id = parameters.get("Arn"), parameters.get("TypeName"), parameters.get("VersionId")
        for (type_region, _), extension in self._extensions.items():
            if type_region == region and (name == extension.name or arn == extension.arn) and version_id is None:
                return extension, None
            for version in extension.versions:
                matches = (name, version_id) == (extension.name, version.version_id)
                if type_region == region and (matches or arn == version.arn):
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
        self._tester.stop()
        self._workers.shutdown(cancel_futures=True)
        for extension in self._extensions.values():
            for version in extension.versions:
                version.stop()


def _of_any_account(action: Callable[[Parameters, str], Answer]) -> Action:
    return lambda parameters, _account, region: action(parameters, region)


def _unsupported(name: str) -> Callable[[Parameters, str], Answer]:
    def refuse(_parameters: Parameters, _region: str) -> Answer:
        raise RegistryError(f"This sandbox has no {name}.")

    return refuse


def _page(key: str, items: Sequence[Any], parameters: Parameters) -> Answer:
    """Return one page of a list: up to MaxResults items, starting at NextToken."""
    start = int(parameters.get("NextToken", 0))
    end = start + parameters.get("MaxResults", PAGE_SIZE)
    return {key: items[start:end], "NextToken": str(end) if end < len(items) else None}
