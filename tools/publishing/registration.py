"""Registers the type under the user's name with the real `cfn submit`, packages it, and deregisters it."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, SSOError, TokenRetrievalError

from cfn_sandbox.cli.waiting import told
from cfn_sandbox.packaging import PackagerError, archive, bill, cfn
from tools.publishing import preflight, stand_ins, watch
from tools.publishing.advice import with_advice
from tools.publishing.errors import PublishingError, RefusedError
from tools.publishing.names import TypeName
from tools.publishing.place import Place
from tools.publishing.staging import TagUpdates, stage, untracked_files

# `_wait_for_registration` in rpdk/core/project.py prints this line.
_TOKEN = re.compile(r"Waiting for registration with token '([^']+)' to complete")
# cfn names the execution role's stack after the type. A stack's name has at most 128 characters and begins with a
# letter (CloudFormation API Reference, CreateStack).
_ROLE_STACK = "{}-role-stack"
_MAX_STACK_NAME = 128
# Lines that print the answer of DescribeTypeRegistration. They are not shown: submit reports what matters at the end.
_HIDDEN_LINES = ("{", "Please see response for additional information")
_UPLOAD_STACK = "CloudFormationManagedUploadInfrastructure"


@dataclass(frozen=True)
class Target:
    """The region and profile to register with; None means this machine's AWS configuration."""

    region: str | None = None
    profile: str | None = None

    def session(self) -> boto3.Session:
        """Return a session with a region and credentials.

        Raises:
            PublishingError: The region or the credentials are missing.
        """
        with translate_botocore_errors():
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            credentials = session.get_credentials()
        if session.region_name is None:
            raise PublishingError("No region: name one with REGION=eu-west-1, or set AWS_DEFAULT_REGION.")
        if credentials is None:
            raise PublishingError(
                "No AWS credentials: name a profile with PROFILE=..., or set them up for the AWS CLI."
            )
        return session

    def options(self) -> list[str]:
        """Return cfn's options for the region and the profile."""
        region = ["--region", self.region] if self.region else []
        return region + (["--profile", self.profile] if self.profile else [])


@dataclass(frozen=True)
class Checks:
    """The checks before a submission.

    Args:
        inputs: The user's inputs for AWS's contract tests; None means the project's.
        skipped: Whether to submit without checks.
    """

    inputs: Path | None = None
    skipped: bool = False


@contextmanager
def translate_botocore_errors() -> Iterator[None]:
    """Raise botocore's errors as PublishingError with the same text."""
    try:
        yield
    except (SSOError, TokenRetrievalError) as error:
        text = "Your SSO session has ended: `aws sso login`, with the --profile that you use, begins another."
        raise PublishingError(f"{text} ({error})") from error
    except (BotoCoreError, ClientError) as error:
        raise PublishingError(f"{error}") from error


@contextmanager
def _staged_project(
    project: Path, type_name: TypeName, tag_updates: TagUpdates, progress: Callable[[str], None]
) -> Iterator[Path]:
    """Stage a project into its cache and remove the copy at the end, or keep it with cfn's log if cfn failed."""
    cache = project / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{type_name.stem}-", dir=cache))
    keep = False
    try:
        with told(f"Staging a copy as {type_name.value}:", progress):
            stage(project, type_name, folder, tag_updates, small=True)
        progress(f"Staged as {type_name.value}, tag updates: {tag_updates}.")
        for path in untracked_files(project):
            progress(f"Left out, because git does not track it: {path.relative_to(project.resolve())}")
        yield folder
    except PackagerError as error:
        keep = any(folder.iterdir()) and not isinstance(error, RefusedError)
        if not keep:
            raise
        separator = "\n" if "\n" in str(error) else " "
        raise PublishingError(f"{error}{separator}The staged project, with cfn's log, is kept in {folder}.") from error
    finally:
        if not keep:
            shutil.rmtree(folder)


def submit(
    project: Path,
    type_name: TypeName,
    target: Target,
    *,
    role_arn: str | None,
    tag_updates: TagUpdates,
    checks: Checks = Checks(),
    progress: Callable[[str], None],
) -> str:
    """Register a version of the type under a name, and make it the default version.

    Args:
        project: The folder of the original.
        type_name: The name to register.
        target: The account and region.
        role_arn: The handlers' role; with None, cfn creates one from resource-role.yaml.
        tag_updates: As for `stage`.
        checks: The checks before the upload.
        progress: Called with each line to show.

    Returns:
        The ARN of the version.

    Raises:
        PublishingError: The version was not registered or did not become the default; with the reason.
    """
    role_stack = _ROLE_STACK.format(type_name.stem)
    if not role_arn and (len(role_stack) > _MAX_STACK_NAME or not role_stack[0].isalpha()):
        raise PublishingError(
            f"cfn makes the role of {type_name.value} in a stack called {role_stack}, and a stack's name "
            f"begins with a letter and has at most {_MAX_STACK_NAME} characters: pass a role with ROLE_ARN=..."
        )
    session = target.session()
    with translate_botocore_errors():
        place = Place.of(session)
    progress(f"{type_name.value} -> account {place.account}, {place.region}, as {place.caller}")
    started_at = time.monotonic()
    tokens: list[str] = []

    def show(line: str) -> None:
        for token in _TOKEN.findall(line):
            tokens.append(token)
            watches.enter_context(watch.registration(session, token, say))
        if line and not line.startswith(_HIDDEN_LINES):
            say(f"  {line}")

    with _staged_project(project, type_name, tag_updates, progress) as folder:
        if checks.inputs:
            preflight.replace_inputs(folder, checks.inputs)
        with translate_botocore_errors():
            if checks.skipped:
                preflight.fill(folder, project, place)
            else:
                preflight.check(folder, project, type_name, place, progress)
        role = ["--role-arn", role_arn] if role_arn else []
        try:
            with told("cfn packages, uploads and registers it:", progress) as say, ExitStack() as watches:
                cfn.run(["submit", "-v", "--set-default", *target.options(), *role], folder, progress=show)
        except PackagerError as error:
            # cfn prints only that the registration failed; the registry has the reason.
            description = _registration(session, tokens[-1]).get("Description") if tokens else None
            message = f"{error} The registry says: {with_advice(description)}" if description else str(error)
            raise PublishingError(message) from error
        if not tokens:
            raise PublishingError("cfn submit printed no registration token: this version of cfn is not supported.")
        arn: str = _registration(session, tokens[-1])["TypeVersionArn"]
    progress(f"Registered in {time.monotonic() - started_at:.0f} s. Version, now the default: {arn}")
    return arn


