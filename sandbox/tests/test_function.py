"""A package by cfn, and the function that runs it as Lambda does."""

import json
import os
import signal
import socket
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from cfn_sandbox import SandboxError
from cfn_sandbox.account import function as functions
from cfn_sandbox.account import isolation
from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging import PackagerError, bytecode, compiled
from cfn_sandbox.packaging import package as packages
from cfn_sandbox.packaging.bytecode import interpreter
from cfn_sandbox.packaging.package import package
from sandbox.tests.processes import emulator_in, processes_in, wait_until_gone
from sandbox.tests.toys import echo


def stand_in_for_cfn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a project's settings pass for its package, where only its name matters."""
    monkeypatch.setattr(packages, "_submit_dry_run", lambda copy: copy / echo.SETTINGS_NAME)
    monkeypatch.setattr(compiled, "check", lambda _: None)


class TestPackage:
    """The package that cfn writes, built once for the same inputs."""

    def test_it_is_what_cfn_submits(self, toy_package: Path) -> None:
        """The zip holds the code as Lambda gets it, the schema and the settings."""
        with zipfile.ZipFile(toy_package) as contents:
            assert {"ResourceProvider.zip", "schema.json", ".rpdk-config"} <= set(contents.namelist())
            with contents.open("ResourceProvider.zip") as provider:
                assert "toy_test_type/handlers.py" in zipfile.ZipFile(provider).namelist()

    def test_the_project_is_not_written_to(self, tmp_path: Path) -> None:
        """Packaging doesn't change, add or delete a file of the project, except in the cache."""
        project = echo.write(tmp_path / "project")
        before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
        package(project, tmp_path / "cache")
        assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before

    def test_the_same_inputs_are_packaged_once(
        self, toy_project: Path, toy_package: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A second run with the same inputs doesn't run cfn."""
        monkeypatch.setattr(packages, "_submit_dry_run", None)
        assert package(toy_project) == toy_package

    @pytest.mark.parametrize(
        "changed",
        ["src/toy_test_type/handlers.py", "toy-test-type.json", "requirements.txt", "inputs/inputs_1_create.json"],
    )
    def test_another_input_is_another_package(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
    ) -> None:
        """A change of any file that cfn reads makes another package."""
        stand_in_for_cfn(monkeypatch)
        project = echo.write(tmp_path / "project")
        before = package(project)
        (project / changed).parent.mkdir(exist_ok=True)
        with (project / changed).open("a") as file:
            file.write("\n")
        assert package(project) != before

    def test_the_projects_plugin_is_used_unless_another_is_asked_for(
        self, toy_project: Path, toy_package: Path
    ) -> None:
        """The plugin that .rpdk-config names is the default; the small one can be asked for."""
        for packaged, language in (
            (toy_package, "python312"),
            (package(toy_project, language="python312-small"), "python312-small"),
        ):
            with zipfile.ZipFile(packaged) as contents:
                assert json.loads(contents.read(echo.SETTINGS_NAME))["language"] == language
        assert json.loads((toy_project / echo.SETTINGS_NAME).read_text())["language"] == "python312"

    def test_the_packages_used_last_are_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The cache keeps the packages used last: each change makes one, of up to tens of megabytes."""
        stand_in_for_cfn(monkeypatch)
        monkeypatch.setattr(packages, "CACHE_SIZE", 2)
        project = echo.write(tmp_path / "project")
        first, second, third = (
            package(project, language=language) for language in ("python310", "python311", "python310")
        )
        assert (first, first.exists(), second.exists()) == (third, True, True)
        newest = package(project, language="python312")
        assert set(newest.parent.iterdir()) == {first, newest}

    def test_files_that_cfn_does_not_read_do_not_change_the_package(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A change of a test or a README makes no other package."""
        stand_in_for_cfn(monkeypatch)
        project = echo.write(tmp_path / "project")
        before = package(project)
        (project / "README.md").touch()
        (project / "src" / "toy_test_type" / "__pycache__").mkdir()
        (project / "src" / "toy_test_type" / "__pycache__" / "handlers.pyc").touch()
        assert package(project) == before

    def test_another_language_plugin_is_left_to_cfn(self, tmp_path: Path) -> None:
        """An unknown language plugin is reported in cfn's own words."""
        project = echo.write(tmp_path / "project")
        with pytest.raises(PackagerError, match="no-such-plugin"):
            package(project, language="no-such-plugin")

    def test_byte_code_by_another_interpreter_or_none_is_another_package(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Packages with byte code, without it, or with another interpreter's aren't taken for each other."""
        stand_in_for_cfn(monkeypatch)
        project = echo.write(tmp_path / "project")
        packages_built = []
        for python, version in ((None, ""), (Path("python"), "3.12.1"), (Path("python"), "3.12.2")):
            monkeypatch.setattr(bytecode, "interpreter", lambda _, result=python: result)
            monkeypatch.setattr(bytecode, "full_version", lambda _, result=version: result)
            packages_built += [package(project, language="python312-small"), package(project)]
        assert len({*packages_built[::2]}) == 3
        assert len({*packages_built[1::2]}) == 1  # the official plugin writes no byte code

    @pytest.mark.parametrize("settings", [{"use_docker": True}, {"useDocker": True}, {}])
    def test_a_project_that_builds_in_docker_is_packaged_without(
        self, tmp_path: Path, settings: dict[str, bool]
    ) -> None:
        """Packaging never uses Docker, even if the project sets it or leaves the choice to cfn's prompt."""
        project = echo.write(tmp_path / "project")
        written = echo.SETTINGS | {"settings": settings | {"protocolVersion": "2.0.0"}}
        (project / echo.SETTINGS_NAME).write_text(json.dumps(written))
        with zipfile.ZipFile(package(project)) as contents:
            packaged = json.loads(contents.read(echo.SETTINGS_NAME))["settings"]
        assert (packaged["use_docker"], packaged["no_docker"]) == (False, True)
        assert json.loads((project / echo.SETTINGS_NAME).read_text()) == written

    def test_a_download_that_does_not_have_its_hash_is_refused(self, tmp_path: Path) -> None:
        """A download with a wrong hash is refused by pip, and the requirement is named."""
        name = "toy_other-1-py3-none-any.whl"
        project = echo.write(tmp_path / "project", requirements=f"./{name} --hash=sha256:{'0' * 64}\n")
        (project / name).write_bytes(b"something else")
        with pytest.raises(PackagerError, match=r"DO NOT MATCH THE HASHES.*toy_other.* Got "):
            package(project)

    def test_pip_failing_shows_pips_own_words(self, tmp_path: Path) -> None:
        """A requirement that can't be installed is named, and nothing stays in the cache."""
        project = echo.write(tmp_path / "project", requirements="no-such-distribution-of-toys==1\n")
        reason = r"^cfn submit failed\. pip could not install requirements\.txt: .*no-such-distribution-of-toys"
        with pytest.raises(PackagerError, match=reason):
            package(project, tmp_path / "cache")
        assert list((tmp_path / "cache").iterdir()) == []

    def test_a_broken_schema_shows_cfns_own_words(self, tmp_path: Path) -> None:
        """A schema that cfn refuses is reported in cfn's own words."""
        project = echo.write(tmp_path / "project")
        (project / "toy-test-type.json").write_text(json.dumps(echo.SCHEMA | {"additionalProperties": True}))
        with pytest.raises(PackagerError, match=r"^cfn submit failed\. .* \(at \['additionalProperties'\]\)$"):
            package(project)

    def test_a_folder_without_a_project_is_reported(self, tmp_path: Path) -> None:
        """A folder without a project is refused before anything runs."""
        with pytest.raises(PackagerError, match=r"it has no \.rpdk-config"):
            package(tmp_path)

    def test_a_missing_cfn_is_reported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message about a missing cfn says how to install it."""
        project = echo.write(tmp_path / "project")
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        with pytest.raises(PackagerError, match=r"There is no cfn in .*install cfn-sandbox"):
            package(project)


class TestIsolation:
    """The function has what Lambda has, and nothing of the virtual environment or of the caller."""

    def test_sys_path_is_the_package_the_standard_library_and_the_runtime_client(self, function: Function) -> None:
        """sys.path has the package, the standard library and the runtime client, in this order."""
        path = function.invoke({})["resourceModel"]["path"]
        task, *library, runtime = path
        assert Path(task).name == "task"
        assert Path(runtime).name == "runtime"
        assert {entry.name.split(".")[0] for entry in Path(runtime).iterdir()} == {
            "awslambdaric",
            "runtime_client",
            "simplejson",
            "snapshot_restore_py",
        }
        assert not [entry for entry in library if "site-packages" in entry]

    @pytest.mark.parametrize("module", ["boto3", "yaml", "pytest", "sandbox", "toy_other"])
    def test_a_dependency_that_is_missing_from_the_package_is_noticed(self, function: Function, module: str) -> None:
        """A module that isn't packaged fails as in Lambda, even if it is installed here."""
        with pytest.raises(SandboxError, match=f"ModuleNotFoundError: No module named '{module}'"):
            function.invoke({"import": module})

    def test_a_dependency_that_is_packaged_is_there(self, tmp_path: Path, account: Account) -> None:
        """A requirement is in the package; here it is a wheel of one empty module."""
        name = "toy_other-1-py3-none-any.whl"
        project = echo.write(tmp_path / "project", requirements=f"./{name}\n")
        with zipfile.ZipFile(project / name, "w") as contents:
            contents.writestr("toy_other.py", "")
            contents.writestr("toy_other-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-other\nVersion: 1\n")
            contents.writestr("toy_other-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            contents.writestr("toy_other-1.dist-info/RECORD", "")
        with Function(package(project), account) as function:
            assert function.invoke({"import": "toy_other"})["status"] == "SUCCESS"

    def test_the_environment_is_lambdas(
        self, toy_package: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The variables are Lambda's documented ones, AWS_ENDPOINT_URL, a temporary HOME, shell's and emulator's."""
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
        with Function(toy_package, account) as function:
            variables = function.invoke({})["resourceModel"]["environment"]
        added = {"PWD", "LC_CTYPE", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN"}
        lambdas = {
            *("_HANDLER", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME"),
            *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_TIMEOUT"),
            *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
            *("AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
            *("LANG", "PATH", "TZ"),
        }
        assert set(variables) == {"AWS_ENDPOINT_URL", "HOME"} | lambdas | added
        assert variables["AWS_ENDPOINT_URL"] == account.endpoint
        assert variables["_HANDLER"] == "toy_test_type.handlers.resource"
        assert variables["HOME"] != os.environ["HOME"]


class TestInvocation:
    """An invocation returns the handler's answer, and explains a crash."""

    def test_the_answer_is_the_handlers(self, function: Function) -> None:
        """The answer is the progress event, and the log has what the handler printed."""
        assert function.invoke({})["resourceModel"]["Name"] == "toy"
        assert "the handler was called" in function.log
        assert function.log_file.read_text() == function.log

    def test_the_function_stays_warm(self, function: Function) -> None:
        """Two invocations run in one process, so a handler's state survives, as in Lambda."""
        pids = {function.invoke({})["resourceModel"]["pid"] for _ in range(2)}
        assert len(pids) == 1

    def test_the_test_entrypoint_can_be_asked_for(self, toy_package: Path, account: Account) -> None:
        """The function can run the test entrypoint, for which sam-tests/ has events."""
        with Function(toy_package, account, entrypoint="testEntrypoint") as function:
            assert function.invoke({})["resourceModel"] == {"Name": "tested"}

    def test_invocations_wait_for_each_other(self, function: Function) -> None:
        """Concurrent callers get their answers, although the emulator serves one at a time."""
        answers: list[str] = []
        callers = [threading.Thread(target=lambda: answers.append(function.invoke({})["status"])) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert answers == ["SUCCESS"] * 4

    def test_any_lambda_client_works(self, function: Function) -> None:
        """The invocation path is Lambda's own, so `cfn test` and boto3 can use it."""
        url = f"{function.unsigned_endpoint}/2015-03-31/functions/{function.name}/invocations"
        assert requests.post(url, json={}, timeout=30).json()["status"] == "SUCCESS"

    def test_a_process_that_ends_is_reported_with_its_log(self, function: Function) -> None:
        """A process that exits is reported with its log, and the next invocation starts a new process."""
        with pytest.raises(
            SandboxError, match=r"(?s)handler crashed: Runtime\.ExitError.*exit status 3.*its log:.*called"
        ):
            function.invoke({"exit": 3})
        assert function.invoke({})["status"] == "SUCCESS"

    def test_an_escaped_exception_is_reported_with_its_traceback(self, function: Function) -> None:
        """An exception is reported with the end of the log, which has its traceback."""
        with pytest.raises(SandboxError, match=r"(?s)crashed: ModuleNotFoundError.*its log:.*Traceback.*in resource"):
            function.invoke({"import": "toy_other"})

    def test_an_answer_that_is_not_an_event_is_reported(self, function: Function) -> None:
        """An answer that is no progress event is an error, for example from a handler without return."""
        with pytest.raises(SandboxError, match="the handler returned no progress event but null"):
            function.invoke({"return": None})

    def test_an_ended_emulator_is_reported(self, function: Function) -> None:
        """A killed emulator is reported, for example after the system ran out of memory."""
        os.kill(emulator_in(function.log_file.parent / "task"), signal.SIGKILL)
        with pytest.raises(SandboxError, match="the Lambda emulator is gone"):
            function.invoke({})

    def test_an_invocation_that_takes_too_long_is_ended(self, toy_package: Path, account: Account) -> None:
        """An invocation ends at its time limit, as in CloudFormation, and the next one is served."""
        with Function(toy_package, account, timeout=1) as function:
            with pytest.raises(SandboxError, match=r"timed out after 1\.00 seconds"):
                function.invoke({"sleep": 30})
            assert function.invoke({})["status"] == "SUCCESS"

    def test_a_handler_that_does_not_load_is_reported_with_its_log(self, tmp_path: Path, account: Account) -> None:
        """A handler that can't be imported fails at the first invocation, with Python's own message."""
        project = echo.write(tmp_path / "project", handlers="import toy_other\n")
        with (
            Function(package(project), account) as function,
            pytest.raises(SandboxError, match="No module named 'toy_other'"),
        ):
            function.invoke({})

    @pytest.mark.parametrize(
        ("handlers", "sentence"),
        [
            (
                "open('cache', 'w')\n",
                "src/toy_test_type/handlers.py, line 1: OSError: [Errno 30] Read-only file system: 'cache'",
            ),
            (
                "def handle(event, context): ...\n",
                "toy_test_type.handlers has no resource, and entrypoint in .rpdk-config is "
                "toy_test_type.handlers.resource",
            ),
        ],
    )
    def test_a_handler_that_does_not_load_is_one_sentence(
        self, handlers: str, sentence: str, tmp_path: Path, account: Account
    ) -> None:
        """What only the emulator, or the entry point, makes fail is told without the emulator's log."""
        if not isolation.is_available() and "open" in handlers:
            pytest.skip("nothing keeps the function from writing on this machine")
        project = echo.write(tmp_path / "project", handlers=handlers)
        with Function(package(project), account) as function, pytest.raises(SandboxError) as refused:
            function.check()
        assert str(refused.value) == f"the handler doesn't load: {sentence}"


class TestEnd:
    """No process, port or folder stays, however the block ends."""

    @pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
    @pytest.mark.parametrize("invoked", [True, False])
    def test_nothing_is_left(
        self, toy_package: Path, account: Account, error: type[BaseException] | None, *, invoked: bool
    ) -> None:
        """The emulator, the handler's process and their folder are gone."""
        function = Function(toy_package, account)
        try:
            with function:
                folder = function.log_file.parent / "task"
                if invoked:
                    function.invoke({})
                assert emulator_in(folder)
                assert ("python" in "".join(processes_in(folder).values())) == invoked
                if error:
                    raise error
        except (ValueError, KeyboardInterrupt):
            pass
        wait_until_gone(folder)
        assert not folder.exists()
        with pytest.raises(requests.ConnectionError):
            requests.get(function.emulated.endpoint, timeout=5)

    def test_settings_without_the_entrypoint_are_reported(
        self, toy_package: Path, account: Account, tmp_path: Path
    ) -> None:
        """A requested entrypoint that the settings lack is named; not every project has one for tests."""
        broken = tmp_path / "broken.zip"
        with zipfile.ZipFile(toy_package) as old, zipfile.ZipFile(broken, "w") as new:
            new.writestr("ResourceProvider.zip", old.read("ResourceProvider.zip"))
            new.writestr(echo.SETTINGS_NAME, "{}")
        with pytest.raises(SandboxError, match=r"^\.rpdk-config has no testEntrypoint$"):
            Function(broken, account, entrypoint="testEntrypoint").__enter__()

    def test_a_port_that_is_taken_meanwhile_is_left_to_its_owner(
        self, toy_package: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If another process takes the chosen port first, the function starts on another port."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            free = functions._free_ports
            choices = iter([(taken.getsockname()[1], free()[0]), free()])
            monkeypatch.setattr(functions, "_free_ports", lambda: next(choices))
            with Function(toy_package, account) as function:
                assert function.invoke({})["status"] == "SUCCESS"

    def test_two_functions_at_once_do_not_meet(self, toy_package: Path, account: Account) -> None:
        """Two functions run at the same time, each with its own ports and folder."""
        with (
            Function(toy_package, account) as one,
            Function(toy_package, account, entrypoint="testEntrypoint") as other,
        ):
            assert one.invoke({})["resourceModel"]["Name"] == "toy"
            assert other.invoke({})["resourceModel"]["Name"] == "tested"


class TestOtherPython:
    """The function can run on another version of Python than the sandbox, for example on Lambda's."""

    @pytest.fixture
    def other_python(self) -> Path:
        """Return an interpreter of another version; skip the test if the machine has none."""
        versions = {f"3.{minor}" for minor in (11, 12, 13)} - {f"3.{sys.version_info.minor}"}
        found = next(filter(None, map(interpreter, sorted(versions))), None)
        if found is None:
            pytest.skip(f"this machine has no Python of {sorted(versions)}")
        return found

    def test_answers_and_crashes(self, toy_package: Path, account: Account, other_python: Path) -> None:
        """Answers and crashes are the same as on the sandbox's own version."""
        with Function(toy_package, account, python=other_python) as function:
            environment = function.invoke({})["resourceModel"]["environment"]
            assert environment["AWS_EXECUTION_ENV"] != f"AWS_Lambda_python3.{sys.version_info.minor}"
            with pytest.raises(
                SandboxError, match=r"(?s)crashed: ModuleNotFoundError.*its log:.*Traceback.*in resource"
            ):
                function.invoke({"import": "toy_other"})
            assert function.invoke({})["status"] == "SUCCESS"

    def test_the_runtimes_python_runs_the_handler(self, toy_package: Path, account: Account) -> None:
        """Without another choice, the Python of the runtime in .rpdk-config runs the handler, as in Lambda."""
        if interpreter("3.12") is None:
            pytest.skip("this machine has no Python 3.12")
        with Function(toy_package, account) as function:
            environment = function.invoke({})["resourceModel"]["environment"]
            assert (environment["AWS_EXECUTION_ENV"], function.python_note) == ("AWS_Lambda_python3.12", "")

    def test_without_the_runtimes_python_it_is_said(
        self, toy_package: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the runtime's Python is missing, the sandbox's own runs the handler, and a sentence says so."""
        monkeypatch.setattr(bytecode, "interpreter", lambda _: None)
        monkeypatch.setattr(functions, "_version", lambda _: "3.99")
        function = Function(toy_package, account)
        assert function._choose_python() == "3.99"
        assert function.python_note == (
            "the handlers run on Python 3.99, and Lambda runs them on Python 3.12, which is not here: "
            "`uv python install 3.12` installs it"
        )

    def test_a_handler_that_does_not_load(self, tmp_path: Path, account: Account, other_python: Path) -> None:
        """A handler that can't be imported is reported; its error takes another path than an invocation's."""
        project = echo.write(tmp_path / "project", handlers="import toy_other\n")
        with (
            Function(package(project), account, python=other_python) as function,
            pytest.raises(SandboxError, match="No module named 'toy_other'"),
        ):
            function.invoke({})


class TestMachine:
    """A machine that can't run the function gets an error that says why."""

    def test_another_system_than_linux(
        self, toy_package: Path, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AWS's emulator is a Linux program, so another system is refused."""
        monkeypatch.setattr(sys, "platform", "darwin")
        with pytest.raises(SandboxError, match="needs Linux, and this is darwin"):
            Function(toy_package, account).__enter__()

    def test_no_emulator(
        self, toy_package: Path, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message about an emulator that can't be fetched says how to fetch it in advance."""
        monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        with pytest.raises(SandboxError, match=r"AWS's Lambda emulator can't be fetched: .*`cfn-sandbox setup`"):
            Function(toy_package, account).__enter__()

    def test_another_processor(self, toy_package: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no emulator for processors that Lambda doesn't have."""
        monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="riscv64"))
        with pytest.raises(SandboxError, match="runs on x86-64 and arm64 only, not on riscv64"):
            Function(toy_package, account).__enter__()

    def test_no_python(self, toy_package: Path, account: Account) -> None:
        """An interpreter that doesn't exist is an error that names it."""
        with pytest.raises(SandboxError, match="no Python at /nowhere/python"):
            Function(toy_package, account, python=Path("/nowhere/python")).__enter__()


def test_the_memory_of_the_handlers_is_told(function: Function) -> None:
    """The peak is that of the handler's process, not of the emulator or of what starts it."""
    function.invoke({})
    before = function.peak_memory
    assert 5 < before < 100
    function.invoke({"allocate": 120})
    assert before + 100 < function.peak_memory < before + 200
