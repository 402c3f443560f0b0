"""README.md: its example keeps the contract, and what it shows works as written."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import Account, __main__, settings
from cfn_sandbox.contract import command
from cfn_sandbox.packaging import cfn
from cfn_sandbox.plugins import Plugin

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(before: str, language: str) -> str:
    """Return the first block of code in a language after a text."""
    match = re.search(rf"```{language}\n(.*?)```", README.partition(before)[2], re.DOTALL)
    assert match, before
    return match[1]


@pytest.mark.slow
@pytest.mark.weekly
def test_the_example_keeps_the_contract(tmp_path: Path) -> None:
    """From `cfn init`, the files of the example pass AWS's schema rules and contract tests v2."""
    (arguments,) = re.findall(r"^    cfn (init .*)$", README, re.MULTILINE)
    cfn.run(arguments.split(), tmp_path)
    files = README.partition("## The files of the example")[2]
    (tmp_path / "acme-notes-note.json").write_text(block("`acme-notes-note.json`:", "json"))
    (tmp_path / "src/acme_notes_note/handlers.py").write_text(block("`src/acme_notes_note/handlers.py`:", "python"))
    (tmp_path / "inputs").mkdir()
    create, update = re.findall(r"```json\n(.*?)```", files.partition("`inputs/inputs_1_create.json`")[2], re.DOTALL)
    (tmp_path / "inputs/inputs_1_create.json").write_text(create)
    (tmp_path / "inputs/inputs_1_update.json").write_text(update)
    cfn.run(["generate"], tmp_path)
    if sys.version_info[:2] != (3, 12):  # the README installs cfn-sandbox with 3.12; pip's wheels are for this one
        (tmp_path / "pyproject.toml").write_text('[tool.cfn-sandbox]\nlanguage = "python312-small"\n')
    outcome = command.run(tmp_path, ["lint", "v2"])
    assert (outcome.failures, outcome.warnings) == ([], [])
    assert outcome.count("passed", "v2") == 31


def test_the_plugin_works() -> None:
    """The plugin's rule applies with its option, and not without."""
    names: dict[str, Any] = {}
    exec(block("## A rule of your own", "python"), names)  # noqa: S102 - the README's own code
    plugin = names["plugin"]
    assert isinstance(plugin, Plugin)
    with Account(rules=[plugin.rules(strict=False)]) as account:
        account.client("ssm").put_parameter(Name="a", Value="b", Type="String")
    with Account(rules=[plugin.rules(strict=True)]) as account:
        ssm = account.client("ssm")
        ssm.put_parameter(Name="a", Value="b", Type="String", Description="c")
        with pytest.raises(ClientError, match=r"ValidationException.*A description is needed"):
            ssm.put_parameter(Name="b", Value="b", Type="String")


def test_the_settings_are_read(tmp_path: Path) -> None:
    """The block of settings has every setting, and each is one that the sandbox knows."""
    (tmp_path / "pyproject.toml").write_text(block("## Settings", "toml"))
    read = settings.read(tmp_path)
    assert all(vars(read).values())


def test_the_commands_exist() -> None:
    """Each command of the table is one of the parser's, and the other way round."""
    table = README.partition("## Commands")[2].partition("Each takes")[0]
    named = {
        word for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for word in re.findall(r"`([^`]+)`", cell)
    }
    words = {name.removeprefix("cfn-sandbox ").split()[0] for name in named}
    (commands,) = [action.choices for action in __main__.parser()._actions if action.choices]
    assert words == set(commands or ())


def test_the_template_deploys_both_ways() -> None:
    """A stack makes the template's note; change sets make it, change it in place and replace it."""
    schema = json.loads(block("`acme-notes-note.json`:", "json"))
    template = block("`template.yaml`:", "yaml")
    states = [template, template.replace("buy some", "drink it"), template.replace("milk", "tea")]
    notes: dict[str, Any] = {}

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        model = event["requestData"]["resourceProperties"]
        if event["action"] == "DELETE":
            del notes[model["Name"]]
            return {"status": "SUCCESS"}
        notes[model["Name"]] = model["Text"]
        return {"status": "SUCCESS", "resourceModel": model}

    with Account(tested=False) as account:
        account.registry.add(schema, invoke)
        client = account.client("cloudformation")
        client.create_stack(StackName="plain", TemplateBody=template)
        assert notes == {"milk": "buy some"}
        client.delete_stack(StackName="plain")
        assert notes == {}
        seen = []
        for number, body in enumerate(states):
            names = {"StackName": "notes", "ChangeSetName": f"change-{number}"}
            client.create_change_set(**names, ChangeSetType="UPDATE" if number else "CREATE", TemplateBody=body)
            (change,) = client.describe_change_set(**names)["Changes"]
            client.execute_change_set(**names)
            status = client.describe_stacks(StackName="notes")["Stacks"][0]["StackStatus"]
            seen.append((change["ResourceChange"].get("Replacement"), status, dict(notes)))
    assert seen == [
        (None, "CREATE_COMPLETE", {"milk": "buy some"}),
        ("False", "UPDATE_COMPLETE", {"milk": "drink it"}),
        ("True", "UPDATE_COMPLETE", {"tea": "buy some"}),
    ]


def test_the_template_uses_the_example() -> None:
    """The template's type and properties are the schema's."""
    schema = json.loads(block("`acme-notes-note.json`:", "json"))
    template = block("`template.yaml`:", "yaml")
    assert f"Type: {schema['typeName']}\n" in template
    assert set(schema["required"]) == set(re.findall(r"(\w+): \w", template.partition("Properties:")[2]))
