"""A staged project is complete, reproducible and like the original except for its name; a refusal changes nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cfn_sandbox import settings
from cfn_sandbox.packaging import role, sources
from tools.publishing.__main__ import main
from tools.publishing.errors import PublishingError
from tools.publishing.names import TypeName
from tools.publishing.staging import stage

ROOT = Path(__file__).parents[3]
ACME = TypeName("Acme::SageMaker::ModelQualityJobDefinition")
SCHEMA = "acme-sagemaker-modelqualityjobdefinition.json"
OLD_SPELLINGS = (
    "AWS::SageMaker::ModelQualityJobDefinition",
    "aws_sagemaker_modelqualityjobdefinition",
    "AWS-SageMaker-ModelQualityJobDefinition",
    "aws-sagemaker-modelqualityjobdefinition",
)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def schema_of(folder: Path) -> dict[str, Any]:
    """Return the staged project's schema."""
    schema: dict[str, Any] = json.loads((folder / SCHEMA).read_text())
    return schema


def cfn(folder: Path, *arguments: str) -> list[str]:
    """Run the real cfn in a folder and return the lines it prints."""
    command = [str(Path(sys.executable).with_name("cfn")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()


def test_every_file_of_the_project_is_there(staged: Path) -> None:
    """Everything that cfn and sam read is staged, and nothing else: no tests, sandbox or tools."""
    source = ROOT / "src" / "aws_sagemaker_modelqualityjobdefinition"
    expected = {SCHEMA, ".rpdk-config", "requirements.txt", "resource-role.yaml"}
    expected |= {name for name in ("LICENSE", "template.yml", "overrides.json") if (ROOT / name).exists()}
    expected.add("examples/contract-tests.yaml")  # the template that creates what inputs/ name
    for folder in ("docs", "inputs", "sam-tests"):
        expected |= {str(path.relative_to(ROOT)) for path in sources.Files(ROOT).shipped(folder)}
    expected |= {
        f"src/{ACME.package}/{path.relative_to(source)}"
        for path in sources.Files(ROOT).shipped(str(source.relative_to(ROOT)))
    }
    assert set(contents(staged)) == expected


def test_the_original_name_is_nowhere(staged: Path) -> None:
    """No file or file name has the old name: TYPE_NAME, entry points, events, role and docs have the new one."""
    for path, content in contents(staged).items():
        for spelling in OLD_SPELLINGS:
            assert spelling not in path
            assert spelling.encode() not in content, path


def test_settings_name_the_staged_type(staged: Path) -> None:
    """.rpdk-config differs from the original's only in the type's name and the entry points."""
    settings = json.loads((staged / ".rpdk-config").read_text())
    original = json.loads((ROOT / ".rpdk-config").read_text())
    changed = {
        "typeName": "Acme::SageMaker::ModelQualityJobDefinition",
        "entrypoint": "acme_sagemaker_modelqualityjobdefinition.handlers.resource",
        "testEntrypoint": "acme_sagemaker_modelqualityjobdefinition.handlers.test_entrypoint",
    }
    assert settings == original | changed


def test_the_schema_is_the_originals_under_the_new_name(staged: Path) -> None:
    """By default only the schema's typeName changes."""
    original = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    assert schema_of(staged) == original | {"typeName": ACME.value}


def test_the_handlers_answer_to_the_new_name(staged: Path) -> None:
    """The renamed package imports without the original and reports the new type name."""
    code = (
        "import acme_sagemaker_modelqualityjobdefinition as package, sys;"
        "from acme_sagemaker_modelqualityjobdefinition import handlers;"
        "print(package.TYPE_NAME, handlers.resource.type_name, callable(handlers.test_entrypoint),"
        " [name for name in sys.modules if name.startswith('aws_sagemaker')])"
    )
    answer = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=staged / "src", capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"{ACME.value} {ACME.value} True []\n"


def test_cfn_finds_nothing_to_warn_of_and_nothing_to_generate(staged: Path, tmp_path: Path) -> None:
    """`cfn validate` reports no warning, and `cfn generate` changes no staged file."""
    copy = tmp_path / "copy"
    shutil.copytree(staged, copy)
    assert cfn(copy, "validate") == ["Resource schema is valid."]
    assert cfn(copy, "generate") == ["Resource schema is valid.", f"Generated files for {ACME.value}"]
    role.narrow(copy / role.FILE, settings.read(ROOT).role)  # cfn writes the wide role
    (copy / "rpdk.log").unlink()
    assert contents(copy) == contents(staged)


def test_the_role_is_that_of_the_new_name(staged: Path) -> None:
    """The role can be assumed for the staged type only, with the original's permissions."""
    original = (ROOT / "resource-role.yaml").read_text()
    expected = original.replace("AWS-SageMaker-ModelQualityJobDefinition", "Acme-SageMaker-ModelQualityJobDefinition")
    assert expected != original
    assert (staged / "resource-role.yaml").read_text() == expected


def test_staging_twice_gives_the_same_bytes(staged: Path, tmp_path: Path) -> None:
    """Two stagings give the same bytes, whatever the time, place and process."""
    stage(ROOT, ACME, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(staged)


def test_staging_under_the_same_name_gives_the_project_itself(tmp_path: Path) -> None:
    """Staging under the original name copies each file unchanged."""
    stage(ROOT, TypeName("AWS::SageMaker::ModelQualityJobDefinition"), tmp_path / "copy")
    for path, content in contents(tmp_path / "copy").items():
        assert content == (ROOT / path).read_bytes(), path


def test_a_staged_project_can_be_staged(staged: Path, toy: Path, tmp_path: Path) -> None:
    """Staging works for any Python type, for example a staged one or a toy."""
    back = TypeName("AWS::SageMaker::ModelQualityJobDefinition")
    stage(staged, back, tmp_path / "back")
    schema = (tmp_path / "back" / "aws-sagemaker-modelqualityjobdefinition.json").read_bytes()
    assert schema == (ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_bytes()
    stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "deep" / "er" / "toy")
    handlers = (tmp_path / "deep" / "er" / "toy" / "src" / "acme_play_thing" / "handlers.py").read_text()
    assert handlers == (
        '"""Handlers of Acme::Play::Thing."""\n\n'
        'TYPE_NAME = "Acme::Play::Thing"\n'
        'LOG_GROUP = "acme-play-thing-logs"\n'
        'ARN = "arn:aws:cloudformation:eu-west-1:123456789012:type/resource/Acme-Play-Thing/00000001"\n'
        'MODULE = "acme_play_thing.handlers"\n'
        'NOT_OURS = ("Initech::Toy::Things", "an_initech_toy_thing", "initech_toy_thing_2")\n'
    )


def test_an_address_keeps_the_old_name(toy: Path, tmp_path: Path) -> None:
    """A URL keeps the old name, so that a link to the original's repository still works."""
    stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "out")
    schema = json.loads((tmp_path / "out" / "acme-play-thing.json").read_text())
    assert schema["description"] == ("A toy. See https://example.com/initech-toy-thing for what Acme::Play::Thing is.")


class TestTagUpdatesInPlace:
    """With --tag-updates in-place, a change of tags no longer requires replacement."""

    def test_the_schema_says_so(self, staged: Path, staged_in_place: Path) -> None:
        """Tags leave createOnlyProperties, tagUpdatable becomes true, two descriptions change, and nothing else."""
        expected = schema_of(staged)
        expected["createOnlyProperties"].remove("/properties/Tags")
        expected["tagging"]["tagUpdatable"] = True
        changed = schema_of(staged_in_place)
        expected["description"] = changed["description"]
        expected["properties"]["Tags"]["description"] = changed["properties"]["Tags"]["description"]
        assert changed == expected

    def test_descriptions_stay_true(self, staged_in_place: Path) -> None:
        """No description says that a change of Tags requires replacement."""
        schema = schema_of(staged_in_place)
        assert "any property except EndpointName and Tags requires replacement." in schema["description"]
        assert schema["properties"]["Tags"]["description"].endswith("Changing tags updates the definition in place.")
        text = json.dumps(schema)
        assert text.count("any property except") == 1
        assert "except EndpointName requires" not in text

    def test_the_documentation_says_so(self, staged: Path, staged_in_place: Path) -> None:
        """The generated page has one more property that updates with no interruption."""
        before, after = ((folder / "docs" / "README.md").read_text() for folder in (staged, staged_in_place))
        assert after.count("#update-no-interrupt") == before.count("#update-no-interrupt") + 1
        tags = after.partition("#### Tags")[2]
        assert "_Update requires_: [No interruption]" in tags
        assert "#update-replacement" not in tags

    def test_the_update_handler_may_do_what_tagging_needs(self, staged_in_place: Path) -> None:
        """The update handler already has the tag permissions, because the original updates stack tags in place."""
        schema = schema_of(staged_in_place)
        assert set(schema["tagging"]["permissions"]) <= set(schema["handlers"]["update"]["permissions"])
        template = yaml.safe_load((staged_in_place / "resource-role.yaml").read_text())
        policy = template["Resources"]["ExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        assert set(schema["tagging"]["permissions"]) <= set(policy["Statement"][0]["Action"])

    def test_cfn_finds_nothing_to_warn_of(self, staged_in_place: Path, tmp_path: Path) -> None:
        """`cfn validate` accepts the changed schema without a warning."""
        shutil.copytree(staged_in_place, tmp_path / "copy")
        assert cfn(tmp_path / "copy", "validate") == ["Resource schema is valid."]

    def test_a_type_whose_tags_replace_nothing_is_refused(self, toy: Path, tmp_path: Path) -> None:
        """Where Tags are not createOnly, the option has no effect and is refused."""
        with pytest.raises(PublishingError, match="Tags are not createOnly in this schema"):
            stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "out", "in-place")
        assert not (tmp_path / "out").exists()

    def test_a_type_that_may_not_update_tags_is_refused(self, toy: Path, tmp_path: Path) -> None:
        """A schema must not promise tag updates that its update handler has no permission for."""
        schema = json.loads((toy / "initech-toy-thing.json").read_text())
        schema["properties"]["Tags"] = {"type": "string", "description": "Tags."}
        schema["createOnlyProperties"].append("/properties/Tags")
        schema["tagging"] = {"taggable": True, "tagUpdatable": False, "permissions": ["toy:Tag", "toy:Untag"]}
        schema["handlers"]["update"] = {"permissions": ["toy:Tag"]}
        (toy / "initech-toy-thing.json").write_text(json.dumps(schema))
        with pytest.raises(PublishingError, match="the update handler has no toy:Untag"):
            stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "out", "in-place")
        assert not (tmp_path / "out").exists()


class TestRefusals:
    """A refusal prints one line on standard error, exits with 2 and changes nothing."""

    @pytest.fixture(autouse=True)
    def _unchanged(self, toy: Path, tmp_path: Path) -> Iterator[None]:
        """Check that the test's command changes nothing in or around the project."""
        self.toy = toy
        self.out = tmp_path / "out"
        self.before = contents(tmp_path)
        yield
        assert contents(tmp_path) == self.before
        assert not list(tmp_path.rglob(".staging-*"))

    def refusal(self, capsys: pytest.CaptureFixture[str], *arguments: str, out: Path | None = None) -> str:
        """Run the command and return its one line of output."""
        out = out or self.out
        assert main(["stage", "--project", str(self.toy), "--out", str(out), *arguments]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: ")
        assert captured.err.count("\n") == 1
        return captured.err

    def test_a_reserved_namespace(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A reserved namespace is refused."""
        assert "Nobody but AWS can register AWS::Toy::Thing" in self.refusal(capsys, "--type-name", "AWS::Toy::Thing")
        assert not self.out.exists()

    def test_a_malformed_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A malformed name is refused."""
        assert "'Thing' is not a type name" in self.refusal(capsys, "--type-name", "Thing")
        assert not self.out.exists()

    def test_no_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A missing name is refused."""
        assert "needs a name of your own" in self.refusal(capsys)
        assert not self.out.exists()

    def test_a_folder_that_is_not_empty(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder with files in it is refused, so that they are never mixed with staged ones."""
        folder = self.toy / "inputs"
        assert "is not empty" in self.refusal(capsys, "--type-name", "Acme::Play::Thing", out=folder)

    def test_a_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A file in place of the folder is refused, not overwritten."""
        file = self.toy / "requirements.txt"
        assert "is a file: name a folder" in self.refusal(capsys, "--type-name", "Acme::Play::Thing", out=file)

    def test_a_folder_inside_the_projects_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder inside the project is refused, because it would become part of the original."""
        folder = self.toy / "src" / "staged"
        assert "is inside src" in self.refusal(capsys, "--type-name", "Acme::Play::Thing", out=folder)
        assert not folder.exists()

    def test_no_project(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder without cfn's settings is refused."""
        self.toy = self.toy / "inputs"
        assert "is not a cfn project" in self.refusal(capsys, "--type-name", "Acme::Play::Thing")

    def test_an_incomplete_project(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An incomplete project is refused with the names of all missing files."""
        self._remove("requirements.txt")
        self._remove("initech-toy-thing.json")
        message = self.refusal(capsys, "--type-name", "Acme::Play::Thing")
        assert "it has no requirements.txt, initech-toy-thing.json." in message
        assert not self.out.exists()

    def test_settings_that_are_not_cfns(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A broken .rpdk-config is refused by its name."""
        self._write(".rpdk-config", "{}")
        assert ".rpdk-config is not cfn's: KeyError('typeName')" in self.refusal(
            capsys, "--type-name", "Acme::Play::Thing"
        )

    def test_a_failure_in_the_middle(self, capsys: pytest.CaptureFixture[str]) -> None:
        """If cfn refuses the schema after everything was copied, no folder is left, nor the new parents."""
        self._write("initech-toy-thing.json", '{"typeName": "Initech::Toy::Thing", "properties": {"A": {}}}')
        message = self.refusal(capsys, "--type-name", "Acme::Play::Thing", out=self.out / "deep" / "er")
        assert message == (
            "error: cfn generate failed. Resource schema is invalid: 'description' is a required property\n"
        )
        assert not self.out.exists()

    def test_an_empty_folder_stays_when_staging_fails(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty target folder is still empty after a failure."""
        self.out.mkdir()
        self._write("initech-toy-thing.json", "no JSON")
        assert "cfn generate failed" in self.refusal(capsys, "--type-name", "Acme::Play::Thing")
        assert list(self.out.iterdir()) == []

    def _write(self, name: str, content: str) -> None:
        (self.toy / name).write_text(content)
        self.before[f"toy/{name}"] = content.encode()

    def _remove(self, name: str) -> None:
        (self.toy / name).unlink()
        del self.before[f"toy/{name}"]


def test_an_empty_folder_is_staged_into(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command stages into an empty folder and prints its path."""
    (tmp_path / "out").mkdir()
    arguments = ["stage", "--project", str(toy), "--type-name", "Acme::Play::Thing", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"Staged Acme::Play::Thing in {tmp_path / 'out'}\n"
    assert (tmp_path / "out" / "acme-play-thing.json").is_file()
