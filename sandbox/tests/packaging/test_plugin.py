"""python312-small builds for Lambda whatever Python runs it, and takes away only what is proven unused."""

import hashlib
import io
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cfn_sandbox.packaging import PackagerError, bytecode, unused, uv
from cfn_sandbox.packaging.package import package
from sandbox.tests.packaging import wheels
from sandbox.tests.toys import echo

LAMBDA = "native/fast.cpython-312-x86_64-linux-gnu.so"
BACKEND = """
import pathlib, zipfile

def build_wheel(folder, *_):
    name = "pure-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("pure.py", "VALUE = 1")
        wheel.writestr("pure-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: pure\\nVersion: 1.0\\n")
        wheel.writestr("pure-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("pure-1.0.dist-info/RECORD", "")
    return name
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which pip finds distributions."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


def function_of(package_file: Path) -> bytes:
    """Return the zip of a package's function. The zip around it has the times of the files that cfn read."""
    with zipfile.ZipFile(package_file) as outer:
        return outer.read("ResourceProvider.zip")


def names(package_file: Path) -> set[str]:
    """Return the files of a package's function."""
    with zipfile.ZipFile(io.BytesIO(function_of(package_file))) as function:
        return {name for name in function.namelist() if "__pycache__" not in name}


def small(project: Path) -> set[str]:
    """Package a project with the small plugin, and return the files of its function."""
    return names(package(project, language="python312-small"))


@pytest.mark.slow
def test_wheels_are_those_of_lambda(index: Path, tmp_path: Path) -> None:
    """Of wheels for several Pythons and processors, the one for Lambda ships."""
    for python, machine in (("311", "x86_64"), ("312", "x86_64"), ("312", "aarch64")):
        file = f"native/fast.cpython-{python}-{machine}-linux-gnu.so"
        tag = f"cp{python}-cp{python}-manylinux_2_17_{machine}"
        wheels.write(index, "native", tag, {"native/__init__.py": b"", file: wheels.elf()})
    assert {name for name in small(echo.write(tmp_path / "project", requirements="native")) if ".so" in name} == {
        LAMBDA
    }


@pytest.mark.slow
def test_a_distribution_without_a_wheel_for_lambda_fails(index: Path, tmp_path: Path) -> None:
    """A wheel for another Python is not taken: pip's message names the distribution."""
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    wheels.write(index, "native", tag, {"native/fast.cpython-311-x86_64-linux-gnu.so": wheels.elf()})
    with pytest.raises(PackagerError, match=r"pip could not install requirements\.txt: .*No matching .* native"):
        small(echo.write(tmp_path / "project", requirements="native"))


