"""Contract tests v2, the input files.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, "Contract tests performed with the
--v2 flag". The files must work in every region, account and partition, and together they must use every property.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.contract import inputs
from cfn_sandbox.contract.inputs import Inputs


def fail_with_problems(check: str, problems: list[inputs.Problem]) -> None:
    """Fail with a check's problems."""
    messages = [f"{problem.message} ({problem.path})" if problem.path else problem.message for problem in problems]
    if messages:
        pytest.fail(f"{check}: {'; '.join(messages)}", pytrace=False)


def require_no_hardcoded(check: str, unfilled_inputs: Inputs) -> None:
    """Fail if a set of inputs has a hard-coded value that a check finds."""
    fail_with_problems(
        check, [problem for problem in inputs.hardcoded_values([unfilled_inputs]) if problem.check == check]
    )


def no_hardcoded_regions(unfilled_inputs: Inputs) -> None:
    """The inputs write {{region}} instead of a region's name.

    A region inside another name, such as a bucket's, counts too.
    """
    require_no_hardcoded("no_hardcoded_regions", unfilled_inputs)


def no_hardcoded_account_ids(unfilled_inputs: Inputs) -> None:
    """The inputs write {{account}} instead of an account id.

    AWS allows placeholders and doesn't document which. Here they are those that AWS's documentation uses.
    """
    require_no_hardcoded("no_hardcoded_account_ids", unfilled_inputs)


def no_hardcoded_partitions(unfilled_inputs: Inputs) -> None:
    """The inputs write {{partition}} instead of a partition in an ARN."""
    require_no_hardcoded("no_hardcoded_partitions", unfilled_inputs)


def property_coverage(folder: Path, schema: Mapping[str, Any]) -> None:
    """The create and update inputs together use every property path that the schema declares.

    Read-only properties are left out, because no input can use them.
    """
    fail_with_problems(
        "property_coverage", inputs.uncovered_properties(inputs.read_unfilled(folder, with_setup=True), schema)
    )
