"""README.md: what it shows works as written. contract/test_journey.py runs its example."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import Account, __main__, settings
from cfn_sandbox.plugins import Plugin

README = (Path(__file__).parents[1] / "README.md").read_text()


def block(before: str, language: str) -> str:
    """Return the first block of code in a language after a text."""
    match = re.search(rf"```{language}\n(.*?)```", README.partition(before)[2], re.DOTALL)
    assert match, before
    return match[1]


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


def test_the_template_uses_the_example() -> None:
    """The template's type and properties are the schema's."""
    schema = json.loads(block("`acme-notes-note.json`:", "json"))
    template = block("`template.yaml`:", "yaml")
    assert f"Type: {schema['typeName']}\n" in template
    assert set(schema["required"]) == set(re.findall(r"(\w+): \w", template.partition("Properties:")[2]))
