"""On macOS, Windows and a Python that is too new, a command works or says in a sentence what does."""

import signal
import sys
from pathlib import Path

import pytest

from cfn_sandbox import SandboxError, __main__
from cfn_sandbox.contract import command, lint
from sandbox.tests.toys import echo

SENTENCE = (
    "cfn-sandbox: AWS's Lambda emulator, which runs the handlers, needs Linux, and this is {}. In a Linux container "
    "everything works, for example in a devcontainer. Without one, `cfn-sandbox package` and `cfn-sandbox test --suite "
    "lint` work.\n"
)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
@pytest.mark.parametrize(
    "arguments", [["up"], ["up", "--detach"], ["down"], ["run", "--", "true"], ["test"], ["test", "--suite", "v2"]]
)
def test_what_runs_handlers_is_refused(
    arguments: list[str],
    platform: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is packaged, the message says what is needed and what works without it."""
    monkeypatch.chdir(echo.write(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    assert __main__.main(arguments) == 1
    beginning = "cfn-sandbox: loading AWS's contract suites\n" if arguments[0] == "test" else ""
    assert capsys.readouterr() == ("", beginning + SENTENCE.format(platform))
    assert not (tmp_path / ".cache").exists()


@pytest.mark.slow
def test_packaging_and_schema_rules_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`package` and `test --suite lint` need no emulator."""
    monkeypatch.chdir(echo.write(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert __main__.main(["package"]) == 0
    assert (tmp_path / "dist" / "toy-test-type.zip").is_file()
    command.run(tmp_path, ["lint"])
    assert "Linux" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["role"], ["models"], ["clean"]])
def test_a_windows_without_sighup_is_no_traceback(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Windows has no SIGHUP; the commands run all the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delattr(signal, "SIGHUP")
    monkeypatch.setattr(sys, "platform", "win32")
    __main__.main(arguments)
    assert capsys.readouterr().err.startswith("cfn-sandbox: ")


def test_a_python_that_is_too_new_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says which Pythons there are."""
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    assert __main__.main(["clean"]) == 1
    assert capsys.readouterr().err == (
        "cfn-sandbox: cfn-sandbox runs on Python 3.11 to 3.13, and this is 3.14: install it with an older one\n"
    )


def test_without_an_engine_the_other_suites_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where AWS's schema rules have no engine (Python 3.13), `test` leaves them out and says so; by name they fail."""

    def check() -> None:
        raise lint.NoEngineError("no engine.")

    monkeypatch.setattr(lint, "check", check)
    assert command._default_suites() == ["v2", "v1"]
    assert capsys.readouterr().err == "cfn-sandbox: no engine. The other suites run.\n"
    with pytest.raises(SandboxError, match=r"no resource type|no engine"):
        command.run(Path("nowhere"), ["lint"])
