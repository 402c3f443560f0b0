"""An author's journey: from `cfn init` with seven planted defects to all green, by what each run says."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import SUITES, command
from cfn_sandbox.packaging import cfn
from cfn_sandbox.packaging.package import package
from sandbox.tests.test_readme import README, block

pytestmark = pytest.mark.slow

PAGE = 42
"""Lines of a terminal that a run's output may take."""

UNUSED = re.compile(r"(botocore|boto3)/data/(?!(ssm|sts)/)\w[\w-]*/")

HANDLERS = "src/acme_notes_note/handlers.py"
CREATE = "inputs/inputs_1_create.json"
SCHEMA = "acme-notes-note.json"

DEFECTS = {  # the file, the right text and the wrong one, the output that names it, and what the author runs
    "the schema names a tag property that it doesn't have": (
        SCHEMA,
        ('"tagProperty": "/properties/Tags"', '"tagProperty": "/properties/Tag"'),
        "#/tagging/tagProperty: the schema has no property /properties/Tag",
        "",
    ),
    "an input is no JSON": (
        CREATE,
        ('"shop"}]}', '"shop"}],}'),
        "inputs_1_create.json is not JSON: Expecting property name enclosed in double quotes: line 1",
        "",
    ),
    "a module is not in requirements.txt": (
        HANDLERS,
        ("from .models", "import missing_module\n\nfrom .models"),
        "the handler doesn't load: .*No module named 'missing_module'",
        "",
    ),
    "CREATE has a typo": (
        HANDLERS,
        ('Value=note.Text, Type="String", Tags', 'Value=note.Txt, Type="String", Tags'),
        r'File "src/{place}',
        "test_create",
    ),
    "DELETE reads a key that is not there": (
        HANDLERS,
        ("ssm.delete_parameter(Name=name)", 'ssm.delete_parameter(Name=name)["Name"]'),
        r'File "src/{place}',
        "test_create_delete or test_create_read",
    ),
    "READ forgets the tags": (
        HANDLERS,
        ("Tags=[Tag(**tag) for tag in tags])", "Tags=tags and None)"),
        "READ is not what was asked for: Tags is missing",
        "test_read_input",
    ),
    "UPDATE creates what is missing": (
        HANDLERS,
        ("    before = found(ssm, note.Name)\n", "    before = note\n"),
        "UPDATE was to fail with NotFound",
        "test_delete_update",
    ),
}


def write(project: Path) -> None:
    """Write the README's example, which has no defect, over what `cfn init` wrote; the inputs are not there yet."""
    (project / SCHEMA).write_text(block("`acme-notes-note.json`:", "json"))
    (project / HANDLERS).write_text(block("`src/acme_notes_note/handlers.py`:", "python"))
    cfn.run(["generate"], project)


def replace(project: Path, name: str, old: str, new: str) -> None:
    """Replace a text that a file has once."""
    text = (project / name).read_text()
    assert text.count(old) == 1, (name, old)
    (project / name).write_text(text.replace(old, new))


def repackaging(first: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Return a function that packages a project with cfn once, and afterwards only puts the changed handlers in.

    The plugin takes ten seconds to install the requirements, which don't change. The models of services that the
    handlers don't call are left out, because they take two seconds to unpack.
    """
    built: list[Path] = []

    def repackage(project: Path) -> Path:
        if not built:
            built.append(first(project))
            return built[0]
        changed = built[0].with_name("changed.zip")
        with zipfile.ZipFile(built[0]) as outer, zipfile.ZipFile(changed, "w") as other:
            for name in outer.namelist():
                if name != "ResourceProvider.zip":
                    other.writestr(name, outer.read(name))
            with (
                outer.open("ResourceProvider.zip") as content,
                zipfile.ZipFile(content) as function,
                other.open("ResourceProvider.zip", "w") as target,
                zipfile.ZipFile(target, "w") as provider,
            ):
                for name in (name for name in function.namelist() if not UNUSED.match(name)):
                    own = project / "src" / name
                    provider.writestr(name, own.read_bytes() if own.is_file() else function.read(name))
        return changed

    return repackage


def run(project: Path, suites: tuple[str, ...], capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the suites as `cfn-sandbox test` does, and return the exit code and what the terminal shows."""
    try:
        code = command.main(project, suites, None, None, None, arguments, command.Around())
    except SandboxError as error:
        sys.stderr.write(f"cfn-sandbox: {error}\n")  # as the command line does
        code = 1
    shown = capsys.readouterr()
    return code, f"{shown.err}{shown.out}"


def height(output: str) -> int:
    """Return how many lines of a terminal with 100 columns a text takes."""
    return sum(1 + len(line) // 100 for line in output.splitlines())


def test_each_run_names_the_next_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run says on one page where the next defect is, and after the seventh is repaired all suites are green."""
    if sys.version_info[:2] != (3, 12):  # the official plugin takes wheels for this Python, and none for every Python
        for name, value in (("PYTHON_VERSION", "3.12"), ("PLATFORM", "any"), ("ONLY_BINARY", ":all:")):
            monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setattr(command, "package", repackaging(package))
    project = tmp_path / "project"
    project.mkdir()
    cfn.run(
        ["init", "--artifact-type", "RESOURCE", "--type-name", "Acme::Notes::Note", "python312", "--no-docker"], project
    )
    _, output = run(project, SUITES, capsys)
    assert re.search(r"no inputs in \S+/inputs: copy \S+/example_inputs, which `cfn init` made, there", output)

    write(project)
    create, update = re.findall(
        r"```json\n(.*?)```", README.partition("`inputs/inputs_1_create.json`, and")[2], re.DOTALL
    )
    (project / "inputs").mkdir()
    (project / CREATE).write_text(create)
    (project / "inputs/inputs_1_update.json").write_text(update)
    for file, (right, wrong), *_ in DEFECTS.values():
        replace(project, file, right, wrong)

    for name, (file, (right, wrong), sentence, selection) in DEFECTS.items():
        before = (project / file).read_text().partition(wrong)[0]
        place = f'acme_notes_note/handlers.py", line {before.count(chr(10)) + 1}'
        code, output = run(project, ("v2",), capsys, "-k", selection)
        assert code == 1, name
        assert re.search(sentence.format(place=re.escape(place)), output, re.DOTALL), f"{name}:\n{output}"
        assert height(output) <= PAGE, output
        replace(project, file, wrong, right)

    code, output = run(project, SUITES, capsys)
    assert code == 0, output
    assert height(output) <= PAGE, output
    passed = [line.split()[:3] for line in output.splitlines() if line.split()[:1] in (["lint"], ["v2"], ["v1"])]
    assert passed == [["lint", "15", "0"], ["v2", "31", "0"], ["v1", "15", "0"]]
    assert "AWS's rules warn" not in output
    assert json.loads((project / ".rpdk-config").read_text())["language"] == "python312"
