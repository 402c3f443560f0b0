"""A resource type's package, as cfn makes it, and the package as a Lambda function, run by AWS's emulator."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import requests

from sandbox import SandboxError
from sandbox.aws import LOOPBACK, Account, bare_environment
from sandbox.process import running

SETTINGS = ".rpdk-config"
KEPT = 10
"""Packages of a project that stay in its cache: the ones used last."""

TIMEOUT = 60
"""Seconds that CloudFormation gives one invocation of a handler."""

MEMORY = 256
"""Megabytes that CloudFormation gives the function of a resource type."""

# All that is on sys.path: the standard library (-S and -I leave the rest out), the package, the runtime client.
_BOOTSTRAP = (
    "import os, sys; "
    "sys.path[:0] = [os.environ['LAMBDA_TASK_ROOT']]; sys.path.append(os.environ['LAMBDA_RUNTIME_DIR']); "
    "from awslambdaric.__main__ import main; main(sys.argv)"
)


def package(project: Path, cache: Path | None = None, language: str | None = None) -> Path:
    """The zip that `cfn submit --dry-run` writes for a project; nothing else of the project is written to.

    Args:
        project: the folder with .rpdk-config.
        cache: where packages are kept, by a hash of all that goes in; .cache/packages of the project unless given.
        language: cfn's language plugin, instead of the one that .rpdk-config names, or of its smaller twin, where one
            is installed (shipping/language.py).

    Raises:
        SandboxError: no project there, no cfn, or cfn failed: with the end of its output.
    """
    project = project.resolve()
    if not (project / SETTINGS).is_file():
        raise SandboxError(f"no resource type in {project}: it has no {SETTINGS}")
    settings = json.loads((project / SETTINGS).read_text())
    settings["language"] = language or _smaller(settings["language"])
    kept = cache or project / ".cache" / "packages"
    packaged = kept / f"{_digest(project, sorted(_inputs(project)), settings['language'])}.zip"
    if not packaged.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as scratch:
            copy_project(project, Path(scratch))
            Path(scratch, SETTINGS).write_text(json.dumps(settings, indent=4))
            _submit_dry_run(Path(scratch)).replace(packaged)
    _touch(packaged)
    with suppress(FileNotFoundError):  # another process is at it too
        for old in sorted(kept.glob("*.zip"), key=lambda path: path.stat().st_mtime_ns)[:-KEPT]:
            old.unlink()
    return packaged


def _touch(path: Path) -> None:
    """Note that a package is used now; the file system's own clock ticks too slowly to tell two packages apart."""
    os.utime(path, ns=(time.time_ns(),) * 2)


def copy_project(project: Path, folder: Path) -> None:
    """Copy what cfn reads of a project into an empty folder."""
    for path in _inputs(project):
        target = folder / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


