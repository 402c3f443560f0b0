"""The command line's interface to a shell: finding the project, and printing an account's variables."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from cfn_sandbox.packaging.sources import SETTINGS

# A profile that is set in a shell would override the account's variables.
_CONFLICTING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def project(named: Path | None) -> Path:
    """Return the folder of the project that a command is about.

    Args:
        named: The folder that the user named. By default it is the nearest folder with .rpdk-config, from the working
            directory upwards; without one, the working directory.
    """
    if named is not None:
        return named.resolve()
    working_directory = Path.cwd()
    candidates = (folder for folder in (working_directory, *working_directory.parents) if (folder / SETTINGS).is_file())
    return next(candidates, working_directory)


def exports(variables: Mapping[str, str]) -> str:
    """Return the lines that set variables in a shell, for `eval`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"unset {' '.join(_CONFLICTING)}", *lines])


def unset(names: Iterable[str]) -> str:
    """Return the line that unsets variables in a shell, for `eval`."""
    return f"unset {' '.join(names)}"


def write_variables(file: Path, variables: Mapping[str, str]) -> None:
    """Write variables to a file atomically, one NAME=VALUE per line, as Docker and editors read it."""
    part = file.with_name(f"{file.name}.part")
    part.write_text("".join(f"{name}={value}\n" for name, value in variables.items()), encoding="utf-8")
    part.replace(file)


def read_variables(file: Path) -> dict[str, str]:
    """Return the variables in a file that `write_variables` wrote."""
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def tell(text: str) -> None:
    """Print a message to standard error. Standard output belongs to a shell's eval, or to the user's command."""
    print(f"cfn-sandbox: {text}", file=sys.stderr, flush=True)
