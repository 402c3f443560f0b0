"""Plays guides from first command to last, in a shell and a fresh account each: python -m tools.clients.guides.

The shell is in a copy of the project, because a project has one sandbox in the background, and yours may be up.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import bare_environment
from cfn_sandbox.linting.command import library
from tools.clients.cdk import VARIABLES as CDK_VARIABLES
from tools.clients.sam import VARIABLES as SAM_VARIABLES
from tools.clients.stage import (
    ROOT,
    Failure,
    expect,
    node_environment,
    python_environment,
    run_command,
    step,
)

INSTALLS = ("pip install ", "npm install ")
"""The commands that are not run: locked environments stand for them."""


def main() -> None:
    """Play the guides' sessions with the sandbox.

    Raises:
        SystemExit: a command failed, or a guide doesn't end its sandbox.
    """
    try:
        with _copy() as project:
            play(project)
    except Failure as failure:
        raise SystemExit(str(failure)) from failure


def play(project: Path) -> None:
    """Play each guide, and check what its last commands show."""
    with step("sandbox.md: its session"):
        output = _run(project, _commands("sandbox.md"))
        expect('"ResourceStatus": "CREATE_COMPLETE"' in output, output)
    with step("adopt.md"):
        output = _run(project, _commands("adopt.md"))
        expect('"StackResourceDriftStatus": "IN_SYNC"' in output, output)
    with step("register.md: without an account"):
        register = _commands("register.md")
        first = register.index('eval "$(cfn-sandbox up --detach)"')
        output = _run(project, register[first : register.index('eval "$(cfn-sandbox down)"') + 1])
        expect("Version, now the default: arn:aws:cloudformation" in output, output)
        expect("Deregistered Acme::SageMaker::ModelQualityJobDefinition" in output, output)
    try:
        library()
    except SandboxError as error:
        print(f"  lint.md wasn't played: {error}", flush=True)
    else:
        with step("lint.md"):
            output = _run(project, [one for one in _commands("lint.md") if not one.startswith(INSTALLS)])
            expect(output.count("templates: 1; errors: 0; warnings: 0") == 2, output)
            expect((project / "acme-schema.json").is_file(), output)
    with step("clients.md: CDK, SAM and Cloud Control, under your own type name"):
        (project / "churn.json").write_text(json.dumps(_properties()))
        commands = [command for command in _commands("clients.md") if not command.startswith(INSTALLS)]
        output = _run(project, [*commands, 'eval "$(cfn-sandbox down)"'])
        for shown in (
            "ModelQuality.JobDefinitionName = modelquality-churn",
            "stack - monitoring",
            '"Operation": "DELETE"',
        ):
            expect(shown in output, output)


def _commands(guide: str) -> list[str]:
    """Return the commands of a guide, with the lines that they go on in, and without what follows the last `down`."""
    text = (ROOT / "guides" / guide).read_text()
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)  # these are no commands
    blocks = re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE)
    inline = re.findall(r'`(eval "[^`]*down\)")`', text)
    lines = re.sub(r"\\\n\s*", "", "".join([*blocks, *(f"    {line}\n" for line in inline)]))
    return [line.strip() for line in lines.splitlines()]


def _run(project: Path, commands: list[str]) -> str:
    """Run commands in one shell, which ends at the first that fails, and return what they print."""
    node, cdk, sam = node_environment("cdk-cli"), python_environment("cdk-lib"), python_environment("sam")
    path = os.pathsep.join(map(str, [cdk, project / ".venv" / "bin", node, sam, os.environ["PATH"]]))
    variables = CDK_VARIABLES | SAM_VARIABLES | {"PATH": path, "HOME": str(project.parent), "AWS_PAGER": ""}
    # A sandbox of a guide that failed doesn't outlive it.
    script = "set -e\ntrap 'cfn-sandbox down > /dev/null 2>&1' EXIT\n" + "\n".join(commands)
    return run_command(["bash", "-c", script], variables=variables, folder=project)


def _properties() -> object:
    """Return the properties of the CDK snippet, which clients.md takes for Cloud Control's file churn.json."""
    (snippet,) = re.findall(r"```python\n(import aws_cdk.*?)```", (ROOT / "guides/clients.md").read_text(), re.DOTALL)
    (found,) = (
        keyword.value
        for node in ast.walk(ast.parse(snippet))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "properties"
    )
    return ast.literal_eval(found)


@contextmanager
def _copy() -> Iterator[Path]:
    """Yield a copy of the files that git tracks, with their times, so that make finds nothing to set up."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as folder:
        project = Path(folder, "project")
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        for name in filter(None, listed.stdout.split("\0")):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
        for command in (["init", "--quiet"], ["add", "--all"]):  # what git doesn't track doesn't ship
            subprocess.run(["git", *command], cwd=project, env=bare_environment(), check=True)
        (project / ".venv").symlink_to(ROOT / ".venv")
        yield project


if __name__ == "__main__":
    main()