class Function:
    """A package as a Lambda function on this machine: AWS's runtime interface emulator and runtime client.

    The function sees the unzipped package, the runtime client and Python's standard library, nothing else of the
    virtual environment, and none of this process's variables. It serves one invocation at a time.

    Args:
        package: what `package` returns.
        account: where the function's AWS calls go.
        entrypoint: the key in .rpdk-config that names the handler.
        timeout: seconds that an invocation may take.
        python: the interpreter to run it; this process's own unless given. awslambdaric is compiled for that one; for
            another version of Python, sandbox/runtime_client.py takes the place of its compiled half.

    Raises:
        SandboxError: not Linux, no emulator, no such interpreter, or the emulator ended at once.
    """

    name = "function"

    def __init__(
        self,
        package: Path,
        account: Account,
        entrypoint: Literal["entrypoint", "testEntrypoint"] = "entrypoint",
        timeout: int = TIMEOUT,
        python: Path | None = None,
    ) -> None:
        self.endpoint = ""
        self._package = package
        self._account = account
        self._entrypoint = entrypoint
        self._timeout = timeout
        self._python = python or Path(sys.executable)
        self._lock = threading.Lock()
        self._root = Path()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        emulator, version = _emulator(), _version(self._python)
        with ExitStack() as opening:
            self._root = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-")))
            task = self._root / "task"
            handler = self._unpack(task)
            _link_runtime_client(self._root / "runtime", version)
            log = opening.enter_context(self.log_file.open("wb"))
            serve, runtime_api = _free_port(), _free_port()
            command: list[str | Path] = [
                emulator,
                "--log-level=warning",
                f"--runtime-interface-emulator-address={LOOPBACK}:{serve}",
                f"--runtime-api-address={LOOPBACK}:{runtime_api}",
                *(self._python, "-I", "-S", "-B", "-c", _BOOTSTRAP, handler),
            ]
            process = opening.enter_context(running(command, self._environment(version), log, cwd=task))
            self._wait(process, serve)
            self.endpoint = f"http://{LOOPBACK}:{serve}"
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
    def log(self) -> str:
        """What the function and the emulator have written so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def log_file(self) -> Path:
        """The file that the log is written to, for as long as the function is there."""
        return self._root / "log"

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Invoke the function and return its answer.

        Raises:
            SandboxError: the handler did not load, raised, ended its process or ran out of time; it shows the
                end of the function's log.
        """
        url = f"{self.endpoint}/2015-03-31/functions/{self.name}/invocations"
        with self._lock, requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(url, data=json.dumps(event), timeout=self._timeout + 30)
            except requests.RequestException as error:
                raise SandboxError(f"the Lambda emulator is gone: {error}\n{self._log_end}") from error
        try:
            result = answer.json()
        except ValueError:  # the emulator's own words, in plain text: the invocation took too long
            raise SandboxError(f"the handler crashed: {answer.text}\n{self._log_end}") from None
        if not isinstance(result, dict):
            raise SandboxError(f"the handler returned no progress event but {answer.text}\n{self._log_end}")
        if "errorType" in result:
            crash = f"{result['errorType']}: {result.get('errorMessage', '')}"
            raise SandboxError(f"the handler crashed: {crash}\n{self._log_end}")
        return result

    @property
    def _log_end(self) -> str:
        return f"The end of its log:\n{tail(self.log)}"

    def _unpack(self, task: Path) -> str:
        with zipfile.ZipFile(self._package) as outer:
            settings = json.loads(outer.read(SETTINGS))
            with outer.open("ResourceProvider.zip") as inner, zipfile.ZipFile(inner) as provider:
                provider.extractall(task)
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
            "HOME": str(self._root),  # keeps ~/.aws of whoever runs this out of the function
            "LAMBDA_TASK_ROOT": str(self._root / "task"),
            "LAMBDA_RUNTIME_DIR": str(self._root / "runtime"),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
        }

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, port)) == 0:
                    return
            time.sleep(0.01)
        raise SandboxError(f"the Lambda emulator did not start:\n{tail(self.log)}")


def tail(text: str, lines: int = 20) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])


def _inputs(project: Path) -> Iterator[Path]:
    """What cfn reads of a project: the schema and other files beside .rpdk-config, src/ and inputs/."""
    yield project / SETTINGS
    for pattern in ("*.json", "*.txt", "resource-role.yaml", "src/**/*", "inputs/**/*"):
        yield from (path for path in project.glob(pattern) if path.is_file() and "__pycache__" not in path.parts)


def _smaller(language: str) -> str:
    """The smaller twin of a language plugin, where one is installed; else the plugin itself."""
    twin = f"{language}-small"
    return twin if importlib.metadata.entry_points(group="rpdk.v1.languages", name=twin) else language


