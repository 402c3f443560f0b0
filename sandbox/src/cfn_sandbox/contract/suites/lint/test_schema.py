"""AWS's rules for resource schemas, with a test for each; contract/lint.py says where they come from.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, the tests of the schema. A finding
that AWS marks as a warning warns here too; every other finding fails.
"""

import warnings

import pytest

from cfn_sandbox.contract.lint import Result
from cfn_sandbox.contract.session import LintWarning


def judge(result: Result) -> None:
    """Fail with a rule's findings."""
    if not result.applies:
        pytest.skip("the rule is about something that this schema does not have")
    failures = [str(finding) for finding in result.findings if not finding.warning]
    for finding in result.findings:
        if finding.warning:
            warnings.warn(LintWarning(str(finding)), stacklevel=1)
    if failures:
        pytest.fail("; ".join(failures), pytrace=False)


def linter_checks(rule: Result) -> None:
    """The schema follows AWS's rule."""
    judge(rule)


def backward_compatibility(compatibility_rule: Result) -> None:
    """By AWS's rule, the schema is compatible with the previous version: nothing is removed or made stricter."""
    judge(compatibility_rule)
