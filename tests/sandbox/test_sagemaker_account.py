"""An account with SageMaker's rules."""

import pytest

from tools import sagemaker as service
from tools.sagemaker.rules import Fault


def test_faults_reach_clients_of_the_account() -> None:
    """A fault given to the account makes one SageMaker call fail; the next one succeeds."""
    with service.account(
        faults=[Fault("ListModelQualityJobDefinitions", code="ThrottlingException", status=400)]
    ) as account:
        sagemaker = account.client("sagemaker")
        with pytest.raises(sagemaker.exceptions.ClientError, match="ThrottlingException"):
            sagemaker.list_model_quality_job_definitions()
        assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []
