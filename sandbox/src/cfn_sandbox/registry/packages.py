"""Makes versions from packages: checks a package, starts its function, and tests it."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.exceptions import ClientError
from rpdk.core.data_loaders import load_resource_spec
from rpdk.core.exceptions import SpecValidationError

from cfn_sandbox import SandboxError
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging import compiled
from cfn_sandbox.packaging.package import SETTINGS
from cfn_sandbox.registry.extensions import InvalidPackage, Parameters, TypeTests, Version
from cfn_sandbox.registry.type_tests import TypeTester
from cfn_sandbox.schemas.mistakes import mistakes

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account
    from cfn_sandbox.schemas.configuration import Configuration

REQUIRED_HANDLERS = ("create", "read", "delete")  # a type without them can't be provisioned

logging.getLogger("rpdk").addHandler(logging.NullHandler())  # hides schema warnings that are meant for `cfn validate`


class Builder:
    """Makes versions from packages.

    Args:
        account: the account that the types' functions call.
        folder: where packages are kept.
        wait: waits some seconds until a handler's next invocation.
        tested: whether a type must pass contract tests v2 and AWS's schema rules.
    """

    def __init__(self, account: Account, folder: Path, wait: Callable[[float], object], *, tested: bool) -> None:
        self.account = account
        self.tested = tested
        self.wait = wait
        self._tester = TypeTester(account)
        self._folder = folder

    def download(self, url: str) -> bytes:
        """Return the package at an S3 URL.

        Raises:
            InvalidPackage: it can't be read.
        """
        parts = urlsplit(url)
        try:
            answer = self.account.client("s3").get_object(Bucket=parts.netloc, Key=parts.path.removeprefix("/"))
        except ClientError as error:
            raise InvalidPackage(f"{url} can't be read: {error}") from error
        content: bytes = answer["Body"].read()
        return content

    def build(
        self,
        package: bytes,
        name: str | None,
        options: Parameters,
        default: Version | None,
        configuration: Configuration | None = None,
    ) -> Version:
        """Return a version whose function runs, and that is tested if `default` says against which version.

        Args:
            package: the zip file's content.
            name: the expected type name; None accepts any.
            options: RegisterType's input.
            default: the type's default version; None if there is none.
            configuration: the type's configuration for the tests, resolved; None if none is set.

        Raises:
            InvalidPackage: the service would refuse the package, or this sandbox can't run it.
        """
        path = self._folder / f"{uuid4()}.zip"
        path.write_bytes(package)
        function = Function(path, self.account)
        version = Version(checked_schema(package, name), path, function, options)
        try:
            compiled.check(path)
            version.start()
            function.check()
            if self.tested and name is not None:
                previous = default.schema if default else None
                version.status.tests = self._tester.run(version.schema, path, function, previous, configuration)
                if version.status.tests.status == "FAILED":
                    raise InvalidPackage(version.status.tests.description)  # noqa: TRY301 - the version stops anyway
        except SandboxError as error:
            version.stop()
            raise InvalidPackage(str(error)) from error
        except BaseException:
            version.stop()
            raise
        return version

    def test(self, version: Version, package: Path, configuration: Callable[[], Configuration | None]) -> None:
        """Test a version with a separate function, because stacks can be using the version's own.

        Args:
            version: the version.
            package: its package.
            configuration: returns the type's configuration, resolved; None if none is set.
        """
        try:
            with Function(package, self.account) as function:
                version.status.tests = self._tester.run(
                    version.schema, package, function, configuration=configuration()
                )
        except SandboxError as error:
            version.status.tests = TypeTests("FAILED", str(error))

    def stop(self) -> None:
        """End all running tests."""
        self._tester.stop()


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
    except (AttributeError, TypeError) as error:  # cfn's loader fails, for example, on a property called `pattern`
        raise InvalidPackage("The schema is not valid: cfn itself can't read it.") from error
    schema: dict[str, Any] = json.loads(text)
    found = mistakes(schema)
    if found:
        raise InvalidPackage(f"The schema is not valid: {'; '.join(found)}")
    missing = [handler for handler in REQUIRED_HANDLERS if handler not in schema.get("handlers", {})]
    if name not in {None, schema["typeName"]}:
        raise InvalidPackage(f"The schema is of {schema['typeName']}, not of {name}.")
    if missing:
        raise InvalidPackage(f"The schema has no handler to {', '.join(missing)}.")
    if not str(settings.get("runtime")).startswith("python") or "entrypoint" not in settings:
        raise InvalidPackage(f"This sandbox runs Python types only, not {settings.get('runtime')}.")
    return schema
