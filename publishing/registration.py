"""Registers the type under one's own name by the real `cfn submit`, packages it, deregisters it."""

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
from botocore.exceptions import BotoCoreError, ClientError

from packager import PackagerError, archive, bill, cfn
from publishing import preflight, watch
from publishing.advice import advised
from publishing.errors import PublishingError, RefusedError
from publishing.names import TypeName
from publishing.place import Place
from publishing.staging import TagUpdates, left_out, stage

# `_wait_for_registration` in rpdk/core/project.py says so.
_TOKEN = re.compile(r"Waiting for registration with token '([^']+)' to complete")
# cfn names the execution role's stack after the type; a stack's name has at most 128 characters and begins with
# a letter (CloudFormation API Reference, CreateStack).
_ROLE_STACK = "{}-role-stack"
_MAX_STACK_NAME = 128
# Lines with the answer of DescribeTypeRegistration, as Python prints it: what matters of it is said at the end.
_ANSWERS = ("{", "Please see response for additional information")
_UPLOAD_STACK = "CloudFormationManagedUploadInfrastructure"


@dataclass(frozen=True)
class Target:
    """Where to register: None is what the AWS configuration of this machine says."""

    region: str | None = None
    profile: str | None = None

    def session(self) -> boto3.Session:
        """Give a session with a region and credentials.

        Raises:
            PublishingError: One of them is missing.
        """
        with in_words():
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
        """The same for cfn."""
        region = ["--region", self.region] if self.region else []
        return region + (["--profile", self.profile] if self.profile else [])


@dataclass(frozen=True)
class Checks:
    """What is checked before a submission.

    Args:
        inputs: The user's own inputs for AWS's contract tests; None takes the project's.
        skipped: Whether to submit without a check.
    """

    inputs: Path | None = None
    skipped: bool = False


