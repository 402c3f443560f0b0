"""Contract tests v2, the input files.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag": the files hold for every region, account and partition, and the inputs together use every property.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.contract import inputs
from sandbox.contract.inputs import Inputs


def refuse(check: str, problems: list[inputs.Problem]) -> None:
    """Fail with what a check has found."""
    found = [f"{problem.message} ({problem.path})" if problem.path else problem.message for problem in problems]
    if found:
        pytest.fail(f"{check}: {'; '.join(found)}", pytrace=False)


def hardcoded(check: str, open_inputs: Inputs) -> None:
    """Fail if a set of inputs has something hard-coded."""
    refuse(check, [problem for problem in inputs.hardcoded([open_inputs]) if problem.check == check])


def no_hardcoded_regions(open_inputs: Inputs) -> None:
    """No region is written out: {{region}} stands for it.

    A region inside of another name, as of a bucket, counts.
    """
    hardcoded("no_hardcoded_regions", open_inputs)


def no_hardcoded_account_ids(open_inputs: Inputs) -> None:
    """No account id is written out: {{account}} stands for it.

    A placeholder is allowed. Which ones is not documented: here those that AWS's documentation uses.
    """
    hardcoded("no_hardcoded_account_ids", open_inputs)


def no_hardcoded_partitions(open_inputs: Inputs) -> None:
    """No ARN has its partition written out: {{partition}} stands for it."""
    hardcoded("no_hardcoded_partitions", open_inputs)


def property_coverage(folder: Path, schema: Mapping[str, Any]) -> None:
    """The create and update inputs together use every property path that the schema declares.

    Read-only ones left out: no input can use them.
    """
    refuse("property_coverage", inputs.uncovered(inputs.unfilled(folder), schema))
