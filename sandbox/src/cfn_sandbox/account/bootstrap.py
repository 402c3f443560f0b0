"""Starts AWS's runtime client in the emulator, and lets only the sandbox's events reach the handler.

AWS's emulator takes every request that reaches its port, unsigned ones too, and whoever reaches its other port, the
runtime API, gets the next event. Both are open to every user of the machine. So an event, which has credentials, goes
through neither: the sandbox writes it to a file that only its own user can read, and sends the file's name, a random
ticket. An invocation without such a ticket never reaches the handler. What the handler answers begins with a mark from
that file, so that nobody else can answer.

The function runs this file by its path. It imports nothing of the sandbox, and runs in the handler's Python, not in the
sandbox's. The first argument is the handler's name.
"""

import importlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

EVENTS = "CFN_SANDBOX_EVENTS"
"""The variable that has the folder of the events. The handler's code doesn't see it; Lambda has no such variable."""

REFUSAL = json.dumps(
    {"errorType": "AccessDenied", "errorMessage": "This function takes invocations of its sandbox only."}
)


def main() -> None:
    """Serve invocations until the process ends."""
    folder = Path(os.environ.pop(EVENTS))
    # Only the package, the standard library and the runtime client: -S and -I leave out everything else.
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"]]
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])
    runtime = importlib.import_module("awslambdaric.__main__")
    client_class = importlib.import_module("awslambdaric.lambda_runtime_client").LambdaRuntimeClient
    wait, post = client_class.wait_next_invocation, client_class.post_invocation_result
    marks: dict[str, bytes] = {}
    taken: set[str] = set()

    def wait_for_the_sandbox(client: Any) -> Any:  # noqa: ANN401 - awslambdaric has no types
        while True:
            invocation = wait(client)
            ticket = ticket_of(invocation.event_body)
            file = folder / (ticket or "none")
            if ticket is None or ticket in taken or not file.exists():
                client.post_invocation_error(invocation.invoke_id, REFUSAL, "", invocation.invocation_id)
                continue
            mark, _, event = file.read_bytes().partition(b"\n")
            taken.add(ticket)
            marks[invocation.invoke_id] = mark
            invocation.event_body, invocation.client_context = event, None
            return invocation

    def post_with_mark(client: Any, invoke_id: str, result: str | bytes, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - as above
        result = result if isinstance(result, bytes) else result.encode()
        post(client, invoke_id, marks.pop(invoke_id) + result, *rest, **options)

    client_class.wait_next_invocation = wait_for_the_sandbox
    client_class.post_invocation_result = post_with_mark
    runtime.main(sys.argv)


def ticket_of(body: bytes) -> str | None:
    """Return the ticket in an invocation's body, a JSON string of 32 hexadecimal digits; None if it has none."""
    try:
        ticket = json.loads(body)
    except ValueError:
        return None
    return ticket if isinstance(ticket, str) and re.fullmatch("[0-9a-f]{32}", ticket) else None


if __name__ == "__main__":
    main()
