"""Creates and deletes the stacks of a taskcat project, in taskcat's environment: python taskcat_play.py.

It does so by taskcat's classes, as taskcat's documentation has it for tests. The command `taskcat test run` fetches the
style sheet of its report from GitHub.
"""

import json

from taskcat.testing import CFNTest


def main() -> None:
    """Print the stacks while they are there, as JSON; they are deleted at the end of the block."""
    with CFNTest.from_file(project_root="./", input_file="./.taskcat.yml") as stacks:
        found = [{"status": stack.status, "outputs": [output.value for output in stack.outputs]} for stack in stacks]
        print(f"\n{json.dumps(found)}", flush=True)


if __name__ == "__main__":
    main()
