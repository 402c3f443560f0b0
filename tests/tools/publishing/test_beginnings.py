"""What the publishing commands say before anything that takes time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# Each command ends at the first import that takes long where Python has no byte code of it yet.
BEGINNINGS = """
import sys
from tools.publishing import __main__

class Ends:
    def find_spec(self, name, *_):
        if name in {"boto3", "botocore", "cfnlint", "cyclonedx", "rpdk"}:
            sys.exit("imports")

sys.meta_path.insert(0, Ends())
for command in ("submit", "package", "prerequisites", "prerequisites-delete", "deregister"):
    try:
        __main__.main([command])
    except SystemExit as end:
        print(command, end)
"""


def test_the_first_line_comes_before_long_imports() -> None:
    """A command says that it has begun before it imports boto3 or cfn."""
    ended = subprocess.run([sys.executable, "-c", BEGINNINGS], cwd=ROOT, capture_output=True, text=True, check=True)
    commands = ("submit", "package", "prerequisites", "prerequisites-delete", "deregister")
    expected = [line for one in commands for line in (f"{one}: loading boto3 and cfn", f"{one} imports")]
    assert ended.stdout.splitlines() == expected


def test_cfn_lint_is_not_imported() -> None:
    """It takes three seconds of a processor, and publishing needs nothing of it."""
    script = "import sys; import tools.publishing.commands; sys.exit('cfnlint' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
