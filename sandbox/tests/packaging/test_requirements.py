"""What requirements.txt names in the project is copied for pip, as cfn, which runs in the project, has it."""

import io
import zipfile
from pathlib import Path

import pytest

from cfn_sandbox.packaging import PackagerError
from cfn_sandbox.packaging.package import package
from cfn_sandbox.packaging.requirements import local_paths
from sandbox.tests.packaging import wheels
from sandbox.tests.toys import echo


def write(folder: Path, text: str, *files: str) -> Path:
    """Write a project with these requirements and empty files, and return its folder."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "requirements.txt").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("requests>=2\nboto3[crt]==1.40 ; python_version < '3.13'\n# ./a.whl\n-i https://example.com/simple", []),
        ("--index-url https://example.com/simple\npkg @ https://example.com/a.whl\ngit+https://example.com/a", []),
        ("./vendor/a.whl", ["vendor/a.whl"]),
        ("vendor/a.whl ; python_version > '3'  # ours", ["vendor/a.whl"]),
        ("./vendor/a.whl \\\n  --hash=sha256:00", ["vendor/a.whl"]),
        ("a @ file:vendor/a.whl", ["vendor/a.whl"]),
        ("./vendor[extra]", ["vendor"]),
        ("-e ./vendor", ["vendor"]),
        ("--find-links=vendor\na", ["vendor"]),
        ("-f vendor\na", ["vendor"]),
        ("-r more/base.in\n-c more/limits.in", ["more/base.in", "vendor/b.whl", "more/limits.in"]),
        (".", ["pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README.md", "src"]),
    ],
)
def test_local_paths(text: str, found: list[str], tmp_path: Path) -> None:
    """Paths of requirements and options are found, also in included files; names, URLs and comments are not paths."""
    project = write(tmp_path, text, "vendor/a.whl", "vendor/b.whl", "more/limits.in")
    (project / "more" / "base.in").write_text("vendor/b.whl\n-c limits.in\n")
    assert local_paths(project) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("../a.whl", r"requirements\.txt names \.\./a\.whl, which is outside the project: put a copy into"),
        ("./vendor/c.whl", r"requirements\.txt names \./vendor/c\.whl, and there is no such file in the project"),
    ],
)
def test_what_is_not_in_the_project_is_a_sentence(text: str, message: str, tmp_path: Path) -> None:
    """A path outside the project or a missing file is named before pip runs."""
    with pytest.raises(PackagerError, match=message):
        local_paths(write(tmp_path / "project", text, "vendor/a.whl"))


@pytest.mark.slow
def test_a_vendored_wheel_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel in the project is installed, and another wheel of that name is another package."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    project = echo.write(tmp_path / "project", requirements="./vendor/ours-1.0-py3-none-any.whl")
    wheels.write(project / "vendor", "ours", "py3-none-any", {"ours.py": b"VALUE = 1"})
    before = package(project)
    with zipfile.ZipFile(before) as outer:
        function = zipfile.ZipFile(io.BytesIO(outer.read("ResourceProvider.zip")))
        assert function.read("ours.py") == b"VALUE = 1"
    wheels.write(project / "vendor", "ours", "py3-none-any", {"ours.py": b"VALUE = 2"})
    assert package(project) != before
