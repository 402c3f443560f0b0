"""The tests that a type must pass to be registered: contract tests v2, and AWS's rules for schemas.

They run in a separate process (contract/__main__.py), because pytest supports one session per process.

Sources: "Testing resource types using contract tests" in the CloudFormation CLI's user guide, and DescribeType in the
CloudFormation API Reference, TypeTestsStatus.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.account.function import Function
from cfn_sandbox.account.invocation import TIMEOUT
from cfn_sandbox.account.process import running
from cfn_sandbox.account.scratch import scratch_folder
from cfn_sandbox.regions import partition
from cfn_sandbox.registry.extensions import TypeTests

MAX_DESCRIPTION = 900
"""The maximum length of a description. A registration's description has 1024 characters, including a stage prefix."""


class TypeTester:
    """The runner of the tests of types.

    Args:
        account: the account whose region and id go into the tests' events.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self,
        schema: Mapping[str, Any],
        package: Path,
        function: Function,
        previous: Mapping[str, Any] | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> TypeTests:
        """Run the tests of a type and return the result.

        Args:
            schema: the type's schema.
            package: the type's package, with its inputs.
            function: the running function with the type's handlers; nothing else may invoke it meanwhile.
            previous: the schema of the previous version.
            configuration: the type's configuration, resolved; None if none is set.

        Raises:
            SandboxError: the tests were stopped, or can't be run.
        """
        with scratch_folder() as folder:
            with zipfile.ZipFile(package) as contents:
                contents.extractall(folder, [name for name in contents.namelist() if name.startswith("inputs/")])
            region = self._account.region
            values = {"region": region, "account": self._account.account_id, "partition": partition(region)}
            request = {
                "schema": schema,
                "previous": previous,
                "configuration": configuration,
                "inputs": str(folder / "inputs"),
                "values": values,
                # The folder is the user's alone, and so is the secret in this file.
                "function": dataclasses.asdict(function.emulated)
                | {"log": str(function.log_file), "events": str(function.emulated.events)},
                "timeout": TIMEOUT,
            }
            (folder / "request.json").write_text(json.dumps(request))
            answer_file = folder / "answer.json"
            with (folder / "output").open("wb") as output:
                self._run_process([folder / "request.json", answer_file], output.fileno())
            if not answer_file.exists():
                reason = "they were stopped" if self._stopped else (folder / "output").read_text(errors="replace")
                raise SandboxError(f"the contract tests did not end: {reason}")
            return _describe(json.loads(answer_file.read_text()))

    def stop(self) -> None:
        """End all running tests, and prevent new ones."""
        self._stopped = True
        for process in [*self._processes]:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _run_process(self, arguments: list[Path], output: int) -> None:
        command: list[str | Path] = [sys.executable, "-m", "cfn_sandbox.contract", *arguments]
        with running(command, bare_environment(), output) as process:
            self._processes.add(process)
            if self._stopped:
                self.stop()
            process.wait()
            self._processes.discard(process)


def _describe(answer: Mapping[str, Any]) -> TypeTests:
    """Describe the tests' outcome: the names of failed tests, then as many reasons as fit."""
    if "error" in answer:
        return TypeTests("FAILED", str(answer["error"])[:MAX_DESCRIPTION])
    counts = {outcome: [test for test in answer["tests"] if test["outcome"] == outcome] for outcome in _OUTCOMES}
    failed = counts["failed"]
    notes = [f"AWS's rules warn: {warning}" for warning in answer["warnings"]] + answer["left_out"]
    if not failed and not answer["stopped"]:
        parts = [f"{len(counts['passed'])} contract tests passed, {len(counts['skipped'])} skipped", *notes]
        return TypeTests("PASSED", "; ".join(parts)[:MAX_DESCRIPTION])
    # Names take at most half of the text: if CREATE fails, all tests fail for the same reason.
    names = textwrap.shorten(", ".join(test["name"] for test in failed), MAX_DESCRIPTION // 2, placeholder=" ...")
    first = {test["message"]: test["name"] for test in reversed(failed)}
    reasons = [f"{name}: {message}" for message, name in reversed(first.items())]
    parts = [f"{len(failed)} of {len(answer['tests'])} contract tests failed: {names}", answer["stopped"], *reasons]
    return TypeTests("FAILED", "\n".join(filter(None, parts))[:MAX_DESCRIPTION])


_OUTCOMES = ("passed", "failed", "skipped")
