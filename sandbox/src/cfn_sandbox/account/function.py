"""Runs a resource type's package, as cfn builds it, as a Lambda function in AWS's emulator."""

import importlib.metadata
import importlib.util
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from cfn_sandbox import SandboxError, downloads, platforms
from cfn_sandbox.account import bootstrap, isolation
from cfn_sandbox.account.account import LOOPBACK, Account
from cfn_sandbox.account.invocation import NAME, TIMEOUT, Answer, Emulated, InvokeApi, invoke
from cfn_sandbox.account.process import running
from cfn_sandbox.account.scratch import scratch_folder
from cfn_sandbox.packaging import bytecode, compiled, importing
from cfn_sandbox.packaging.package import SETTINGS, tail

__all__ = ["MEMORY", "Function"]

ATTEMPTS = 5
"""How often the emulator is started: another process can take the ports between choosing and using them."""

MEMORY = 256
"""Megabytes that CloudFormation gives the function of a resource type."""


class Function:
    """A package as a Lambda function on this machine, in AWS's runtime interface emulator with AWS's runtime client.

    The function can import the unzipped package, the runtime client and Python's standard library, nothing else from
    the virtual environment. It gets none of this process's variables. It serves one invocation at a time.

    It has its own /tmp and can write nowhere else, as in Lambda, if `isolation.is_available`. Otherwise it has its
    own TMPDIR, and nothing keeps it from writing elsewhere.

    Args:
        package: the path that `cfn_sandbox.packaging.package.package` returns.
        account: the account that the function's AWS calls go to.
        entrypoint: the key in .rpdk-config that names the handler.
        timeout: the seconds that an invocation can take.
        python: the interpreter that runs the function; by default one of the runtime's version, or this process's own
            if there is none. awslambdaric is compiled for this process's; for another version of Python,
            account/runtime_client.py replaces its compiled half.

    Raises:
        SandboxError: the system is not Linux, the emulator or interpreter is missing, the package has modules that this
            interpreter can't import, or the emulator ended at once.
    """

    name = NAME

    def __init__(
        self,
        package: Path,
        account: Account,
        entrypoint: Literal["entrypoint", "testEntrypoint"] = "entrypoint",
        timeout: int = TIMEOUT,
        python: Path | None = None,
    ) -> None:
        self.emulated = Emulated("", Path(), timeout, Path(), {})
        # Its first part is no secret: it is in the function's address.
        self.secret = f"{secrets.token_hex(4)}-{secrets.token_urlsafe(32)}"
        self._package = package
        self._account = account
        self._entrypoint = entrypoint
        self._timeout = timeout
        self._python = python
        self.python_note = ""
        """A sentence if the function runs on another version of Python than Lambda's; empty if not."""
        self.observers: list[Callable[[Any, Answer], object]] = []
        """Each takes the events that clients of the function's API send, with the answers."""
        self._lock = threading.Lock()
        self._root = Path()
        self._handler = ""
        self._pid = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        emulator, version = _emulator(), self._choose_python()
        with ExitStack() as opening:
            self._root = opening.enter_context(scratch_folder())
            task = self._root / "task"
            self._handler = self._unpack(task)
            _link_runtime_client(self._root / "runtime", version)
            log = opening.enter_context(self.log_file.open("wb"))
            events = self._root / "events"
            events.mkdir(0o700)
            environment = self._environment(version) | {bootstrap.EVENTS: str(events)}
            if not isolation.is_available():
                (self._root / "tmp").mkdir()
                environment["TMPDIR"] = str(self._root / "tmp")
            endpoint = self._start(opening, emulator, environment, log)
            credentials = self._account.keys.draw().in_event()
            self.emulated = Emulated(endpoint, events, self._timeout, self.log_file, credentials)
            self._account.door.add_function(self.secret, InvokeApi(self.emulated, self._lock, self._observe))
            opening.callback(self._account.door.remove_function, self.secret)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def endpoint(self) -> str:
        """The address of Lambda's API for this function, at the account's door. Requests to it have to be signed."""
        return self._account.door_to_function(self.secret.partition("-")[0])

    @property
    def unsigned_endpoint(self) -> str:
        """The same for a client that doesn't sign. This address is a secret."""
        return self._account.door_to_function(self.secret)

    @property
    def log(self) -> str:
        """The output of the function and the emulator so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def log_file(self) -> Path:
        """The log's file. It is deleted when the function ends."""
        return self._root / "log"

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the function and return its answer.

        Raises:
            SandboxError: the handler did not load, raised, ended its process or timed out; with the end of the
                function's log.
        """
        with self._lock:
            return invoke(self.emulated, event)

    @property
    def peak_memory(self) -> int:
        """The most memory that the handlers' process has used so far, in megabytes; 0 if it has just ended."""
        return max(map(_peak_memory, _descendants_with(self._pid, bootstrap.__file__)), default=0)

    def _observe(self, event: Any, answer: Answer) -> None:  # noqa: ANN401 - a client can send any JSON
        for observer in self.observers:
            observer(event, answer)

    def check(self) -> None:
        """Invoke the function with an empty event, to see whether its handler loads.

        Raises:
            SandboxError: the handler doesn't load, or its plugin library is too old; with what to do.
        """
        try:
            answer = self.invoke({})
        except SandboxError as error:
            if "Runtime." in str(error):  # any other error comes from a handler that did load
                raise SandboxError(f"the handler doesn't load: {self._why_not_loaded() or error}") from error
            return
        # The library names every argument that an empty event lacks; current versions have no responseEndpoint.
        if "responseEndpoint" in str(answer.get("message")):
            raise SandboxError(
                "the package has an old cloudformation-cli-python-lib, which CloudFormation no longer calls as it "
                "expects: require version 2.1.2 or newer in requirements.txt"
            )

    def _why_not_loaded(self) -> str | None:
        """Return why the handler doesn't load, in a sentence with the place; None if only the emulator's log says."""
        task, runtime = self._root / "task", self._root / "runtime"
        module, _, name = self._handler.rpartition(".")
        python = [*self._isolation(_emulator()), self._interpreter]
        environment = self._environment(_version(self._interpreter))
        reason = importing.failure(module, task, python, environment, [runtime])
        if reason is None and f"Handler '{name}' missing" in self.log:
            return f"{module} has no {name}, and {self._entrypoint} in {SETTINGS} is {self._handler}"
        return reason

    def _choose_python(self) -> str:
        """Choose the interpreter if none was given, and return its version."""
        with zipfile.ZipFile(self._package) as outer:
            wanted = compiled.target_of(json.loads(outer.read(SETTINGS))).python
        self._python = self._python or bytecode.interpreter(wanted) or Path(sys.executable)
        version = _version(self._python)
        if version != wanted:
            compiled.check_runs(self._package, version)
            self.python_note = (
                f"the handlers run on Python {version}, and Lambda runs them on Python {wanted}, which is not here: "
                f"`uv python install {wanted}` installs it"
            )
        return version

    def _unpack(self, task: Path) -> str:
        with zipfile.ZipFile(self._package) as outer:
            settings = json.loads(outer.read(SETTINGS))
            # In memory: each step back in a compressed stream begins it again.
            with zipfile.ZipFile(io.BytesIO(outer.read("ResourceProvider.zip"))) as provider:
                _extract(provider, task)
        if self._entrypoint not in settings:
            raise SandboxError(f"{SETTINGS} has no {self._entrypoint}")
        return str(settings[self._entrypoint])

    def _environment(self, version: str) -> dict[str, str]:
        account = self._account.environment()
        aws = ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "DEFAULT_REGION", "REGION")
        return {
            **{f"AWS_{name}": account[f"AWS_{name}"] for name in aws},
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self._timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY),
            "HOME": str(self._root),  # hides the user's ~/.aws from the function
            "LAMBDA_TASK_ROOT": str(self._root / "task"),
            "LAMBDA_RUNTIME_DIR": str(self._root / "runtime"),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
        }

    @property
    def _interpreter(self) -> Path:
        return self._python or Path(sys.executable)

    def _start(self, opening: ExitStack, emulator: Path, environment: dict[str, str], log: IO[bytes]) -> str:
        """Start the emulator and return its address. Try other ports if another process has taken these."""
        for _ in range(ATTEMPTS):
            port, runtime_api = _free_ports()
            command: list[str | Path] = [
                *self._isolation(emulator),
                emulator,
                "--log-level=warning",
                f"--runtime-interface-emulator-address={LOOPBACK}:{port}",
                f"--runtime-api-address={LOOPBACK}:{runtime_api}",
                *(self._interpreter, "-I", "-S", "-B", Path(bootstrap.__file__), self._handler),
            ]
            process = opening.enter_context(running(command, environment, log, cwd=self._root / "task"))
            self._pid = process.pid
            if self._wait_until_listening(process, port):
                return f"http://{LOOPBACK}:{port}"
            if "address already in use" not in self.log:
                break
        raise SandboxError(f"the Lambda emulator did not start:\n{tail(self.log)}")

    def _isolation(self, emulator: Path) -> list[str | Path]:
        if not isolation.is_available():
            return []
        python = self._interpreter.absolute()
        places = [emulator, Path(bootstrap.__file__), python, python.resolve(), Path(sys.executable).absolute()]
        # A virtual environment or an interpreter is two levels above its program.
        folders = [place.parent.parent for place in places]
        return isolation.command(Path(sys.executable), [self._root, *folders])

    def _wait_until_listening(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Wait until the emulator listens; return whether it does."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            if _child_listens(process.pid, port):
                return True
            time.sleep(0.01)
        return False


def _emulator() -> Path:
    platforms.require_linux()
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(os.uname().machine)
    if machine is None:
        raise SandboxError(f"AWS's Lambda emulator runs on x86-64 and arm64 only, not on {os.uname().machine}")
    path = downloads.EMULATOR.fetched() / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    path.chmod(0o755)  # pip unpacks it without the executable bit
    return path


def _version(python: Path) -> str:
    """Return the version of an interpreter, for example 3.12."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run(
            [python, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxError(f"no Python at {python}: {error}") from error


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    """Unpack an archive, two files at a time: the system takes longer to create a file than Python to write it."""

    def extract(member: str) -> None:
        try:
            archive.extract(member, folder)
        except FileExistsError:  # the other thread has just created its folder
            archive.extract(member, folder)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(extract, archive.namelist()))


def _link_runtime_client(folder: Path, version: str) -> None:
    """Link the runtime client's modules into a folder, the counterpart of Lambda's /var/runtime."""
    folder.mkdir()
    for distribution in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        try:
            files = importlib.metadata.files(distribution) or []
        except importlib.metadata.PackageNotFoundError:
            raise SandboxError(f"{distribution} is not installed: install cfn-sandbox with its dependencies") from None
        for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            link = folder / name
            if not link.exists() and not name.endswith(".dist-info"):
                link.symlink_to(Path(str(files[0].locate())).parents[len(files[0].parts) - 1] / name)
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        (folder / "runtime_client.py").symlink_to(Path(__file__).with_name("runtime_client.py"))


def _child_listens(shell: int, port: int) -> bool:
    """Return whether a child of a process listens on a port, by proc(5). A connection would not show who answers."""
    tables = (Path("/proc/net", name).read_text().splitlines()[1:] for name in ("tcp", "tcp6"))
    rows = (line.split() for table in tables for line in table)
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    try:
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        opened = (file.readlink() for child in children for file in Path("/proc", child, "fd").iterdir())
        return any(str(target) in sockets for target in opened)
    except OSError:  # the process has just ended
        return False


def _descendants_with(pid: int, argument: str) -> Iterator[int]:
    """Yield the descendants of a process that have an argument, by proc(5), but for programs that only start others."""
    try:
        # A child belongs to the thread that started it, and the emulator has several.
        lists = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
        children = [int(child) for one in lists for child in one]
        arguments = {child: Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in children}
    except OSError:  # one has just ended
        return
    for child in children:
        below = list(_descendants_with(child, argument))
        yield from below or ([child] if argument in arguments[child] else [])


def _peak_memory(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) // 1024 if peaks else 0


def _free_ports() -> tuple[int, int]:
    """Return two free ports. Both are held until both are known, so that they differ."""
    with socket.create_server((LOOPBACK, 0)) as one, socket.create_server((LOOPBACK, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
