"""The contract tests of a registration, run in a separate process: `python -m cfn_sandbox.contract REQUEST ANSWER`.

cfn_sandbox/registry/type_tests.py writes the REQUEST file and reads the ANSWER file.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError
from cfn_sandbox.account.invocation import Emulated, invoke
from cfn_sandbox.contract import inputs as input_files
from cfn_sandbox.contract import lint, session
from cfn_sandbox.contract.resource import Type
from cfn_sandbox.contract.session import Subject
from cfn_sandbox.resource_types.interface import Request
from cfn_sandbox.schemas.configuration import KEYWORD


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the tests of a request and return their outcomes, or the reason why they can't run."""
    folder, values = Path(request["inputs"]), request["values"]
    try:
        inputs = input_files.read(folder, values)
    except SandboxError as error:
        return {"error": str(error).replace(str(folder), "the package")}
    suites, not_run = ["lint", "v2"], []
    try:
        lint.check()
    except SandboxError as error:
        suites.remove("lint")
        not_run.append(str(error))
    if request["schema"].get(KEYWORD, {}).get("required") and request.get("configuration") is None:
        suites.remove("v2")
        not_run.append("contract tests v2 need the type's configuration: set it (SetTypeConfiguration), then TestType")
    if not suites:
        return {"tests": [], "warnings": [], "stopped": "", "left_out": not_run}
    log = Path(request["function"]["log"])
    function = Emulated(**{**request["function"], "log": log, "events": Path(request["function"]["events"])})
    kind = Type(
        request["schema"],
        lambda event: invoke(function, event),
        Request(values["account"], values["region"]),
        timeout=request["timeout"],
        log=lambda: log.read_text(errors="replace") if log.exists() else "",
        configuration=request.get("configuration"),
    )
    subject = Subject(request["schema"], request["previous"], folder, inputs, kind)
    outcome = session.run(subject, suites, quiet=True)
    return {
        "tests": [dataclasses.asdict(test) for test in outcome.tests],
        "warnings": outcome.warnings,
        "stopped": outcome.stopped,
        "left_out": not_run,
    }


def main() -> None:
    """Read the request, run its tests and write the answer."""
    request_file, answer_file = map(Path, sys.argv[1:])
    text = json.dumps(answer(json.loads(request_file.read_text())))
    answer_file.with_suffix(".part").write_text(text)
    answer_file.with_suffix(".part").replace(answer_file)


if __name__ == "__main__":
    main()
