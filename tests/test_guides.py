"""Files, make targets, commands and options in the guides exist, and their snippets are well formed."""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from cfn_sandbox.__main__ import parser as sandbox_parser
from tools.envelopes import ROOT
from tools.publishing.__main__ import _parser as publishing_parser
from tools.sagemaker import plugin

GUIDES = sorted([*(ROOT / "guides").glob("*.md"), *(ROOT / "sandbox").glob("*.md")])
PUBLISHING = "tools/publishing/__main__.py"
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands() -> Iterator[tuple[str, str]]:
    """Yield every command line of the guides, with continued lines joined and comments and `eval "$(...)"` removed."""
    for guide in GUIDES:
        lines = re.findall(r"^ {4,}\S.*$", guide.read_text(), re.MULTILINE)
        for line in "\n".join(lines).replace("\\\n", " ").splitlines():
            for command in re.sub(r'^eval "\$\((.*)\)"', r"\1", line.strip()).partition("  #")[0].split(" && "):
                yield guide.name, command.strip()


def arguments_of(*programs: str) -> list[list[str]]:
    """Return the arguments of every call of a program, under each of its names."""
    return [
        shlex.split(command.removeprefix(program))
        for _, command in commands()
        for program in programs
        if command.startswith(f"{program} ")
    ]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_link_leads_somewhere(guide: Path) -> None:
    """The target file exists, and so does the heading."""
    for file, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", guide.read_text()):
        target = guide.parent / file if file else guide
        assert target.exists(), file
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {
            re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
        }


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_file_and_target_that_is_named_is_there(guide: Path) -> None:
    """Named files and make targets exist, even where no link leads to them."""
    text = guide.read_text()
    paths = set(re.findall(r"(?<![\w./-])((?:examples|tests|guides|tools|sandbox|inputs)/[\w./-]*\w)", text))
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("arguments", arguments_of("cfn-sandbox", ".venv/bin/cfn-sandbox"), ids=str)
def test_every_sandbox_command_is_one(arguments: list[str]) -> None:
    """The sandbox's parser accepts every command in the guides."""
    sandbox_parser().parse_args(arguments)


@pytest.mark.parametrize("arguments", arguments_of("python -m tools.publishing"), ids=str)
def test_every_publishing_command_is_one(arguments: list[str]) -> None:
    """The publishing parser accepts every command in the guides."""
    publishing_parser().parse_args(arguments)


def test_every_option_of_the_sandbox_s_commands_is_in_the_guide() -> None:
    """Every option of the code has a row in guides/sandbox.md, and every row an option."""
    documented = set(re.findall(r"^\| `(-[\w-]+)", (ROOT / "guides/sandbox.md").read_text(), re.MULTILINE))
    text = (ROOT / "sandbox/src/cfn_sandbox/__main__.py").read_text()
    options = set(re.findall(r'"(--?[a-z][a-z-]*)"', text)) - {"--detach"}
    assert documented == options | {f"--{option.name}" for option in plugin.options}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_option_that_is_named_is_one(guide: Path) -> None:
    """An option that stands alone is one of the sandbox's or of publishing's commands, but for these."""
    named = set(re.findall(r"`(--[a-z][a-z-]*)(?: [^`]*)?`", guide.read_text()))
    text = "".join((ROOT / name).read_text() for name in ("sandbox/src/cfn_sandbox/__main__.py", PUBLISHING))
    options = (
        {"--help"} | set(re.findall(r'"(--[a-z][a-z-]*)"', text)) | {f"--{option.name}" for option in plugin.options}
    )
    of_others = {"--registry-schemas", "--connection-arn", "--public-version-number", "--wait", "--endpoint-url"}
    of_others.add("--change-set-type")
    of_others |= {"--hotswap", "--no-express"}
    assert named - options <= of_others  # of cfn-lint, the AWS CLI, CDK and SAM


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_snippet_is_well_formed(guide: Path) -> None:
    """Python snippets parse, and YAML snippets are mappings."""
    for language, code in re.findall(r"^ *```(\w+)\n(.*?)^ *```$", guide.read_text(), re.MULTILINE | re.DOTALL):
        if language == "python":
            ast.parse(textwrap.dedent(code))
        elif language == "yaml":
            assert isinstance(yaml.safe_load(code), dict)


class VariableFiller(ast.NodeTransformer):
    """A transformer that fills in the variables that a snippet does not define."""

    VALUES: Mapping[str, str] = {
        "image": "...",
        "bucket": "my-bucket",
        "role_arn": "arn:aws:iam::123456789012:role/monitor",
    }

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a variable by its value."""
        return ast.Constant(self.VALUES[node.id])

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Replace an f-string by its text."""
        parts = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
        return ast.Constant("".join(ast.literal_eval(self.visit(part)) for part in parts))


def test_the_snippets_of_clients_define_the_same() -> None:
    """The CDK and Pulumi snippets have equal properties; tests/sandbox/test_guides.py deploys the CDK one."""
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "guides/clients.md").read_text(), re.DOTALL)
    cdk, pulumi = (
        ast.literal_eval(VariableFiller().visit(keyword.value))
        for snippet in snippets
        for node in ast.walk(ast.parse(snippet))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "properties"
    )
    assert pulumi == cdk
