"""What is compiled for another Python or processor than Lambda's fails before anything runs, by name."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cfn_sandbox.packaging import PackagerError, compiled
from cfn_sandbox.packaging.compiled import Target
from cfn_sandbox.packaging.package import package
from sandbox.tests.packaging import wheels
from sandbox.tests.packaging.wheels import ARM64, elf
from sandbox.tests.toys import echo

RECORD = "native-1.0.dist-info/RECORD"


def write(folder: Path, files: dict[str, bytes], settings: dict[str, object] | None = None) -> Path:
    """Write a package whose function has these files, and return its path."""
    inner = echo.build_zip(dict(files))
    path = folder / "type.zip"
    outer: dict[str, str | bytes] = {
        ".rpdk-config": json.dumps(settings or {"runtime": "python3.12"}),
        "ResourceProvider.zip": inner,
    }
    path.write_bytes(echo.build_zip(outer))
    return path


GOOD = {
    "no compiled module": {"a.py": b""},
    "Lambda's Python": {"a/b.cpython-312-x86_64-linux-gnu.so": elf()},
    "the stable ABI": {"a/b.abi3.so": elf()},
    "a library": {"a.libs/libb-1234.so.5.0.0": elf()},
    "Lambda's C library": {"a/b.abi3.so": elf() + b"\0GLIBC_2.34\0GLIBC_2.2.5\0"},
    "one of several Pythons": {
        "a/b.cpython-312-x86_64-linux-gnu.so": elf(),
        "a/b.cpython-311-x86_64-linux-gnu.so": elf(),
    },
}
BAD = {
    "another Python": ("a/b.cpython-311-x86_64-linux-gnu.so", elf(), "for Python 3.11 on x86_64"),
    "another processor": ("a/b.cpython-312-aarch64-linux-gnu.so", elf(ARM64), "for Python 3.12 on arm64"),
    "an untagged module": ("a/b.so", elf(ARM64), "for arm64"),
    "a library": ("a.libs/libb.so.5", elf(ARM64), "for arm64"),
    "musl": ("a/b.cpython-312-x86_64-linux-musl.so", elf(), "for Python 3.12 on Linux with musl"),
    "macOS": ("a/b.cpython-312-darwin.so", b"\xcf\xfa\xed\xfe", "for Python 3.12 on macOS"),
    "a newer C library": (
        "a/b.abi3.so",
        elf() + b"\0GLIBC_2.2.5\0GLIBC_2.38\0GLIBC_2.9\0",
        "for x86_64 with glibc 2.38, newer than Lambda's 2.34",
    ),
    "Windows": ("a/b.cp312-win_amd64.pyd", b"MZ", "for Windows"),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_lambda_imports_passes(case: str, tmp_path: Path) -> None:
    """A package without compiled modules passes, and one whose modules are for Lambda."""
    compiled.check(write(tmp_path, GOOD[case]))


@pytest.mark.parametrize("case", BAD)
def test_what_lambda_can_not_import_is_named(case: str, tmp_path: Path) -> None:
    """The message has the distribution, the file, what it is for, and the ways out."""
    name, content, reason = BAD[case]
    with pytest.raises(PackagerError) as caught:
        compiled.check(write(tmp_path, {name: content, RECORD: f"{name},,\n".encode()}))
    text = str(caught.value)
    assert f"its Python 3.12 on x86_64: native ({name}, {reason})." in text
    assert "Install cfn-sandbox with Python 3.12" in text
    assert "--python-version and --platform" in text
    assert "Docker" in text


def test_an_older_runtime_has_an_older_c_library(tmp_path: Path) -> None:
    """Python 3.11 and older run on Amazon Linux 2, with glibc 2.26."""
    files = {"acme/b.so": elf() + b"\0GLIBC_2.28\0"}
    with pytest.raises(
        PackagerError, match=r"newer than Lambda's 2\.26\)\. Install .* on Linux with glibc 2\.26 or older"
    ):
        compiled.check(write(tmp_path, files, {"runtime": "python3.11"}))


def test_without_record_the_folder_is_named(tmp_path: Path) -> None:
    """A file that belongs to no distribution has its top-level package's name."""
    with pytest.raises(PackagerError, match=r": acme \(acme/b\.so, for arm64\)"):
        compiled.check(write(tmp_path, {"acme/b.so": elf(ARM64)}))


def test_another_architecture_can_be_set(tmp_path: Path) -> None:
    """A package that is set to arm64 has modules for arm64 and no others."""
    settings: dict[str, object] = {"runtime": "python3.12", "settings": {"architecture": "arm64"}}
    compiled.check(write(tmp_path, {"a/b.so": elf(ARM64)}, settings))
    with pytest.raises(PackagerError, match=r"Python 3\.12 on arm64: a \(a/b\.so, for x86_64\)"):
        compiled.check(write(tmp_path, {"a/b.so": elf()}, settings))


def test_what_can_not_run_here_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package for Lambda with compiled modules needs Lambda's Python and processor here."""
    package_file = write(tmp_path, {"a/b.cpython-312-x86_64-linux-gnu.so": elf()})
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="x86_64"))
    compiled.check_runs(package_file, "3.12")
    with pytest.raises(PackagerError, match=r"can't run on Python 3\.11, because of a .*`uv python install 3\.12`"):
        compiled.check_runs(package_file, "3.11")
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="aarch64"))
    with pytest.raises(PackagerError, match="can't run on this machine, which is arm64, because of a "):
        compiled.check_runs(package_file, "3.12")
    compiled.check_runs(write(tmp_path, {"a.py": b""}), "3.11")


def test_the_target_is_that_of_the_settings() -> None:
    """The runtime in .rpdk-config names the Python and its C library; the processor is x86-64 unless it is set."""
    assert compiled.target_of({"runtime": "python3.9"}) == Target("3.9", "x86_64", 26)
    assert compiled.target_of({"runtime": "python3.12"}) == Target("3.12", "x86_64", 34)
    assert str(Target("3.12")) == "Python 3.12 on x86_64"


@pytest.mark.slow
def test_wheels_of_the_sandboxs_python_are_not_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin of cfn takes the wheels of the Python that it runs on; if that isn't Lambda's, packaging fails."""
    here = f"{sys.version_info.major}{sys.version_info.minor}"
    file = f"native/fast.cpython-{here}-x86_64-linux-gnu.so"
    tag = f"cp{here}-cp{here}-manylinux2014_x86_64"
    wheels.write(tmp_path / "wheels", "native", tag, {"native/__init__.py": b"", file: elf()})
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    project = echo.write(tmp_path / "project", requirements="native")
    if here == "312":
        package(project)
        return
    for _ in range(2):  # what failed once is in the cache, and fails again
        with pytest.raises(PackagerError, match=rf"native \({file}, for Python 3\.{here[1:]} on x86_64\)"):
            package(project)