@contextmanager
def in_words() -> Iterator[None]:
    """Turn botocore's errors into AWS's own words."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise PublishingError(f"{error}") from error


@contextmanager
def _staged(
    project: Path, type_name: TypeName, tag_updates: TagUpdates, progress: Callable[[str], None]
) -> Iterator[Path]:
    """Stage into the project's cache; removed afterwards, and kept with cfn's log if cfn failed."""
    cache = project / ".cache"
    cache.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{type_name.stem}-", dir=cache))
    kept = False
    try:
        stage(project, type_name, folder, tag_updates, small=True)
        progress(f"Staged as {type_name.value}, tag updates: {tag_updates}.")
        for path in left_out(project):
            progress(f"Left out, because git does not track it: {path.relative_to(project.resolve())}")
        yield folder
    except PackagerError as error:
        kept = any(folder.iterdir()) and not isinstance(error, RefusedError)
        if not kept:
            raise
        end = "\n" if "\n" in str(error) else " "
        raise PublishingError(f"{error}{end}The staged project, with cfn's log, is kept in {folder}.") from error
    finally:
        if not kept:
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
    """Register a version of the type under a name and make it the default one.

    Args:
        project: The folder of the original.
        type_name: The name to register.
        target: The account and region.
        role_arn: The role that the handlers run with; None has cfn make one, from resource-role.yaml.
        tag_updates: As for `stage`.
        checks: What is checked before anything is uploaded.
        progress: Called with each line that is worth showing.

    Returns:
        The ARN of the version.

    Raises:
        PublishingError: The type was not registered, or is not the default; with the reason.
    """
    role_stack = _ROLE_STACK.format(type_name.stem)
    if not role_arn and (len(role_stack) > _MAX_STACK_NAME or not role_stack[0].isalpha()):
        raise PublishingError(
            f"cfn makes the role of {type_name.value} in a stack called {role_stack}, and a stack's name "
            f"begins with a letter and has at most {_MAX_STACK_NAME} characters: pass a role with ROLE_ARN=..."
        )
    session = target.session()
    with in_words():
        place = Place.of(session)
    progress(f"{type_name.value} -> account {place.account}, {place.region}, as {place.caller}")
    start = time.monotonic()
    tokens: list[str] = []

    def show(line: str) -> None:
        for token in _TOKEN.findall(line):
            tokens.append(token)
            watched.enter_context(watch.registration(session, token, progress))
        if line and not line.startswith(_ANSWERS):
            progress(f"  {line}")

    with _staged(project, type_name, tag_updates, progress) as folder:
        if checks.inputs:
            preflight.replace_inputs(folder, checks.inputs)
        with in_words():
            if checks.skipped:
                preflight.fill(folder, project, place)
            else:
                preflight.check(folder, project, type_name, place, progress)
        role = ["--role-arn", role_arn] if role_arn else []
        try:
            with ExitStack() as watched:
                cfn.run(["submit", "-v", "--set-default", *target.options(), *role], folder, progress=show)
        except PackagerError as error:
            # cfn prints that the registration failed; the registry knows why.
            description = _registration(session, tokens[-1]).get("Description") if tokens else None
            said = f"{error} The registry says: {advised(description)}" if description else str(error)
            raise PublishingError(said) from error
        if not tokens:
            raise PublishingError("cfn submit ended well and named no registration token: this is not the cfn we know.")
        arn: str = _registration(session, tokens[-1])["TypeVersionArn"]
    progress(f"Registered in {time.monotonic() - start:.0f} s. Version, now the default: {arn}")
    return arn


def _registration(session: boto3.Session, token: str) -> dict[str, Any]:
    """What the registry says about a registration."""
    with in_words():
        answer: dict[str, Any] = session.client("cloudformation").describe_type_registration(RegistrationToken=token)
    return answer


def package(
    project: Path,
    type_name: TypeName,
    folder: Path,
    *,
    tag_updates: TagUpdates,
    progress: Callable[[str], None],
) -> Path:
    """Write the zip that `cfn submit` uploads (for RegisterType, and for examples/registration.yaml) and its contents.

    Args:
        project: The folder of the original.
        type_name: The name of the packaged type; it may be the original's own.
        folder: Where to write it; an earlier one of the same name is replaced.
        tag_updates: As for `stage`.
        progress: Called with each line that is worth showing.

    Raises:
        PublishingError: It was not written; with the reason.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def show(line: str) -> None:
        if not line.startswith("Dry run complete"):  # it names the file that is moved away from there
            progress(f"  {line}")

    with _staged(project, type_name, tag_updates, progress) as staged:
        cfn.run(["submit", "--dry-run"], staged, progress=show)
        zipped = Path(shutil.move(staged / f"{type_name.stem}.zip", folder / f"{type_name.stem}.zip"))
    archive.rewrite(zipped)  # the same project, the same bytes: cfn stamps the time on it
    with (
        zipfile.ZipFile(zipped) as outer,
        outer.open("ResourceProvider.zip") as member,
        zipfile.ZipFile(member) as inner,
    ):
        unzipped = sum(item.file_size for item in inner.infolist())
    size = zipped.stat().st_size
    progress(f"{zipped}: {size / 1e6:.1f} MB ({size} bytes); the function in it, unzipped: {unzipped / 1e6:.1f} MB")
    progress(f"{bill.write(zipped)}: its bill of materials (CycloneDX)")
    return zipped


def deregister(type_name: TypeName, target: Target, progress: Callable[[str], None]) -> None:
    """Take every version of a type, and so the type, out of the registry.

    Raises:
        PublishingError: It is not registered, or the registry refused.
    """
    session = target.session()
    cloudformation = session.client("cloudformation")
    name = {"Type": "RESOURCE", "TypeName": type_name.value}
    with in_words():
        try:
            live = cloudformation.describe_type(**name).get("DeprecatedStatus") != "DEPRECATED"
        except cloudformation.exceptions.TypeNotFoundException:
            live = False
        if not live:
            raise PublishingError(f"{type_name.value} is not registered in {session.region_name}: nothing to undo.")
        versions: list[dict[str, Any]] = []
        more: dict[str, str] | None = {}
        while more is not None:  # botocore has no paginator for it
            page = cloudformation.list_type_versions(**name, DeprecatedStatus="LIVE", **more)
            versions += page["TypeVersionSummaries"]
            more = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
        # The default version can't go by its own ARN: it goes last, with the type.
        for version in versions:
            if not version.get("IsDefaultVersion"):
                cloudformation.deregister_type(Arn=version["Arn"])
                progress(f"Deregistered version {version['VersionId']}.")
        cloudformation.deregister_type(**name)
    role_stack = _ROLE_STACK.format(type_name.stem)
    progress(f"Deregistered {type_name.value} in {session.region_name}. CloudFormation can no longer change or")
    progress("delete resources of this type that stacks still have, until it is registered again.")
    progress(f"What cfn made is left as it is: the stacks {role_stack} and {_UPLOAD_STACK}.")
