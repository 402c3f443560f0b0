"""Starts AWS's runtime client in the emulator, and lets no invocation reach the handler without the account's secret.

AWS's emulator takes every request that reaches its port, unsigned ones too. So the sandbox sends a secret with each
invocation, as its client context, which the emulator passes on. CloudFormation sends none, and the handler gets none.

The function runs this file by its path. It imports nothing of the sandbox, and is the handler's Python, not the
sandbox's. The first argument is the handler's name.
"""

import hmac
import importlib
import json
import os
import sys
from typing import Any

SECRET = "CFN_SANDBOX_SECRET"
"""The variable that has the secret. The handler's code doesn't see it, as Lambda has no such variable."""

REFUSAL = json.dumps(
    {"errorType": "AccessDenied", "errorMessage": "This function takes invocations of its sandbox only."}
)


def main() -> None:
    """Serve invocations until the process ends."""
    secret = os.environ.pop(SECRET)
    # Only the package, the standard library and the runtime client: -S and -I leave out everything else.
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"]]
    sys.path.append(os.environ["LAMBDA_RUNTIME_DIR"])
    runtime = importlib.import_module("awslambdaric.__main__")
    client_class = importlib.import_module("awslambdaric.lambda_runtime_client").LambdaRuntimeClient

    wait = client_class.wait_next_invocation

    def wait_for_the_sandbox(client: Any) -> Any:  # noqa: ANN401 - awslambdaric has no types
        while True:
            invocation = wait(client)
            if is_allowed(invocation.client_context, secret):
                invocation.client_context = None
                return invocation
            client.post_invocation_error(invocation.invoke_id, REFUSAL, "", invocation.invocation_id)

    client_class.wait_next_invocation = wait_for_the_sandbox
    runtime.main(sys.argv)


def is_allowed(client_context: str | None, secret: str) -> bool:
    """Return whether an invocation's client context, as JSON, has the secret."""
    try:
        given = json.loads(client_context or "{}")["secret"]
    except (ValueError, KeyError, TypeError):
        return False
    return isinstance(given, str) and hmac.compare_digest(given.encode(), secret.encode())


if __name__ == "__main__":
    main()
