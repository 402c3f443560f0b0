"""Writes the tables of the type's messages in guides/troubleshooting.md: a step of `make generate`.

The messages and their codes are data in src/; guides/messages.toml says when each is given and what to do.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from aws_sagemaker_modelqualityjobdefinition import messages
from aws_sagemaker_modelqualityjobdefinition.runtime import failures
from aws_sagemaker_modelqualityjobdefinition.runtime.failures import Message
from tools.envelopes import ROOT

GUIDE = ROOT / "guides/troubleshooting.md"
REASONS = ROOT / "guides/messages.toml"

HEAD = "| message | cause | what to do |\n|---|---|---|\n"
IN_PROGRESS = "in progress"
EVENT = "InvalidRequest, the event"
TABLE = re.compile(r"(<!-- messages: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)

ABOUT_THE_EVENT = frozenset({"NO_KNOWLEDGE", "OTHER_KNOWLEDGE"})
"""Messages about the event that the type gives; those of runtime/ with the code InvalidRequest are all about it."""


def named() -> Iterator[tuple[str, str, Message]]:
    """Yield the table, the name and the message of every message, in the order of the modules."""
    for module in (messages, failures):
        for name, message in vars(module).items():
            if isinstance(message, Message):
                table = message.code.name if message.code else IN_PROGRESS
                is_about_event = module is failures or name in ABOUT_THE_EVENT
                yield EVENT if table == "InvalidRequest" and is_about_event else table, name, message


def reasons() -> Mapping[str, Mapping[str, str]]:
    """Return when each message is given and what to do, by its name."""
    return tomllib.loads(REASONS.read_text())


def row(message: Message, reason: Mapping[str, str]) -> str:
    """Return a message's row. A part that differs each time is an ellipsis."""
    words = re.sub(r"…( ?…)+", "…", re.sub(r"\{\w+\}", "…", message.words)).replace("|", r"\|")
    return f"| `{words}` | {reason['when']} | {reason['cure']} |\n"


def written(guide: str) -> str:
    """Return the guide with its tables of messages as they should be.

    Args:
        guide: The guide, with a pair of comments around each table.
    """
    why = reasons()
    order = list(why)
    rows: dict[str, list[tuple[int, str]]] = {}
    for table, name, message in named():
        rows.setdefault(table, []).append((order.index(name), row(message, why[name])))
    tables = {table: HEAD + "".join(text for _, text in sorted(lines)) for table, lines in rows.items()}
    return TABLE.sub(lambda found: f"{found[1]}{tables[found[2]]}{found[3]}", guide)


if __name__ == "__main__":
    GUIDE.write_text(written(GUIDE.read_text()))
