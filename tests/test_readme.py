"""The README's template is an example under another name, and its links and make targets exist."""

import re

import pytest

from tools.envelopes import ROOT

README = (ROOT / "README.md").read_text()


def test_the_template_is_the_example_that_is_deployed() -> None:
    """The README's template is examples/minimal.yaml, which the tests deploy, but for the name."""
    (template,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    example = (ROOT / "examples/minimal.yaml").read_text().partition("\n")[2]
    assert template == example.replace("Type: AWS::SageMaker::", "Type: Acme::SageMaker::")


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    """Every link to a file in the top-level documents leads to an existing file."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / document).read_text()):
        assert (ROOT / target).exists(), target


def test_every_make_target_that_is_named_is_there() -> None:
    """Every make target that the README names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", README)) - {"them"} <= targets
