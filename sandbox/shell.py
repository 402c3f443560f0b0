"""What the command line takes from a shell and tells it: the project that is meant, the variables of an account."""

import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from packager.sources import SETTINGS

# A profile or a service's own endpoint, set in a shell, would win over the variables.
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def project(given: Path | None) -> Path:
    """Return the folder of the project that a command is about.

    Args:
        given: What the user named; otherwise it is the nearest folder with .rpdk-config from the working directory
            upwards, and where there is none, the project that this sandbox belongs to.
    """
    if given is not None:
        return given.resolve()
    here = Path.cwd()
    around = (folder for folder in (here, *here.parents) if (folder / SETTINGS).is_file())
    return next(around, Path(__file__).parents[1])


def exports(variables: Mapping[str, str]) -> str:
    """Return the lines by which a shell sets variables: for `eval`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"unset {' '.join(_IN_THE_WAY)}", *lines])


def unset(names: Iterable[str]) -> str:
    """Return the line by which a shell forgets variables."""
    return f"unset {' '.join(names)}"


def write_variables(file: Path, variables: Mapping[str, str]) -> None:
    """Write a file of variables, NAME=VALUE a line, as Docker and editors read it; it appears whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_text("".join(f"{name}={value}\n" for name, value in variables.items()), encoding="utf-8")
    part.replace(file)


def read_variables(file: Path) -> dict[str, str]:
    """Return what `write_variables` wrote."""
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def tell(text: str) -> None:
    """Say something to the person, on standard error: standard output is for a shell's eval, or the command's own."""
    print(f"sandbox: {text}", file=sys.stderr, flush=True)
