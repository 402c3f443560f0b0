"""CloudFormation's registry: types are registered from a package, have versions, and run in the emulator.

RegisterType waits up to 50 s for the registration to end; the service takes minutes. Like the service, this registry
accepts a type only if it passes contract tests v2 and AWS's rules for schemas.

Source: the CloudFormation API Reference, operation by operation, and "Managing extensions" in the user guide.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from cfn_sandbox import SandboxError
from cfn_sandbox.account.configuration import resolved
from cfn_sandbox.account.scratch import scratch_folder
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.registry import messaging, secrets, versions
from cfn_sandbox.registry.extensions import (
    IN_PROGRESS,
    Answer,
    Extension,
    InvalidPackage,
    Parameters,
    Place,
    PythonFunction,
    Registration,
    Version,
    named,
    not_found,
    refusal,
)
from cfn_sandbox.registry.packages import Builder
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import Invoke, RegisteredType
from cfn_sandbox.schemas import configuration

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account
    from cfn_sandbox.account.function import Function

RESERVED = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")

PATIENCE = 50
"""Seconds that RegisterType waits for the registration to end: less than a client waits for an answer."""


@contextmanager
def open_registry(
    account: Account, wait: Callable[[float], object], reserved: str | None = None, *, tested: bool = True
) -> Iterator[Registry]:
    """Yield an account's registry, which stacks can use to register types. At the end all functions stop.

    Args:
        account: the account; the types' functions call it too.
        wait: waits some seconds until a handler's next invocation.
        reserved: a type name in a reserved namespace that RegisterType accepts, for the sandbox's own project.
        tested: whether a type must pass contract tests v2 and AWS's schema rules to be registered.
    """
    with scratch_folder() as folder:
        registry = Registry(Builder(account, folder, wait, tested=tested), reserved)
        try:
            with versions.offer(registry), secrets.offer(account), messaging.offer(account):
                yield registry
        finally:
            registry.stop()


class Registry:
    """The registry of an account: the registry's operations, each by its name in the API.

    An operation takes its input and the account and region of the caller. Lists are not in pages.

    Args:
        builder: makes versions from packages.
        reserved: a type name in a reserved namespace that RegisterType accepts.
    """

    def __init__(self, builder: Builder, reserved: str | None = None) -> None:
        self._builder = builder
        self._reserved = reserved
        self._workers = ThreadPoolExecutor(thread_name_prefix="registry")
        self._extensions: dict[tuple[Place, str], Extension] = {}
        self._registrations: dict[str, Registration] = {}
        self._lock = threading.RLock()

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
        self._add_default(Version(json.loads(json.dumps(schema)), None, PythonFunction(invoke), {}))

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
            version = self._builder.build(package.read_bytes(), None, {}, None)
        except OSError as error:
            raise SandboxError(f"{package} can't be read: {error.strerror}") from error
        except InvalidPackage as error:
            raise SandboxError(f"{package} can't be registered: {error}") from error
        self._add_default(version)
        return cast("Function", version.function)

    @property
    def log(self) -> str:
        """The logs of the functions of all versions, one after the other."""
        return "".join(v.function.log for extension in self._extensions.values() for v in extension.versions)

    def stop(self) -> None:
        """End all registrations, tests and functions."""
        self._builder.stop()
        self._workers.shutdown(cancel_futures=True)
        for extension in self._extensions.values():
            for version in extension.versions:
                version.stop()

    def register_type(self, parameters: Parameters, place: Place) -> Answer:
        """Register a version from a package in a bucket. The registration's description says if the package is bad."""
        name, client_token = parameters["TypeName"], parameters.get("ClientRequestToken")
        if name.split("::")[0].lower() in map(str.lower, RESERVED) and name != self._reserved:
            raise refusal(f"The namespace of {name} is reserved, as are all of {', '.join(RESERVED)}.")
        with self._lock:
            known = {one.client_token: token for token, one in self._registrations.items() if one.place == place}
            token = known.get(client_token) if client_token else None
            if token is None:
                token = str(uuid4())
                future = self._workers.submit(self._register, parameters, place)
                self._registrations[token] = Registration(name, place, future, client_token)
        wait([self._registrations[token].version], PATIENCE)
        return {"RegistrationToken": token}

    def wait_until_ended(self, token: str) -> Answer:
        """Wait until a registration ends, and return the answer of DescribeTypeRegistration."""
        wait([self._registrations[token].version])
        return self._registrations[token].answer

    def describe_type_registration(self, parameters: Parameters, _place: Place) -> Answer:
        """Return the status of a registration."""
        if parameters["RegistrationToken"] not in self._registrations:
            raise refusal(f"No registration token matches {parameters['RegistrationToken']}.")
        return self._registrations[parameters["RegistrationToken"]].answer

    def list_type_registrations(self, parameters: Parameters, place: Place) -> Answer:
        """Return the tokens of the registrations, newest first, by default of those in progress."""
        filters = {
            "Type": parameters.get("Type"),
            "TypeName": parameters.get("TypeName"),
            "TypeArn": parameters.get("TypeArn"),
            "ProgressStatus": parameters.get("RegistrationStatusFilter", "IN_PROGRESS"),
        }
        tokens = [
            token
            for token, registration in reversed(self._registrations.items())
            for answer in [registration.answer | {"TypeName": registration.name, "Type": "RESOURCE"}]
            if registration.place == place and all(value in (None, answer.get(key)) for key, value in filters.items())
        ]
        return {"RegistrationTokenList": tokens}

    def describe_type(self, parameters: Parameters, place: Place) -> Answer:
        """Describe a version, by default the default version. Of a named one, say what its tests found."""
        extension, named_version = self._find(parameters, place)
        details = extension.details(named_version or extension.main)
        if named_version is None:
            return details
        tests = named_version.status.tests
        return details | {"TypeTestsStatus": tests.status, "TypeTestsStatusDescription": tests.description}

    def list_types(self, parameters: Parameters, place: Place) -> Answer:
        """List the types of a region. All of them are private."""
        filters = parameters.get("Filters", {})
        live = parameters.get("DeprecatedStatus", "LIVE") == "LIVE"
        wanted = parameters.get("ProvisioningType")
        others = (
            parameters.get("Visibility") == "PUBLIC"
            or parameters.get("Type", "RESOURCE") != "RESOURCE"
            or filters.get("Category", "REGISTERED") != "REGISTERED"
        )
        summaries = [
            extension.summary(extension.main)
            | {
                "TypeArn": extension.arn,
                "DefaultVersionId": extension.default and extension.default.version_id,
                "LastUpdated": extension.versions[-1].status.created,
            }
            for (type_place, name), extension in sorted(self._extensions.items())
            if type_place == place
            and (extension.default is not None) == live
            and name.startswith(filters.get("TypeNamePrefix", ""))
            and wanted in {None, extension.provisioning(extension.main)}
            and not others
        ]
        return {"TypeSummaries": summaries}

    def list_type_versions(self, parameters: Parameters, place: Place) -> Answer:
        """List the versions of a type, either the live or the deregistered ones."""
        extension, _ = self._find(parameters, place)
        live = parameters.get("DeprecatedStatus", "LIVE") == "LIVE"
        summaries = [
            extension.summary(version)
            | {
                "Arn": version.status.arn,
                "VersionId": version.version_id,
                "IsDefaultVersion": version is extension.default,
                "TimeCreated": version.status.created,
            }
            for version in extension.versions
            if version.status.live == live
        ]
        return {"TypeVersionSummaries": summaries}

    def set_type_default_version(self, parameters: Parameters, place: Place) -> Answer:
        """Make another version the default. Stacks use it from now on, for their existing resources too."""
        extension, version = self._find(parameters, place)
        if version is None:
            raise refusal("Which version? Its ARN is needed, or the type's name and a VersionId.")
        if not version.status.live:
            raise not_found(f"Version {version.version_id} of {extension.name} is deregistered.")
        with self._lock:
            self._make_default(extension, version)
        return {}

    def set_type_configuration(self, parameters: Parameters, place: Place) -> Answer:
        """Keep a type's configuration. Its handlers' events have it from now on, with dynamic references resolved."""
        named = {"Arn": parameters.get("TypeArn"), "TypeName": parameters.get("TypeName")}
        extension, _ = self._find(named, place)
        try:
            found = configuration.checked(parameters["Configuration"], extension.main.schema)
            resolved(found, *place)
        except SandboxError as error:
            raise refusal(f"Configuration of {extension.name} is refused: {error}.") from error
        extension.configuration, extension.configured = found, datetime.now(UTC)
        return {"ConfigurationArn": extension.configuration_arn}

    def batch_describe_type_configurations(self, parameters: Parameters, place: Place) -> Answer:
        """Return types' configurations as they were set. AWS's words for an unknown type are not known here: ours."""
        found: list[Answer] = []
        errors: list[Answer] = []
        for identifier in parameters["TypeConfigurationIdentifiers"]:
            of_configuration = identifier.get("TypeConfigurationArn", "").removesuffix("/default")
            arn = identifier.get("TypeArn") or of_configuration.replace(":type-configuration/", ":type/")
            try:
                extension, _ = self._find({"Arn": arn or None, "TypeName": identifier.get("TypeName")}, place)
            except CloudFormationError as error:
                words = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append(words | {"TypeConfigurationIdentifier": identifier})
            else:
                found.append(extension.configuration_details)
        return {"Errors": errors, "UnprocessedTypeConfigurations": [], "TypeConfigurations": found}

    def deregister_type(self, parameters: Parameters, place: Place) -> Answer:
        """Deregister a version that is not the default, or a type that has no other. Who uses them is not checked."""
        with self._lock:
            extension, named_version = self._find(parameters, place)
            version = named_version or extension.default
            if version is None or not version.status.live:
                raise not_found(f"{extension.name} is deregistered already.")
            if named_version and named_version is extension.default:
                raise refusal(
                    f"Version '{version.version_id}' is the default version and cannot be deregistered. Deregister the "
                    f"resource type '{extension.name}' instead."
                )
            if named_version is None and extension.live_versions > 1:
                raise refusal(
                    "This type has more than one active version. Please deregister non-default active versions before "
                    "attempting to deregister the type."
                )
            if version is extension.default:
                extension.default = None
                catalogue.remove_type(*place, extension.name)
            version.status.live = False
            version.stop()
        return {}

    def test_type(self, parameters: Parameters, place: Place) -> Answer:
        """Start to test a version, by default the default version. DescribeType reports the status."""
        extension, named_version = self._find(parameters, place)
        version = named_version or extension.default
        if version is None or not version.status.live:
            raise not_found(f"{extension.name} is deregistered.")
        if version.package is None:
            raise refusal(f"{extension.name} was added from Python: it has no package to test.")
        version.status.tests = IN_PROGRESS
        self._workers.submit(self._builder.test, version, version.package, lambda: extension.resolved_configuration)
        return {"TypeVersionArn": version.status.arn}

    def _register(self, parameters: Parameters, place: Place) -> Version:
        """Do the work of RegisterType. The new version becomes the default if the type has none."""
        name = parameters["TypeName"]
        known = self._extensions.get((place, name))
        package = self._builder.download(parameters["SchemaHandlerPackage"])
        version = self._builder.build(
            package,
            name,
            parameters,
            known.default if known else None,
            known.resolved_configuration if known else None,
        )
        with self._lock:
            extension = self._add_version(version, place)
            if extension.default is None:
                self._make_default(extension, version)
            else:
                version.stop()
        return version

    def _add_default(self, version: Version) -> None:
        """Register a version in the account's own region, and make it the default."""
        with self._lock:
            place = self._builder.account.account_id, self._builder.account.region
            self._make_default(self._add_version(version, place), version)

    def _add_version(self, version: Version, place: Place) -> Extension:
        name = str(version.schema["typeName"])
        extension = self._extensions.setdefault((place, name), Extension(name, place))
        version.status.arn = f"{extension.arn}/{len(extension.versions) + 1:08}"
        extension.versions.append(version)
        return extension

    def _make_default(self, extension: Extension, version: Version) -> None:
        version.start()
        extension.default = version  # the previous default keeps running for operations that use it
        log_group = version.options.get("LoggingConfig", {}).get("LogGroupName")
        kind = RegisteredType(
            version.schema,
            version.function.invoke,
            version=version.version_id,
            log_group=log_group,
            wait=self._builder.wait,
            configuration=lambda: extension.resolved_configuration,
        )
        catalogue.add_type(*extension.place, kind)

    def _find(self, parameters: Parameters, place: Place) -> tuple[Extension, Version | None]:
        """Return the type that a request names, and its version if the request names one."""
        arn, name, version_id = parameters.get("Arn"), parameters.get("TypeName"), parameters.get("VersionId")
        for (type_place, _), extension in self._extensions.items():
            if type_place != place:
                continue
            if (name == extension.name or arn == extension.arn) and version_id is None:
                return extension, None
            for version in extension.versions:
                if (name, version_id) == (extension.name, version.version_id) or arn == version.status.arn:
                    return extension, version
        type_name, version_id = named(arn) if arn else (name, version_id)
        if (place, type_name) in self._extensions:
            raise not_found(f"There is no {type_name} {version_id} in the registry.")
        raise not_found(f"The type '{type_name}' cannot be found.")
