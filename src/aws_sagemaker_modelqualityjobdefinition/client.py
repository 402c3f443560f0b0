"""The SageMaker client: region, time limits of one attempt, user agent."""

from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.exceptions import InvalidCredentials, InvalidRequest

from . import deadline

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# One attempt takes 1 s for the connection (for each address of the endpoint's that does not answer) and 3.5 s for all
# of the answer (deadline.py). How often a call is attempted is up to attempts.py, how long an invocation takes to
# plugin.py.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=3.5,
    retries={"mode": "standard", "total_max_attempts": 1},
    user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0",
)


def sagemaker(session: SessionProxy | None, region: str | None) -> "SageMakerClient":
    """Return a client for SageMaker with the caller's credentials, in the request's region.

    Args:
        session: The caller's session. It has no region: the library makes it without one.
        region: The region that the request is for.

    Raises:
        InvalidCredentials: CloudFormation sent no credentials.
        InvalidRequest: The region is no region's name.
    """
    if session is None:
        raise InvalidCredentials(
            "CloudFormation sent no credentials. Was the type registered without an execution role "
            "(cfn submit --no-role)?"
        )
    try:
        client: SageMakerClient = session.client("sagemaker", region_name=region, config=CONFIG)
    except InvalidRegionError as error:
        raise InvalidRequest(str(error)) from error
    deadline.watch(client)
    return client