def _digest(project: Path, inputs: list[Path], language: str) -> str:
    digest = hashlib.sha256(f"{sys.version} {language}".encode())
    plugin_files = (
        path
        for plugin in importlib.metadata.entry_points(group="rpdk.v1.languages", name=language)
        if (module := importlib.util.find_spec(plugin.module)) and module.origin
        for path in sorted(Path(module.origin).parent.glob("*.py"))
    )
    for path in (*plugin_files, *inputs):
        name = path.relative_to(project) if path.is_relative_to(project) else path.name
        digest.update(f"\0{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _submit_dry_run(project: Path) -> Path:
    """Run `cfn submit --dry-run` in a project and return the zip that it wrote."""
    bin_folder = str(Path(sys.executable).parent)
    cfn = shutil.which("cfn", path=bin_folder)
    if cfn is None:
        raise SandboxError(f"no cfn beside {sys.executable}: `make setup` installs it")
    pip_log = project / "pip.log"
    environment = bare_environment() | {
        "PATH": os.pathsep.join([bin_folder, os.environ.get("PATH", os.defpath)]),  # cfn calls the first pip on it
        "PIP_LOG": str(pip_log),  # cfn keeps to itself what pip says
    }
    done = subprocess.run(
        [cfn, "submit", "--dry-run"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    written = list(project.glob("*.zip"))  # named after the type
    if done.returncode or len(written) != 1:
        said = f"{_ends(done.stdout)}\n{_pip_errors(pip_log)}{_cfn_log(project)}"
        raise SandboxError(f"cfn submit --dry-run failed (exit code {done.returncode}):\n{said.rstrip()}")
    return written[0]


def _ends(text: str) -> str:
    """Both ends of a text: cfn's complaint about a schema begins with the reason and goes on with the schema."""
    lines = text.splitlines()
    return "\n".join([*lines[:10], "...", *lines[-10:]] if len(lines) > 21 else lines)


def _cfn_log(project: Path) -> str:
    """The last line of cfn's log, where it puts the exception that it did not expect."""
    log = project / "rpdk.log"
    return f"--- rpdk.log:\n{tail(log.read_text(), 1)}" if log.exists() else ""


def _pip_errors(log: Path) -> str:
    """What pip called an error in its log, without its traceback and the times."""
    text = re.sub(r"^\S+ ", "", log.read_text(), flags=re.MULTILINE) if log.exists() else ""
    errors = re.findall(r"^ *ERROR: .*?(?=^Exception information:|\Z)", text, re.MULTILINE | re.DOTALL)
    return f"--- pip:\n{''.join(errors)}" if errors else ""


def _emulator() -> Path:
    if not sys.platform.startswith("linux"):
        raise SandboxError(f"AWS's Lambda emulator runs on Linux only, not on {sys.platform}")
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}.get(os.uname().machine)
    path = Path(sys.prefix, "emulator", "samcli", "local", "rapid", f"aws-lambda-rie-{machine}")
    if not path.is_file():
        raise SandboxError(f"no Lambda emulator at {path}: `make setup` installs it (x86-64 and arm64 only)")
    path.chmod(0o755)  # pip unpacks it without the bit
    return path


def _version(python: Path) -> str:
    """The version of an interpreter, 3.12."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run(
            [python, "-I", "-S", "-c", ask], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxError(f"no Python at {python}: {error}") from error


def _link_runtime_client(folder: Path, version: str) -> None:
    """Link the modules of the runtime client into a folder: what Lambda has in /var/runtime."""
    folder.mkdir()
    for distribution in ("awslambdaric", "simplejson", "snapshot-restore-py"):
        try:
            files = importlib.metadata.files(distribution) or []
        except importlib.metadata.PackageNotFoundError:
            raise SandboxError(f"{distribution} is not installed: `make setup` installs it") from None
        for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            link = folder / name
            if not link.exists() and not name.endswith(".dist-info"):
                link.symlink_to(Path(str(files[0].locate())).parents[len(files[0].parts) - 1] / name)
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        (folder / "runtime_client.py").symlink_to(Path(__file__).with_name("runtime_client.py"))


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])
