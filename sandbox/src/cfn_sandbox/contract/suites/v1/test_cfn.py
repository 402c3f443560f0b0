"""Contract tests v1: the unchanged `cfn test`, with the same inputs.

Source: cfn's own suite, rpdk/core/contract/suite/resource. cfn runs its tests; here each gets a line of the report.
"""

import pytest

from cfn_sandbox.contract.v1 import Suite


def cfn_test(cfn: Suite, contract_test: str, number: int) -> None:
    """The handlers pass cfn's test of this name."""
    verdict = cfn.verdict(number, contract_test)
    if verdict is None:
        pytest.skip("cfn left it out: the schema has no handler for it, or a set of inputs before this one failed")
    if verdict.outcome == "skipped":
        pytest.skip(verdict.message)
    if verdict.outcome == "failed":
        log = f"\n\nthe handler's log:\n{verdict.log}" if verdict.log else ""
        pytest.fail(f"{verdict.message}{log}", pytrace=False)
