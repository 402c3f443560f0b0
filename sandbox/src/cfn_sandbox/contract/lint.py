"""AWS's rules for resource schemas, which RegisterType applies.

They are the unchanged rule files of resource-schema-guard-rail from PyPI. contract/guard_rail.py runs them.
This module needs neither moto nor the emulator, so a schema can be checked before an upload.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, schema tests: "linter checks" and
"backward compatibility". AWS doesn't document which results block a registration. A rule's result is NON_COMPLIANT or
WARNING. Here NON_COMPLIANT fails; WARNING is only reported.
"""

import importlib.machinery
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError, downloads

Schema = Mapping[str, Any]


class NoEngineError(SandboxError):
    """The engine of AWS's rules doesn't run on this Python."""


@dataclass(frozen=True)
class Finding:
    """A rule's objection to a schema."""

    rule: str
    """The rule's id, for example PER002. One id can have several messages."""
    message: str
    path: str
    """The place in the schema or, for a rule that compares, in the difference between the two schemas."""
    warning: bool = False
    """Whether AWS's rule calls it WARNING instead of NON_COMPLIANT."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}{f' (at {self.path})' if self.path else ''}"


@dataclass(frozen=True)
class Result:
    """The result of one rule for a schema."""

    name: str
    """The rule's name in its file, for example ensure_tagging_is_specified."""
    compares: bool
    """Whether it compares two versions of a schema."""
    applies: bool
    findings: tuple[Finding, ...] = ()


def results(schema: Schema, previous: Schema | None = None) -> list[Result]:
    """Return the result of every rule, in the order of the rule files.

    Args:
        schema: a resource type's schema.
        previous: the schema of the previous version; without it, the rules that compare versions don't run.

    Raises:
        SandboxError: see `check`; or the rules can't read the schema.
    """
    check()
    process = subprocess.run(
        [sys.executable, "-P", Path(__file__).with_name("guard_rail.py")],
        input=json.dumps({"schema": schema, "previous": previous}),
        env={
            **{name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},  # Windows needs it
            "PYTHONPATH": str(downloads.LINTER.fetched()),
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        reason = (process.stderr.strip() or "no reason").splitlines()[-1].partition(": ")[2]
        raise SandboxError(f"AWS's rules for schemas can't read this one: {reason}")
    return [_result(answer) for answer in json.loads(process.stdout)]


def _result(answer: dict[str, Any]) -> Result:
    found = tuple(
        Finding(finding["check"], finding["message"], finding["path"], finding["warning"])
        for finding in answer["findings"]
    )
    return Result(answer["rule"], answer["compares"], answer["status"] != "SKIP", found)


def findings(schema: Schema, previous: Schema | None = None) -> list[Finding]:
    """Return every finding of the rules, warnings included; see `results` for arguments and errors."""
    return [finding for result in results(schema, previous) for finding in result.findings]


def failures(schema: Schema, previous: Schema | None = None) -> list[Finding]:
    """Return the findings that prevent a registration: `findings` without the warnings."""
    return [finding for finding in findings(schema, previous) if not finding.warning]


def rules(*, compares: bool) -> list[str]:
    """Return the names of the rules that compare two versions, or of all others.

    Raises:
        SandboxError: the rules can't be fetched.
    """
    files = sorted((downloads.LINTER.fetched() / "rpdk" / "guard_rail" / "rule_library").glob("*/*.guard"))
    return [
        name
        for file in files
        if (file.parent.name == "stateful") == compares
        for name in re.findall(r"^rule (\w+)", file.read_text(), re.MULTILINE)
    ]


def check() -> None:
    """Check that the rules can run.

    Raises:
        NoEngineError: there is no engine for this Python.
        SandboxError: the rules can't be fetched.
    """
    folder = downloads.LINTER.fetched()
    if importlib.machinery.PathFinder.find_spec("cfn_guard_rs", [str(folder)]) is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise NoEngineError(
            f"AWS's rules for schemas can't run on Python {version} ({sys.platform}): their engine, cfn-guard-rs, has "
            "wheels for Python 3.11 and 3.12 on Linux, and 3.11 on macOS. Use one of these, or build it, with Rust "
            f"installed: `{sys.executable} -m pip install --no-deps --target {folder} cfn-guard-rs==0.3.3`."
        )