def write_source(index: Path) -> Path:
    """Write a source distribution of pure Python, which has no wheel, and return it."""
    file = index / "pure-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in (
            ("pyproject.toml", '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'),
            ("backend.py", BACKEND),
            ("PKG-INFO", "Metadata-Version: 2.1\nName: pure\nVersion: 1.0\n"),
        ):
            entry = tarfile.TarInfo(f"pure-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return file


def hashed(name: str, file: Path) -> str:
    """Return the requirement of a file's distribution, version 1.0, with its hash as `pip-compile` writes it."""
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.mark.slow
@pytest.mark.parametrize("with_hashes", [False, True])
def test_a_pure_source_distribution_is_built(index: Path, tmp_path: Path, *, with_hashes: bool) -> None:
    """A distribution that has no wheel, and nothing to compile, ships; its hash is that of the source."""
    source = write_source(index)
    native = wheels.write(index, "native", "cp312-cp312-manylinux_2_17_x86_64", {LAMBDA: wheels.elf()})
    text = hashed("native", native) + hashed("pure", source) if with_hashes else "native\npure"
    assert {"pure.py", LAMBDA} <= small(echo.write(tmp_path / "project", requirements=text))


@pytest.mark.slow
def test_a_wrong_hash_fails(index: Path, tmp_path: Path) -> None:
    """A distribution that is another than the one that was locked doesn't ship, whoever installs it."""
    wheel = wheels.write(index, "native", "py3-none-any", {"native/__init__.py": b""})
    text = hashed("native", wheel)
    wheels.write(index, "native", "py3-none-any", {"native/__init__.py": b"import os"})
    with pytest.raises(PackagerError, match=r"pip could not install requirements\.txt: .*DO NOT MATCH THE HASHES"):
        small(echo.write(tmp_path / "project", requirements=text))


@pytest.mark.slow
def test_uv_and_pip_make_the_same_package(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where uv is there it installs, unless it lacks one of pip's settings; the bytes are the same."""
    files = {"bin/tool": b"#!/bin/sh\n", "native/__init__.py": b"", LAMBDA: wheels.elf()}
    native = wheels.write(index, "native", "cp312-cp312-manylinux_2_17_x86_64", files)
    project = echo.write(tmp_path / "project", requirements=hashed("native", native))
    (project / "pyproject.toml").write_text('[tool.cfn-sandbox]\nlanguage = "python312-small"\n')
    by_uv = package(project)
    monkeypatch.setenv("PIP_UPGRADE_STRATEGY", "eager")
    by_pip = package(project)
    assert by_uv != by_pip  # it was packaged twice
    assert function_of(by_uv) == function_of(by_pip)


def test_uv_takes_the_wheels_of_lambda(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip would take is installed, and nothing is left after a failure: then pip says why."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    if shutil.which("uv") is None:
        pytest.skip("there is no uv in this environment")
    for python in ("311", "312"):
        file = f"native/fast.cpython-{python}-x86_64-linux-gnu.so"
        wheels.write(index, "native", f"cp{python}-cp{python}-manylinux_2_17_x86_64", {file: wheels.elf()})
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("native")
    assert uv.install(tmp_path / "build", requirements, None, "3.12", "x86_64", 34)
    assert [path.name for path in (tmp_path / "build" / "native").iterdir()] == [Path(LAMBDA).name]
    requirements.write_text("native\nmissing")
    assert not uv.install(tmp_path / "other", requirements, None, "3.12", "x86_64", 34)
    assert not (tmp_path / "other").exists()


SETTINGS = """
[global]
index-url = https://one.example/simple
timeout = 60
[install]
extra_index_url = https://two.example/simple
    https://three.example/simple
[download]
no-deps = true
"""


def test_uv_gets_pip_s_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes, folders and certificates are passed on, and variables go before files; what uv lacks stops it."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(SETTINGS)
    monkeypatch.setattr(uv, "_files", lambda _: [tmp_path / "pip.conf"])
    monkeypatch.setenv("PIP_INDEX_URL", "https://four.example/simple")
    monkeypatch.setenv("PIP_CERT", "/ca.pem")
    assert uv.options() == (
        [
            *("--default-index", "https://four.example/simple"),
            *("--index", "https://two.example/simple", "--index", "https://three.example/simple"),
        ],
        {"SSL_CERT_FILE": "/ca.pem"},
    )
    monkeypatch.setenv("PIP_UPGRADE_STRATEGY", "eager")
    assert uv.options() is None


@pytest.mark.slow
def test_a_package_that_can_not_be_imported_is_not_built(index: Path, tmp_path: Path) -> None:
    """The handlers' module is imported once in a clean process of Lambda's Python; a failure has its place."""
    assert index.is_dir()
    if bytecode.interpreter("3.12") is None:
        pytest.skip("this machine has no Python 3.12")
    project = echo.write(tmp_path / "project", handlers="import toy_missing\n")
    with pytest.raises(
        PackagerError,
        match=r"Python 3\.12 can't import toy_test_type\.handlers from the package: "
        r"src/toy_test_type/handlers\.py, line 1: ModuleNotFoundError: No module named 'toy_missing'; add ",
    ):
        small(project)


def build(folder: Path, files: dict[str, str]) -> Path:
    """Write a build's files below a folder, and return it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


SETUPTOOLS = {
    "setuptools/__init__.py": "import pkg_resources",
    "setuptools-80.0.dist-info/METADATA": "",
    "_distutils_hack/__init__.py": "",
    "distutils-precedence.pth": "",
}


@pytest.mark.parametrize(
    ("code", "dropped"),
    [
        ("import json", {*[name.partition("/")[0] for name in SETUPTOOLS], "pkg_resources"}),
        ("import pkg_resources", set()),
        ("__import__('pkg_resources')", set()),
        ("def f():\n    from setuptools import setup", {"pkg_resources"}),
    ],
)
def test_setuptools_goes_if_nothing_uses_it(code: str, dropped: set[str], tmp_path: Path) -> None:
    """pkg_resources stays if a module names it, with setuptools, which it needs; setuptools if one imports it."""
    root = build(tmp_path, {**SETUPTOOLS, "pkg_resources/__init__.py": "", "library/__init__.py": code})
    assert {path.name for path in unused.files(root)} == dropped


def test_commands_that_pip_wrote_go(tmp_path: Path) -> None:
    """A command that starts a Python of this machine can't run in Lambda; everything else in bin/ stays."""
    pip = {"bin/jp": "#!/opt/venv/bin/python3.12\nimport jmespath", "bin/long": "#!/bin/sh\n'''exec' /opt/python"}
    own = {"bin/tool": "#!/bin/sh\necho", "bin/a.py": "#!/usr/bin/env python3\n", "bin/data": "\x7fELF"}
    assert [path.name for path in unused.files(build(tmp_path / "pip", pip))] == ["bin"]
    mixed = build(tmp_path / "mixed", {**pip, **own})
    assert sorted(path.name for path in unused.files(mixed)) == ["jp", "long"]


@pytest.mark.slow
def test_a_project_can_drop_more(index: Path, tmp_path: Path) -> None:
    """What the project's settings list is left out without a proof."""
    wheels.write(index, "native", "py3-none-any", {"bin/tool": b"#!/bin/sh\n", "native/__init__.py": b""})
    project = echo.write(tmp_path / "project", requirements="native")
    assert "bin/tool" in small(project)
    (project / "pyproject.toml").write_text('[tool.cfn-sandbox]\ndrop = ["bin"]\n')
    assert "bin/tool" not in small(project)
