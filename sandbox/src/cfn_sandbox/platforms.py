"""Where the sandbox runs: the platforms and Pythons that it refuses, each in a sentence.

Internal. sandbox/README.md has the table of what runs where.
"""

import sys

from cfn_sandbox import SandboxError

NEWEST_PYTHON = (3, 13)
"""The newest Python that the sandbox is tested on; pyproject.toml has the same limit."""


def check_python() -> None:
    """Check that this Python is one that the sandbox is tested on.

    Raises:
        SandboxError: it is newer.
    """
    if sys.version_info[:2] > NEWEST_PYTHON:
        here, newest = (".".join(map(str, version)) for version in (sys.version_info[:2], NEWEST_PYTHON))
        raise SandboxError(
            f"cfn-sandbox runs on Python 3.11 to {newest}, and this is {here}: install it with an older one"
        )


def require_linux() -> None:
    """Check that the emulator can run here.

    Raises:
        SandboxError: the system is not Linux; the message says what works there.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxError(
            f"AWS's Lambda emulator, which runs the handlers, needs Linux, and this is {sys.platform}. In a Linux "
            "container everything works, for example in a devcontainer. Without one, `cfn-sandbox package` and "
            "`cfn-sandbox test --suite lint` work."
        )
