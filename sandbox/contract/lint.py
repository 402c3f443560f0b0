"""AWS's own rules for resource schemas, those that RegisterType applies.

They are the rule files of PyPI's resource-schema-guard-rail, unchanged; sandbox/contract/guard_rail.py runs them.
Nothing here needs moto or the emulator: a schema can be checked before anything is uploaded.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, schema tests: "linter checks" and
"backward compatibility". Which results block a registration is not documented. The rules tell NON_COMPLIANT from
WARNING; here the first fails, and a warning is reported and does not.
"""

import importlib.machinery
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import SandboxError

Schema = Mapping[str, Any]

INSTALLED = Path(sys.prefix, "linter")
"""Where `make setup` installs the rules and their engine."""


@dataclass(frozen=True)
class Finding:
    """What a rule objects to."""

    rule: str
    """The rule's id, PER002: the same one may say different things."""
    message: str
    path: str
    """Where in the schema; for a comparison, where in the difference of the two."""
    warning: bool = False
    """AWS's rules call it WARNING, not NON_COMPLIANT."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}{f' (at {self.path})' if self.path else ''}"


@dataclass(frozen=True)
class Result:
    """What one rule says of a schema."""

    name: str
    """The rule's name in its file, ensure_tagging_is_specified."""
    compares: bool
    """Whether it compares two versions of a schema."""
    applies: bool
    findings: tuple[Finding, ...] = ()


def results(schema: Schema, previous: Schema | None = None) -> list[Result]:
    """What every rule says, in the order of the rule files.

    Args:
        schema: a resource type's schema.
        previous: the schema of the version before; without it the rules that compare are left out.

    Raises:
        SandboxError: the rules or their engine are not installed, or they can't read the schema.
    """
    check()
    done = subprocess.run(
        [sys.executable, "-P", Path(__file__).with_name("guard_rail.py")],
        input=json.dumps({"schema": schema, "previous": previous}),
        env={"PYTHONPATH": str(INSTALLED), "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason").splitlines()[-1].partition(": ")[2]
        raise SandboxError(f"AWS's rules for schemas can't read this one: {reason}")
    return [_result(answer) for answer in json.loads(done.stdout)]


def _result(answer: dict[str, Any]) -> Result:
    found = tuple(Finding(one["check"], one["message"], one["path"], one["warning"]) for one in answer["findings"])
    return Result(answer["rule"], answer["compares"], answer["status"] != "SKIP", found)


def findings(schema: Schema, previous: Schema | None = None) -> list[Finding]:
    """All that the rules object to, warnings included; `results` says what the arguments and errors are."""
    return [finding for result in results(schema, previous) for finding in result.findings]


def failures(schema: Schema, previous: Schema | None = None) -> list[Finding]:
    """What keeps a type from being registered: `findings` without the warnings."""
    return [finding for finding in findings(schema, previous) if not finding.warning]


def rules(*, compares: bool) -> list[str]:
    """The names of the rules, of those that compare two versions or of the others.

    Raises:
        SandboxError: the rules are not installed.
    """
    files = sorted((INSTALLED / "rpdk" / "guard_rail" / "rule_library").glob("*/*.guard"))
    if not files:
        raise SandboxError(f"AWS's rules for schemas are not in {INSTALLED}: `make setup` installs them")
    return [
        name
        for file in files
        if (file.parent.name == "stateful") == compares
        for name in re.findall(r"^rule (\w+)", file.read_text(), re.MULTILINE)
    ]


def check() -> None:
    """Check that the rules can run.

    Raises:
        SandboxError: the rules or their engine are not installed; with how to get them.
    """
    rules(compares=False)
    engine = importlib.machinery.PathFinder.find_spec("cfn_guard_rs", [str(INSTALLED)])
    if engine is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SandboxError(
            f"AWS's rules for schemas can't run: their engine, cfn-guard-rs 0.3.3, is not in {INSTALLED}. There are "
            f"wheels for Python 3.8 to 3.12; this is {version}. Set up with an older one (`make clean setup "
            f"PYTHON=python3.12`), or build it, with Rust installed: `{sys.executable} -m pip install --no-deps "
            f"--target {INSTALLED} cfn-guard-rs==0.3.3`"
        )
