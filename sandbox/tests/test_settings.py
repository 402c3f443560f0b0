"""A project's settings, `[tool.cfn-sandbox]` in its pyproject.toml; what the sandbox doesn't know is refused."""

import json
from pathlib import Path

import pytest

from cfn_sandbox import PackagerError, SandboxError, __main__, settings
from cfn_sandbox.packaging import service_models
from cfn_sandbox.packaging.package import package
from cfn_sandbox.settings import RoleRule, Settings

ALL = """
[tool.cfn-sandbox]
plugins = ["tools.example:plugin", "example"]
language = "python312-small"

[tool.cfn-sandbox.service-models]
sns = ["CreateTopic"]

[[tool.cfn-sandbox.role]]
name = "Topics"
actions = ["sns:CreateTopic"]
resource = {"Fn::Sub" = "arn:${AWS::Partition}:sns:*:*:*"}
condition = {StringEquals = {"aws:RequestTag/a" = "b"}}

[[tool.cfn-sandbox.role]]
name = "List"
actions = ["sns:ListTopics"]
"""


def write(folder: Path, text: str) -> Path:
    """Write pyproject.toml into a folder, and return the folder."""
    (folder / "pyproject.toml").write_text(text)
    return folder


@pytest.mark.parametrize("text", ["", "[tool.other]\nplugins = 1", "[tool.cfn-sandbox]"])
def test_every_setting_has_a_default(tmp_path: Path, text: str) -> None:
    """Without pyproject.toml, without the table and with an empty one, the defaults apply."""
    assert settings.read(tmp_path) == Settings()
    assert settings.read(write(tmp_path, text)) == Settings()
    assert Settings() == Settings(plugins=(), language=None, service_models={}, role=())


def test_every_setting_is_read(tmp_path: Path) -> None:
    """The settings have what the table says."""
    assert settings.read(write(tmp_path, ALL)) == Settings(
        ("tools.example:plugin", "example"),
        "python312-small",
        {"sns": ["CreateTopic"]},
        {},
        (
            RoleRule(
                "Topics",
                ["sns:CreateTopic"],
                {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"},
                {"StringEquals": {"aws:RequestTag/a": "b"}},
            ),
            RoleRule("List", ["sns:ListTopics"], "*", {}),
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "can't be read: "),
        (
            '[tool.cfn-sandbox]\nplugin = ["a"]',
            "no setting plugin; there are plugins, language, service-models, service-model-members, role, archit",
        ),
        ('[tool]\ncfn-sandbox = "a"', "is not as expected: 'a' is not of type 'object'"),
        ('[tool.cfn-sandbox]\nplugins = "a"', "plugins of .* is not as expected: 'a' is not of type 'array'"),
        ("[tool.cfn-sandbox]\nplugins = [1]", "plugins.0 of .* is not as expected: 1 is not of type 'string'"),
        ("[tool.cfn-sandbox]\nlanguage = 1", "language of .* is not as expected: 1 is not of type 'string'"),
        ('[tool.cfn-sandbox]\narchitecture = "arm"', r"architecture of .*: 'arm' is not one of \['x86_64', 'arm64'\]"),
        ('[tool.cfn-sandbox.service-models]\nsns = "All"', "service-models.sns of .*: 'All' is not of type 'array'"),
        ('[[tool.cfn-sandbox.role]]\nname = "A"', "role.0 of .* is not as expected: 'actions' is a required property"),
        (
            '[[tool.cfn-sandbox.role]]\nname = "A"\nactions = ["a:B"]\nresources = "*"',
            "role.0 of .* has no setting resources; there are name, actions, resource, condition",
        ),
    ],
)
def test_what_it_does_not_know_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """An unknown key and a value of the wrong type are one sentence, with the key and the file."""
    with pytest.raises(SandboxError, match=message) as error:
        settings.read(write(tmp_path, text))
    assert str(tmp_path / "pyproject.toml") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_language_plugin_that_is_not_installed_is_refused(toy_project: Path, tmp_path: Path) -> None:
    """The message names the plugins that cfn has."""
    with pytest.raises(PackagerError, match=r"cfn has no language plugin java here; there are .*python312-small"):
        package(toy_project, tmp_path, language="java")


def write_type(folder: Path, text: str) -> Path:
    """Write a project with settings and a role as cfn writes it, and return its folder."""
    (folder / ".rpdk-config").write_text(json.dumps({"entrypoint": "my_topic.handlers.resource"}))
    statement = {"Effect": "Allow", "Action": ["sns:CreateTopic", "sns:Publish"], "Resource": "*"}
    policy = {"PolicyName": "P", "PolicyDocument": {"Statement": [statement]}}
    role = {"Resources": {"ExecutionRole": {"Properties": {"Policies": [policy]}}}}
    (folder / "resource-role.yaml").write_text(json.dumps(role))
    return write(folder, text)


def test_models_are_written_into_the_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`cfn-sandbox models` writes the model of the named calls alone, and prints its size."""
    assert __main__.main(["models", "--project", str(write_type(tmp_path, ALL))]) == 0
    (file,) = (tmp_path / "src" / "my_topic" / "data").glob("sns/*/service-2.json")
    assert list(json.loads(file.read_text())["operations"]) == ["CreateTopic"]
    assert "service-2.json: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ({"snss": ["CreateTopic"]}, "botocore has no service snss"),
        ({"sns": ["MakeTopic"]}, "botocore's sns has no MakeTopic"),
    ],
)
def test_calls_that_do_not_exist_are_a_sentence(calls: dict[str, list[str]], message: str) -> None:
    """A misspelt service or operation is named."""
    with pytest.raises(SandboxError, match=message):
        list(service_models.files(calls))


def test_the_role_is_narrowed_by_the_rules(tmp_path: Path) -> None:
    """`cfn-sandbox role` limits the actions that have a rule, and leaves the others as they are."""
    assert __main__.main(["role", "--project", str(write_type(tmp_path, ALL))]) == 0
    text = (tmp_path / "resource-role.yaml").read_text()
    assert text.startswith("# cfn's role, narrowed by `cfn-sandbox role`")
    assert "Sid: Topics" in text
    assert "Fn::Sub: arn:${AWS::Partition}:sns:*:*:*" in text
    assert "- sns:Publish\n" in text


def test_without_rules_the_role_stays(tmp_path: Path) -> None:
    """A project without rules keeps cfn's role, byte for byte."""
    before = (write_type(tmp_path, "") / "resource-role.yaml").read_bytes()
    assert __main__.main(["role", "--project", str(tmp_path)]) == 0
    assert (tmp_path / "resource-role.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "message"),
    [("role", "has no resource-role.yaml"), ("models", "has no [tool.cfn-sandbox.service-models]")],
)
def test_a_project_that_lacks_them_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    """A command whose input is missing says what is missing."""
    assert __main__.main([command, "--project", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("cfn-sandbox: ")
    assert message in error
