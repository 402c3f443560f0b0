"""The command line's interface to a shell: finding the project, and printing an account's variables."""

import importlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cfn_sandbox import SandboxError
from cfn_sandbox.packaging.sources import SETTINGS

__all__ = ["told_log"]

_CONFLICTING = (
    "AWS_CA_BUNDLE",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables of a shell that lead a client elsewhere and may not be exported yet. Exported ones go in any case."""

_SAVED = "_cfn_sandbox_saved_"
_RESTORE = "_cfn_sandbox_restore"


def project(named: Path | None) -> Path:
    """Return the folder of the project that a command is about.

    Args:
        named: The folder that the user named. By default it is the nearest folder with .rpdk-config, from the working
            directory upwards; without one, the working directory.

    Raises:
        SandboxError: The project was found in a parent folder and is another user's. Its plugins and handlers would
            run as this user, who may not know of it, for example below /tmp.
    """
    if named is not None:
        return named.resolve()
    working_directory = Path.cwd()
    candidates = (folder for folder in (working_directory, *working_directory.parents) if (folder / SETTINGS).is_file())
    found = next(candidates, working_directory)
    owners = {path.stat().st_uid for path in (found, found / SETTINGS) if path.exists()}
    if found != working_directory and owners != {os.getuid()}:
        raise SandboxError(
            f"the project in {found} is another user's: name it, with --project {found}, to run its code"
        )
    return found


def exports(variables: Mapping[str, str], exported: Collection[str]) -> str:
    """Return the lines for a shell's `eval` that set variables and unset what would lead a client elsewhere.

    They keep what they change in variables of that shell which are not exported, so that `restoration` can give it
    back, and no file or process gets a secret of the user's. A second `up` in the same shell keeps nothing more.

    Args:
        variables: the account's variables.
        exported: the names of the AWS_* variables that the shell has exported.
    """
    conflicting = sorted({*_CONFLICTING, *exported} - variables.keys())
    changed = [*variables, *conflicting]
    known = {*exported, *os.environ}
    keep = [f'if [ -n "${{{name}+x}}" ]; then {_SAVED}{name}=${name}; fi' for name in changed]
    restore = "; ".join(_restoration(name, known) for name in changed)
    return "\n".join(
        [
            f'if [ -z "${{{_RESTORE}+x}}" ]; then',
            *keep,
            f"{_RESTORE}={shlex.quote(restore)}",
            "fi",
            f"unset {' '.join(conflicting)}",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        ]
    )


def _restoration(name: str, exported: Collection[str]) -> str:
    saved, export = f"{_SAVED}{name}", "export " if name in exported else ""
    return f'unset {name}; if [ -n "${{{saved}+x}}" ]; then {export}{name}=${saved}; unset {saved}; fi'


def restoration() -> str:
    """Return the line for a shell's `eval` that undoes what the lines of `exports` did there, and nothing elsewhere."""
    return f'if [ -n "${{{_RESTORE}+x}}" ]; then eval "${_RESTORE}"; unset {_RESTORE}; fi'


@contextmanager
def written_variables(file: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Write variables to a new file, one NAME=VALUE per line, as Docker and editors read it, until the block ends.

    The file is for its owner only. At the end it is deleted, unless another file has taken its name. If this process
    is killed, the next sandbox or `down` deletes it.

    Raises:
        SandboxError: something has the file's name already, or the file can't be written.
    """
    text = "".join(f"{name}={value}\n" for name, value in variables.items()).encode()
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise SandboxError(f"{file} exists: name another file, or delete it first") from None
    except OSError as error:
        raise SandboxError(f"can't write {file}: {error.strerror}") from error
    scratch = importlib.import_module("cfn_sandbox.account.scratch")  # only Linux has what it needs
    # It stays open, so that no other file gets its number.
    with os.fdopen(descriptor, "wb", buffering=0) as written, scratch.recorded(file, text):
        try:
            written.write(text)
            yield
        finally:
            with suppress(FileNotFoundError):
                if os.path.samestat(file.lstat(), os.fstat(descriptor)):
                    file.unlink()


def check_new(file: Path) -> None:
    """Raise an error if `written_variables` couldn't write a file, before anything slow begins.

    Raises:
        SandboxError: something has its name already, or its folder doesn't exist.
    """
    if os.path.lexists(file):
        raise SandboxError(f"{file} exists: name another file, or delete it first")
    if not file.parent.is_dir():
        raise SandboxError(f"can't write {file}: there is no folder {file.parent}")


def read_variables(file: Path) -> dict[str, str]:
    """Return the variables in a file that `written_variables` wrote."""
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines())


def tell(text: str) -> None:
    """Print a message to standard error. Standard output belongs to a shell's eval, or to the user's command."""
    print(f"cfn-sandbox: {text}", file=sys.stderr, flush=True)


class _Told(logging.Handler):
    def __init__(self, say: Callable[[str], object]) -> None:
        super().__init__()
        self._say = say
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a message, once."""
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            self._say(message)


@contextmanager
def told_log(say: Callable[[str], object] = tell) -> Iterator[None]:
    """Tell what the sandbox logs until the context ends: what has no effect in it, and what it can't check. Each once.

    Args:
        say: takes each message.
    """
    logger, handler = logging.getLogger("cfn_sandbox"), _Told(say)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
