"""The guide has every message of the type, with its cause and what to do, as `make generate` writes it."""

import re

import pytest

from aws_sagemaker_modelqualityjobdefinition.messages import ERRORS
from tools import messages

NAMED = [(name, message) for _, name, message in messages.named()]


def test_the_guides_tables_are_what_generate_writes() -> None:
    """After a change of a message or of its reasons, run `make generate`."""
    guide = messages.GUIDE.read_text()
    assert messages.written(guide) == guide


def test_every_message_is_explained_and_nothing_else_is() -> None:
    """guides/messages.toml has one entry for each message."""
    names = [name for name, _ in NAMED]
    assert len(set(names)) == len(names)
    assert sorted(messages.reasons()) == sorted(names)


@pytest.mark.parametrize(("name", "reason"), messages.reasons().items())
def test_an_explanation_has_a_cause_and_a_cure(name: str, reason: dict[str, str]) -> None:
    """Both are sentences that fit into a table."""
    assert reason.keys() == {"when", "cure"}, name
    for text in reason.values():
        assert len(text) > 5
        assert "|" not in text
        assert not text.endswith(".")


def test_every_table_is_in_the_guide() -> None:
    """Each code with messages, and each error code of AWS, has a section."""
    guide = messages.GUIDE.read_text()
    assert {table for table, _, _ in messages.named()} == set(re.findall(r"<!-- messages: (.+?) -->", guide))
    headings = set(re.findall(r"^### (\w+)$", guide, re.MULTILINE))
    assert {kind.__name__ for kind in ERRORS.by_code.values()} <= headings