def _registration(session: boto3.Session, token: str) -> dict[str, Any]:
    """Return the registry's description of a registration."""
    with translate_botocore_errors():
        answer: dict[str, Any] = session.client("cloudformation").describe_type_registration(RegistrationToken=token)
    return answer


def package(
    project: Path,
    type_name: TypeName,
    folder: Path,
    *,
    tag_updates: TagUpdates,
    inputs: Path | None = None,
    progress: Callable[[str], None],
) -> Path:
    """Write the zip that `cfn submit` uploads, and its bill of materials.

    RegisterType and examples/registration.yaml take this zip.

    Args:
        project: The folder of the original.
        type_name: The name of the packaged type, which can be the original's name.
        folder: The folder to write into; an earlier zip of the same name is replaced.
        tag_updates: As for `stage`.
        inputs: The folder with the inputs for AWS's contract tests; with None, the project's inputs/.
        progress: Called with each line to show.

    Raises:
        PublishingError: The zip was not written; with the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def show(line: str) -> None:
        if not line.startswith("Dry run complete"):  # this line names the zip at its old place
            progress(f"  {line}")

    with _staged_project(project, type_name, tag_updates, progress) as staged:
        if inputs:
            preflight.replace_inputs(staged, inputs)
            preflight.check_inputs(staged, type_name)
        elif stand_ins.used_in(staged / "inputs", stand_ins.of(project)):
            progress("Note: inputs/ has stand-ins for your ids. Contract tests in an account need INPUTS=DIR.")
        with told("cfn packages it:", progress):
            cfn.run(["submit", "--dry-run"], staged, progress=show)
        zip_path = Path(shutil.move(staged / f"{type_name.stem}.zip", folder / f"{type_name.stem}.zip"))
    archive.rewrite(zip_path)  # removes cfn's time stamps, so that the same project gives the same bytes
    with (
        zipfile.ZipFile(zip_path) as outer,
        outer.open("ResourceProvider.zip") as member,
        zipfile.ZipFile(member) as inner,
    ):
        unzipped_size = sum(item.file_size for item in inner.infolist())
    size = zip_path.stat().st_size
    progress(
        f"{zip_path}: {size / 1e6:.1f} MB ({size} bytes); the function in it, unzipped: {unzipped_size / 1e6:.1f} MB"
    )
    progress(f"{bill.write(zip_path)}: its bill of materials (CycloneDX)")
    return zip_path


def deregister(type_name: TypeName, target: Target, progress: Callable[[str], None]) -> None:
    """Deregister every version of a type, and with the last one the type.

    Raises:
        PublishingError: The type is not registered, or the registry refused.
    """
    session = target.session()
    cloudformation = session.client("cloudformation")
    name = {"Type": "RESOURCE", "TypeName": type_name.value}
    with translate_botocore_errors():
        try:
            registered = cloudformation.describe_type(**name).get("DeprecatedStatus") != "DEPRECATED"
        except cloudformation.exceptions.TypeNotFoundException:
            registered = False
        if not registered:
            raise PublishingError(f"{type_name.value} is not registered in {session.region_name}: nothing to undo.")
        versions: list[dict[str, Any]] = []
        next_page: dict[str, str] | None = {}
        while next_page is not None:  # botocore has no paginator for this operation
            page = cloudformation.list_type_versions(**name, DeprecatedStatus="LIVE", **next_page)
            versions += page["TypeVersionSummaries"]
            next_page = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
        # The default version can't be deregistered by its ARN. It is deregistered last, with the type.
        for version in versions:
            if not version.get("IsDefaultVersion"):
                cloudformation.deregister_type(Arn=version["Arn"])
                progress(f"Deregistered version {version['VersionId']}.")
        cloudformation.deregister_type(**name)
    role_stack = _ROLE_STACK.format(type_name.stem)
    progress(f"Deregistered {type_name.value} in {session.region_name}. CloudFormation can no longer change or")
    progress("delete resources of this type that stacks still have, until it is registered again.")
    progress(f"What cfn made is left as it is: the stacks {role_stack} and {_UPLOAD_STACK}.")
