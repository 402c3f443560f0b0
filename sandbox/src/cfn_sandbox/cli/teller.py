"""Reports steps that take time: a live line per step on a terminal, plain text in a pipe, or a JSON object per line."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

from cfn_sandbox.cli.waiting import told

__all__ = ["JsonTeller", "Teller", "TextTeller"]

WIDTH = 76
"""The width of a step's title and the dots after it, in characters."""

Status = Literal["done", "failed", "interrupted"]


class Teller(ABC):
    """The display of steps and their details."""

    def __init__(self) -> None:
        self._details: list[str] | None = None  # the current step's details; None between steps

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Run a step, and show its time when it ends, or that it failed or was interrupted."""
        started_at = time.monotonic()
        status: Status = "failed"
        self._details = []
        try:
            with self._show_running(title):
                yield
            status = "done"
        except (KeyboardInterrupt, SystemExit):
            status = "interrupted"
            raise
        finally:
            details, self._details = self._details, None
            self._show_ended(title, time.monotonic() - started_at, status)
            for line in details:
                self._show_detail(line)

    def detail(self, text: str) -> None:
        """Show a detail below its step; outside of a step, show it at once."""
        if self._details is None:
            self._show_detail(text)
        else:
            self._details.append(text)

    @abstractmethod
    def commands(self, title: str, lines: Sequence[str]) -> None:
        """Show commands that a person can try next."""

    def _show_running(self, title: str) -> AbstractContextManager[object]:  # noqa: ARG002 - only a terminal shows it
        """Show that a step is running, until the context ends."""
        return nullcontext()

    @abstractmethod
    def _show_ended(self, title: str, seconds: float, status: Status) -> None:
        """Show that a step has ended."""

    @abstractmethod
    def _show_detail(self, detail: str) -> None:
        """Show a detail."""


class TextTeller(Teller):
    """Output for a person: with colour and a spinner on a terminal, plain in a pipe.

    Args:
        out: The stream to write to.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._console = Console(file=out, highlight=False, soft_wrap=True)

    def commands(self, title: str, lines: Sequence[str]) -> None:
        """Show commands that a person can try next."""
        self._console.print(Text(f"\n{title}\n", style="bold"))
        for line in lines:
            self._console.print(Text(f"    {line}", style="cyan"))

    def _show_running(self, title: str) -> AbstractContextManager[object]:
        if self._console.is_interactive:
            return self._console.status(Text(title))
        return told("", lambda line: self._console.print(Text(f"    {title}:{line}", style="dim")))

    def _show_ended(self, title: str, seconds: float, status: Status) -> None:
        line = Text(f"{title} ".ljust(WIDTH, "."), style="bold")
        line.append(f" {seconds:5.1f} s" if status == "done" else f" {status}", "green" if status == "done" else "red")
        self._console.print(line)

    def _show_detail(self, detail: str) -> None:
        self._console.print(Text(f"    {detail}", style="dim"))


class JsonTeller(Teller):
    """Output for a script: one JSON object per line, with step, seconds and status, or detail, or title and commands.

    Args:
        out: The stream to write to.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def commands(self, title: str, lines: Sequence[str]) -> None:
        """Write the commands that a person can try next."""
        self._write({"title": title, "commands": [*lines]})

    def _show_ended(self, title: str, seconds: float, status: Status) -> None:
        self._write({"step": title, "seconds": round(seconds, 3), "status": status})

    def _show_detail(self, detail: str) -> None:
        self._write({"detail": detail})

    def _write(self, members: dict[str, object]) -> None:
        print(json.dumps(members), file=self._out, flush=True)
