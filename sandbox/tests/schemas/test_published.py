"""AWS's published schemas, as cfn-lint has them."""

import subprocess
import sys

import pytest

from cfn_sandbox.schemas import published


@pytest.mark.parametrize("name", ["AWS::SNS::Topic", "AWS::SageMaker::MonitoringSchedule", "AWS::Acme::Unknown"])
def test_a_schema_is_the_one_that_the_linter_gives(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A schema read from cfn-lint's files is the one that cfn-lint itself gives, as it does where the files differ."""
    read = published.schema.__wrapped__(name)
    monkeypatch.setattr(published, "_index", lambda: None)
    given = published.schema.__wrapped__(name)
    assert (read and read.document) == (given and given.document)
    assert (read is None) == (name == "AWS::Acme::Unknown")


def test_the_linter_is_not_imported_for_a_schema() -> None:
    """A schema is found without the imports of cfn-lint, which take a second."""
    code = """
import sys
from cfn_sandbox.schemas import published
assert published.schema("AWS::SNS::Topic")
sys.exit("cfnlint" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
