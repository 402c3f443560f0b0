"""Runs clients against the sandbox and prints a line for each: python -m clients [CLIENT ...]."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

CLIENTS = {
    "aws-cli": ["tools.clients.aws_cli", "v1"],
    "aws-cli-v2": ["tools.clients.aws_cli", "v2"],
    "libraries": ["tools.clients.libraries"],
    "javascript": ["tools.clients.javascript"],
    "ansible": ["tools.clients.ansible"],
    "sceptre": ["tools.clients.sceptre"],
    "taskcat": ["tools.clients.taskcat"],
    "osls": ["tools.clients.osls"],
    "guides": ["tools.clients.guides"],
    "sam": ["tools.clients.sam"],
    "cdk": ["tools.clients.cdk"],
    "sagemaker-v2": ["tools.clients.sagemaker_sdk", "v2"],
    "sagemaker-v3": ["tools.clients.sagemaker_sdk", "v3"],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named clients, or all, one after another; return 1 if one failed, 2 if a name is unknown."""
    names = list(sys.argv[1:] if arguments is None else arguments) or list(CLIENTS)
    unknown = sorted(set(names) - set(CLIENTS))
    if unknown:
        print(f"clients: no such client: {', '.join(unknown)}. There are {', '.join(CLIENTS)}.", file=sys.stderr)
        return 2
    lines = []
    for name in names:
        print(f"{name}:", flush=True)
        start = time.monotonic()
        code = subprocess.run([sys.executable, "-m", *CLIENTS[name]], check=False).returncode
        lines.append(f"{name}: {'FAILED' if code else 'passed'} ({time.monotonic() - start:.0f} s)")
    print("\n".join(["", *lines]))
    return int(any("FAILED" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
