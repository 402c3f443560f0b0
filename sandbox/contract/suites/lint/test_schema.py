"""AWS's own rules for resource schemas, a test for each: sandbox/contract/lint.py says where they come from.

Source: "Contract tests for resource types" in the CloudFormation CLI's user guide, the tests of the schema. A rule that
AWS marks as a warning warns here too; all others fail.
"""

import warnings

import pytest

from sandbox.contract.lint import Result
from sandbox.contract.session import LintWarning


def judge(result: Result) -> None:
    """Fail with what a rule has found."""
    if not result.applies:
        pytest.skip("the rule is about something that this schema does not have")
    failures = [str(finding) for finding in result.findings if not finding.warning]
    for finding in result.findings:
        if finding.warning:
            warnings.warn(LintWarning(str(finding)), stacklevel=1)
    if failures:
        pytest.fail("; ".join(failures), pytrace=False)


def linter_checks(rule: Result) -> None:
    """The schema keeps AWS's rule."""
    judge(rule)


def backward_compatibility(compatibility_rule: Result) -> None:
    """The schema is compatible with the version before by AWS's rule: nothing removed, nothing tightened."""
    judge(compatibility_rule)
