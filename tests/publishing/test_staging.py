"""A staged project: complete, true to the original, repeatable; and every refusal leaves things as they were."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from packager import role, sources
from publishing.__main__ import main
from publishing.errors import PublishingError
from publishing.names import TypeName
from publishing.staging import stage

ROOT = Path(__file__).parents[2]
ACME = TypeName("Acme::SageMaker::ModelQualityJobDefinition")
SCHEMA = "acme-sagemaker-modelqualityjobdefinition.json"
OLD_SPELLINGS = (
    "AWS::SageMaker::ModelQualityJobDefinition",
    "aws_sagemaker_modelqualityjobdefinition",
    "AWS-SageMaker-ModelQualityJobDefinition",
    "aws-sagemaker-modelqualityjobdefinition",
)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def schema_of(folder: Path) -> dict[str, Any]:
    """The staged project's schema."""
    schema: dict[str, Any] = json.loads((folder / SCHEMA).read_text())
    return schema


def cfn(folder: Path, *arguments: str) -> list[str]:
    """Run the real cfn in a folder, and give the lines that it prints."""
    command = [str(Path(sys.executable).with_name("cfn")), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()


def test_every_file_of_the_project_is_there(staged: Path) -> None:
    """Whatever cfn and sam read is staged, and nothing else: tests, sandbox and tools stay behind."""
    source = ROOT / "src" / "aws_sagemaker_modelqualityjobdefinition"
    expected = {SCHEMA, ".rpdk-config", "requirements.txt", "resource-role.yaml"}
    expected |= {name for name in ("LICENSE", "template.yml", "overrides.json") if (ROOT / name).exists()}
    expected.add("examples/contract-tests.yaml")  # what inputs/ names
    for folder in ("docs", "inputs", "sam-tests"):
        expected |= {str(path.relative_to(ROOT)) for path in sources.shipped(ROOT, folder)}
    expected |= {
        f"src/{ACME.package}/{path.relative_to(source)}"
        for path in sources.shipped(ROOT, str(source.relative_to(ROOT)))
    }
    assert set(contents(staged)) == expected


def test_the_original_name_is_nowhere(staged: Path) -> None:
    """In no file's name and in no file: TYPE_NAME, entry points, events, role and documentation have the new one."""
    for path, content in contents(staged).items():
        for spelling in OLD_SPELLINGS:
            assert spelling not in path
            assert spelling.encode() not in content, path


def test_settings_name_the_staged_type(staged: Path) -> None:
    """.rpdk-config is the original's but for the type's name and the entry points."""
    settings = json.loads((staged / ".rpdk-config").read_text())
    original = json.loads((ROOT / ".rpdk-config").read_text())
    changed = {
        "typeName": "Acme::SageMaker::ModelQualityJobDefinition",
        "entrypoint": "acme_sagemaker_modelqualityjobdefinition.handlers.resource",
        "testEntrypoint": "acme_sagemaker_modelqualityjobdefinition.handlers.test_entrypoint",
    }
    assert settings == original | changed


def test_the_schema_is_the_originals_under_the_new_name(staged: Path) -> None:
    """By default no rule of the type changes."""
    original = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    assert schema_of(staged) == original | {"typeName": ACME.value}


def test_the_handlers_answer_to_the_new_name(staged: Path) -> None:
    """The renamed package is imported by its entry point, alone, and says what cfn calls the type."""
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
    """`cfn validate` and `cfn generate` work in a staged project as in the original."""
    copy = tmp_path / "copy"
    shutil.copytree(staged, copy)
    assert cfn(copy, "validate") == ["Resource schema is valid."]
    assert cfn(copy, "generate") == ["Resource schema is valid.", f"Generated files for {ACME.value}"]
    role.narrow(copy / role.FILE)  # cfn writes it wide again
    (copy / "rpdk.log").unlink()
    assert contents(copy) == contents(staged)


def test_the_role_is_that_of_the_new_name(staged: Path) -> None:
    """The role may be assumed for the staged type alone, and may do what the original's may."""
    original = (ROOT / "resource-role.yaml").read_text()
    expected = original.replace("AWS-SageMaker-ModelQualityJobDefinition", "Acme-SageMaker-ModelQualityJobDefinition")
    assert expected != original
    assert (staged / "resource-role.yaml").read_text() == expected


def test_staging_twice_gives_the_same_bytes(staged: Path, tmp_path: Path) -> None:
    """Nothing of the time, the place or the process is in a staged project."""
    stage(ROOT, ACME, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(staged)


def test_staging_under_the_same_name_gives_the_project_itself(tmp_path: Path) -> None:
    """What is packaged under the original's name is the original."""
    stage(ROOT, TypeName("AWS::SageMaker::ModelQualityJobDefinition"), tmp_path / "copy")
    for path, content in contents(tmp_path / "copy").items():
        assert content == (ROOT / path).read_bytes(), path


def test_a_staged_project_can_be_staged(staged: Path, toy: Path, tmp_path: Path) -> None:
    """Staging is not about this project: any Python type's will do, a staged one's and a toy's too."""
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
    """A link to the original's repository still leads there."""
    stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "out")
    schema = json.loads((tmp_path / "out" / "acme-play-thing.json").read_text())
    assert schema["description"] == ("A toy. See https://example.com/initech-toy-thing for what Acme::Play::Thing is.")


class TestTagUpdatesInPlace:
    """--tag-updates in-place: a change of tags no longer replaces the definition."""

    def test_the_schema_says_so(self, staged: Path, staged_in_place: Path) -> None:
        """Tags leave createOnlyProperties, tagUpdatable is true; two descriptions follow; nothing else changes."""
        expected = schema_of(staged)
        expected["createOnlyProperties"].remove("/properties/Tags")
        expected["tagging"]["tagUpdatable"] = True
        changed = schema_of(staged_in_place)
        expected["description"] = changed["description"]
        expected["properties"]["Tags"]["description"] = changed["properties"]["Tags"]["description"]
        assert changed == expected

    def test_descriptions_stay_true(self, staged_in_place: Path) -> None:
        """Wherever the schema says what replaces a definition, Tags are not among it."""
        schema = schema_of(staged_in_place)
        assert "every property but EndpointName and Tags replaces it." in schema["description"]
        assert schema["properties"]["Tags"]["description"].endswith("made in place and replaces nothing.")
        text = json.dumps(schema)
        assert text.count("every property but") == 1
        assert "but EndpointName replaces" not in text

    def test_the_documentation_says_so(self, staged: Path, staged_in_place: Path) -> None:
        """The generated page has one property more that updates with no interruption."""
        before, after = ((folder / "docs" / "README.md").read_text() for folder in (staged, staged_in_place))
        assert after.count("#update-no-interrupt") == before.count("#update-no-interrupt") + 1
        tags = after.partition("#### Tags")[2]
        assert "_Update requires_: [No interruption]" in tags
        assert "#update-replacement" not in tags

    def test_the_update_handler_may_do_what_tagging_needs(self, staged_in_place: Path) -> None:
        """The permissions were those of the original already: its handlers update stack tags in place."""
        schema = schema_of(staged_in_place)
        assert set(schema["tagging"]["permissions"]) <= set(schema["handlers"]["update"]["permissions"])
        template = yaml.safe_load((staged_in_place / "resource-role.yaml").read_text())
        policy = template["Resources"]["ExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        assert set(schema["tagging"]["permissions"]) <= set(policy["Statement"][0]["Action"])

    def test_cfn_finds_nothing_to_warn_of(self, staged_in_place: Path, tmp_path: Path) -> None:
        """The changed schema is as clean as the original."""
        shutil.copytree(staged_in_place, tmp_path / "copy")
        assert cfn(tmp_path / "copy", "validate") == ["Resource schema is valid."]

    def test_a_type_whose_tags_replace_nothing_is_refused(self, toy: Path, tmp_path: Path) -> None:
        """There is nothing to do for it, and that is said instead of ignored."""
        with pytest.raises(PublishingError, match="Tags are not createOnly in this schema"):
            stage(toy, TypeName("Acme::Play::Thing"), tmp_path / "out", "in-place")
        assert not (tmp_path / "out").exists()

    def test_a_type_that_may_not_update_tags_is_refused(self, toy: Path, tmp_path: Path) -> None:
        """A schema must not promise what its update handler has no permission for."""
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
    """Each is one line on the standard error output and exit code 2, and changes nothing."""

    @pytest.fixture(autouse=True)
    def _unchanged(self, toy: Path, tmp_path: Path) -> Iterator[None]:
        """Nothing in or around the project is written, removed or changed by any of these tests' commands."""
        self.toy = toy
        self.out = tmp_path / "out"
        self.before = contents(tmp_path)
        yield
        assert contents(tmp_path) == self.before
        assert not list(tmp_path.rglob(".staging-*"))

    def refused(self, capsys: pytest.CaptureFixture[str], *arguments: str, out: Path | None = None) -> str:
        """The one line that the command line answers with."""
        out = out or self.out
        assert main(["stage", "--project", str(self.toy), "--out", str(out), *arguments]) == 2
        answer = capsys.readouterr()
        assert answer.out == ""
        assert answer.err.startswith("error: ")
        assert answer.err.count("\n") == 1
        return answer.err

    def test_a_reserved_namespace(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody can register it."""
        assert "Nobody but AWS can register AWS::Toy::Thing" in self.refused(capsys, "--type-name", "AWS::Toy::Thing")
        assert not self.out.exists()

    def test_a_malformed_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It is no type name."""
        assert "'Thing' is not a type name" in self.refused(capsys, "--type-name", "Thing")
        assert not self.out.exists()

    def test_no_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """There has to be one."""
        assert "needs a name of your own" in self.refused(capsys)
        assert not self.out.exists()

    def test_a_folder_that_is_not_empty(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Somebody's files are never mixed with a staged project's."""
        folder = self.toy / "inputs"
        assert "is not empty" in self.refused(capsys, "--type-name", "Acme::Play::Thing", out=folder)

    def test_a_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A file is not written over."""
        file = self.toy / "requirements.txt"
        assert "is a file: name a folder" in self.refused(capsys, "--type-name", "Acme::Play::Thing", out=file)

    def test_a_folder_inside_the_projects_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It would become part of the original."""
        folder = self.toy / "src" / "staged"
        assert "is inside src" in self.refused(capsys, "--type-name", "Acme::Play::Thing", out=folder)
        assert not folder.exists()

    def test_no_project(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A folder that cfn knows nothing of."""
        self.toy = self.toy / "inputs"
        assert "is not a cfn project" in self.refused(capsys, "--type-name", "Acme::Play::Thing")

    def test_an_incomplete_project(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What is missing is named, all of it."""
        self._remove("requirements.txt")
        self._remove("initech-toy-thing.json")
        message = self.refused(capsys, "--type-name", "Acme::Play::Thing")
        assert "it has no requirements.txt, initech-toy-thing.json." in message
        assert not self.out.exists()

    def test_settings_that_are_not_cfns(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A broken .rpdk-config is named."""
        self._write(".rpdk-config", "{}")
        assert ".rpdk-config is not cfn's: KeyError('typeName')" in self.refused(
            capsys, "--type-name", "Acme::Play::Thing"
        )

    def test_a_failure_half_way(self, capsys: pytest.CaptureFixture[str]) -> None:
        """When cfn refuses the schema, after everything was copied, nothing is left: no folder, no parent of it."""
        self._write("initech-toy-thing.json", '{"typeName": "Initech::Toy::Thing", "properties": {"A": {}}}')
        message = self.refused(capsys, "--type-name", "Acme::Play::Thing", out=self.out / "deep" / "er")
        assert message == (
            "error: cfn generate failed. Resource schema is invalid: 'description' is a required property\n"
        )
        assert not self.out.exists()

    def test_an_empty_folder_stays_when_staging_fails(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty folder is fine to stage into; after a failure it is empty still."""
        self.out.mkdir()
        self._write("initech-toy-thing.json", "no JSON")
        assert "cfn generate failed" in self.refused(capsys, "--type-name", "Acme::Play::Thing")
        assert list(self.out.iterdir()) == []

    def _write(self, name: str, content: str) -> None:
        (self.toy / name).write_text(content)
        self.before[f"toy/{name}"] = content.encode()

    def _remove(self, name: str) -> None:
        (self.toy / name).unlink()
        del self.before[f"toy/{name}"]


def test_an_empty_folder_is_staged_into(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command line stages and says so."""
    (tmp_path / "out").mkdir()
    arguments = ["stage", "--project", str(toy), "--type-name", "Acme::Play::Thing", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"Staged Acme::Play::Thing in {tmp_path / 'out'}\n"
    assert (tmp_path / "out" / "acme-play-thing.json").is_file()
