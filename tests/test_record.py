"""The README's recording shows each line at its time, in a drawing that loads nothing."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.envelopes import ROOT

SCRIPT = """
import sys, time
print("\033[1mone\033[0m", flush=True)
time.sleep(0.3)
print("    <two> & [three]", flush=True)
print("four")
sys.exit(int(sys.argv[1]))
"""


def record(out: Path, code: int) -> subprocess.CompletedProcess[str]:
    """Record the script above, which exits with a given code."""
    command: list[str | Path] = [
        sys.executable,
        ROOT / "tools/record.py",
        out,
        "--",
        sys.executable,
        "-c",
        SCRIPT,
        str(code),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_each_line_appears_when_it_came(tmp_path: Path) -> None:
    """Lines appear in order, steps with a pause between them, and the text is the output."""
    out = tmp_path / "out.svg"
    completed = record(out, 0)
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "", "")
    drawing = ET.fromstring(out.read_text())  # noqa: S314 - our own file
    shown = [element for element in drawing.iter("{http://www.w3.org/2000/svg}text") if str(element.text).strip()]
    texts = [element for element in shown if "style" in element.attrib]
    assert [str(element.text).replace("\N{NO-BREAK SPACE}", " ").strip() for element in texts] == [
        "one",
        "<two> & [three]",
        "four",
    ]
    first, second, third = (float(re.findall(r"[\d.]+", element.attrib["style"])[0]) for element in texts)
    assert second - first >= 0.25
    assert third - second >= 0.5


def test_the_drawing_loads_nothing(tmp_path: Path) -> None:
    """Browsers load no fonts for a picture in a page, so the drawing must name none."""
    out = tmp_path / "out.svg"
    record(out, 0)
    assert set(re.findall(r"https?://[^\" ]+", out.read_text())) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("code", [1, 3])
def test_a_command_that_fails_leaves_the_recording_as_it_was(tmp_path: Path, code: int) -> None:
    """A failing command prints one line and writes no recording."""
    out = tmp_path / "out.svg"
    completed = record(out, code)
    assert (completed.returncode, out.exists()) == (1, False)
    assert re.fullmatch(rf"recording: .* returned non-zero exit status {code}\.\n", completed.stderr, re.DOTALL)
