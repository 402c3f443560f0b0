"""The checks before an upload: AWS's schema rules, its checks of inputs, and whether the resources in inputs exist.

AWS makes these checks minutes later. They are implemented as far as AWS documents them; sandbox/contract says how it
reads the rest.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import inputs, lint
from tools.publishing import existence, prerequisites, stand_ins
from tools.publishing.advice import advice
from tools.publishing.errors import RefusedError
from tools.publishing.names import TypeName
from tools.publishing.place import Place

Progress = Callable[[str], None]


def replace_inputs(staged: Path, own: Path) -> None:
    """Replace a staged project's inputs by the user's.

    Raises:
        RefusedError: `own` is not a folder.
    """
    if not own.is_dir():
        raise RefusedError(f"{own} is not a folder of inputs.")
    shutil.rmtree(staged / "inputs", ignore_errors=True)
    (staged / "inputs").mkdir()
    for file in own.glob("*.json"):
        shutil.copy(file, staged / "inputs" / file.name)


def check_inputs(staged: Path, type_name: TypeName) -> None:
    """Check a staged project's inputs without an account.

    Raises:
        RefusedError: AWS would refuse them; with every reason, and what to do.
    """
    schema = json.loads((staged / f"{type_name.stem}.json").read_bytes())
    problems = [_with_advice(str(problem), problem.check) for problem in inputs.problems(staged / "inputs", schema)]
    if problems:
        raise RefusedError("AWS would refuse these inputs:\n" + "\n".join(f"  - {problem}" for problem in problems))


def check(staged: Path, project: Path, type_name: TypeName, place: Place, progress: Progress) -> None:
    """Fill in a staged project's inputs, and check whether AWS would register the project.

    Args:
        staged: The staged project.
        project: The original, whose template defines the stand-ins.
        type_name: The type's name.
        place: The account and region.
        progress: Called with each line to show.

    Raises:
        RefusedError: AWS would refuse the project; with every reason, and what to do.
    """
    start = time.monotonic()
    schema: dict[str, Any] = json.loads((staged / f"{type_name.stem}.json").read_bytes())
    problems = [*_schema_problems(schema, _registered_schema(type_name.value, place, progress), progress)]
    problems += fill(staged, project, place)
    problems += [_with_advice(str(problem), problem.check) for problem in inputs.problems(staged / "inputs", schema)]
    if not problems:
        sets = inputs.read(staged / "inputs", place.variables)
        findings = existence.check_resources(
            {file: document for input_set in sets for file, document in input_set.documents.items()}, place
        )
        for note in findings.notes:
            progress(f"Note: {note}")
        problems += findings.problems
    if problems:
        raise RefusedError(
            "AWS would not register it, so nothing was uploaded:\n"
            + "\n".join(f"  - {problem}" for problem in problems)
            + "\nUNCHECKED=yes submits it all the same."
        )
    progress(f"Checked in {time.monotonic() - start:.0f} s: schema and inputs are valid, and what they name exists.")


def fill(staged: Path, project: Path, place: Place) -> list[str]:
    """Replace the stand-ins in staged inputs by the account's values, and return a problem if values are missing.

    Args:
        staged: The staged project; its inputs are changed in place.
        project: The original, whose template defines the stand-ins.
        place: The account and region.
    """
    output_names = stand_ins.of(project)
    outputs = prerequisites.outputs(place) if stand_ins.used_in(staged / "inputs", output_names) else {}
    missing_outputs = stand_ins.fill(staged / "inputs", output_names, outputs, place)
    if not missing_outputs:
        return []
    problem = (
        f"The stack {prerequisites.STACK} has no output {', '.join(missing_outputs)}"
        if outputs
        else f"There is no stack {prerequisites.STACK} in account {place.account}, {place.region}"
    )
    return [
        f"{problem}. The inputs of the contract tests name resources that must exist: deploy them with "
        f"`{prerequisites.COMMAND}`, or submit your own inputs with INPUTS=DIR."
    ]


def _schema_problems(schema: Mapping[str, Any], previous: Mapping[str, Any] | None, progress: Progress) -> list[str]:
    try:
        findings = lint.findings(schema, previous)
    except SandboxError as error:
        progress(f"Note: {error} AWS runs them when it registers the type.")
        return []
    for finding in findings:
        if finding.warning:
            progress(f"Note: AWS's rules for schemas warn: {finding}. {advice(finding.rule)}")
    return [_with_advice(str(finding), finding.rule) for finding in findings if not finding.warning]


def _registered_schema(type_name: str, place: Place, progress: Progress) -> dict[str, Any] | None:
    """Return the registered version's schema, or None if no version is registered or it can't be read."""
    try:
        answer = place.session.client("cloudformation").describe_type(Type="RESOURCE", TypeName=type_name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("TypeNotFoundException", "CFNRegistryException"):
            progress(f"Note: the schema is not compared with the version before: {error}")
        return None
    if answer.get("DeprecatedStatus") == "DEPRECATED" or not answer.get("Schema"):
        return None
    schema: dict[str, Any] = json.loads(answer["Schema"])
    return schema


def _with_advice(text: str, name: str) -> str:
    suggestion = advice(name)
    return f"{text}. {suggestion}" if suggestion else text
