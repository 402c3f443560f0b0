"""Contract tests v1: the unchanged `cfn test`, with the same inputs.

Source: cfn's own suite, rpdk/core/contract/suite/resource. cfn runs its tests; here each gets a line of the report.
"""

import pytest

from cfn_sandbox.contract.report import FAILED_CALL
from cfn_sandbox.contract.v1 import Suite


def cfn_test(cfn: Suite, contract_test: str, number: int, request: pytest.FixtureRequest) -> None:
    """The handlers pass cfn's test of this name."""
    verdict = cfn.verdict(number, contract_test)
    if verdict is None:
        pytest.skip("cfn left it out: the schema has no handler for it, or a set of inputs before this one failed")
    if verdict.outcome == "skipped":
        pytest.skip(verdict.message)
    if verdict.outcome == "failed":
        request.node.stash[FAILED_CALL] = verdict.log
        pytest.fail(verdict.message, pytrace=False)
