"""Records a command as an SVG that plays in a browser: `python tools/record.py OUT.svg -- COMMAND ...`.

The command runs with its output in a pipe, in colour and without animations. A line appears in the drawing at the time
at which it appeared in the run. Pauses are cut to LONGEST, and a line that is not indented appears at least SHORTEST
after the line before, so that people can read it. rich draws the terminal.
"""

import argparse
import html
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

LONGEST = 1.5
"""The longest pause in the recording, in seconds."""

SHORTEST = 0.6
"""The shortest pause before a line that is not indented, which is a step of the demo, in seconds."""

COLUMNS = 126
"""The width of the terminal, in characters."""

# rich's own format without its web fonts: an image in a web page can't load fonts.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
@keyframes appear {{ to {{ opacity: 1; }} }}
.line {{ opacity: 0; animation: appear 0.01s forwards; }}
@media (prefers-reduced-motion: reduce) {{ .line {{ opacity: 1; animation: none; }} }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def record(command: Sequence[str]) -> list[tuple[float, str]]:
    """Run a command and return its output lines, each with the seconds from the start until it appeared.

    Args:
        command: The program and its arguments.

    Raises:
        subprocess.CalledProcessError: The command failed.
    """
    environment = os.environ | {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(COLUMNS)}
    start = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        lines = [(time.monotonic() - start, line.rstrip("\n")) for line in process.stdout or ()]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return lines


def shorten_pauses(lines: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the lines with times that give a reader neither long waits nor too little time."""
    shown_at = previous = 0.0
    shortened_lines = []
    for moment, line in lines:
        shown_at += max(min(moment - previous, LONGEST), SHORTEST if re.match(r"(\033\[[0-9;]*m)*\S", line) else 0.0)
        previous = moment
        shortened_lines.append((shown_at, line))
    return shortened_lines


def draw(title: str, lines: Sequence[tuple[float, str]]) -> str:
    """Return the SVG of a terminal in which each line appears at its time.

    Args:
        title: The title of the window.
        lines: The seconds after which each line appears, and the line with its ANSI colours.
    """
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    moments: list[float] = []
    for moment, line in lines:
        rows = Text.from_ansi(line).wrap(console, COLUMNS) if line else [Text()]
        for row in rows:
            console.print(row)
            moments.append(moment)
    plain = html.escape(re.sub(r"[\x00-\x1f]", " ", title))  # rich doesn't escape it
    svg = console.export_svg(title=plain, code_format=_FORMAT, unique_id="recording")

    def delayed(match: re.Match[str]) -> str:
        return f'<text style="animation-delay:{moments[int(match[2])]:.2f}s" class="line {match[1]}'

    return re.sub(r'<text class="([^"]*"[^>]*clip-path="url\(#recording-line-(\d+)\)")', delayed, svg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record a command and write the SVG."""
    parser = argparse.ArgumentParser(prog="python tools/record.py", description=__doc__)
    parser.add_argument("out", type=Path, help="the SVG to write")
    parser.add_argument("--title", default="", help="the window's title; default: the command")
    parser.add_argument("command", nargs="+", help="the command, after --")
    options = parser.parse_args(arguments)
    try:
        lines = record(options.command)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"recording: {error}", file=sys.stderr)
        return 1
    options.out.write_text(draw(options.title or " ".join(options.command), shorten_pauses(lines)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
