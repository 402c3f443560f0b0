"""Invokes a function in AWS's Lambda emulator by its address, from any process."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from cfn_sandbox import SandboxError
from cfn_sandbox.packaging.package import tail

NAME = "function"
"""The emulator's name for every function."""

TIMEOUT = 60
"""Seconds that CloudFormation gives one invocation of a handler."""


def invoke(endpoint: str, event: Mapping[str, Any], timeout: float, log: Path) -> dict[str, Any]:
    """Invoke the function at an address and return its answer.

    Args:
        endpoint: the emulator's address.
        event: the event for the handler.
        timeout: the seconds that an invocation can take.
        log: the file with the function's log.

    Raises:
        SandboxError: the handler did not load, raised, ended its process or timed out; with the end of the function's
            log.
    """

    def end_of_log() -> str:
        return f"The end of its log:\n{tail(log.read_text(errors='replace') if log.exists() else '')}"

    with requests.Session() as session:
        session.trust_env = False
        try:
            url = f"{endpoint}/2015-03-31/functions/{NAME}/invocations"
            answer = session.post(url, data=json.dumps(event), timeout=timeout + 30)
        except requests.RequestException as error:
            raise SandboxError(f"the Lambda emulator is gone: {error}\n{end_of_log()}") from error
    try:
        result = answer.json()
    except ValueError:  # plain text from the emulator itself: the invocation timed out
        raise SandboxError(f"the handler crashed: {answer.text}\n{end_of_log()}") from None
    if not isinstance(result, dict):
        raise SandboxError(f"the handler returned no progress event but {answer.text}\n{end_of_log()}")
    if "errorType" in result:
        crash = f"{result['errorType']}: {result.get('errorMessage', '')}"
        raise SandboxError(f"the handler crashed: {crash}\n{end_of_log()}")
    return result
