"""The SageMaker client: its region, its timeouts for one attempt, its user agent."""

from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.exceptions import InvalidCredentials, InvalidRequest

from .runtime import deadline, sessions

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# One attempt takes at most 1 s to connect (per address of the endpoint that doesn't answer) and 3.5 s for the whole
# answer (deadline.py). attempts.py limits the attempts of a call, plugin.py the time of an invocation.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=3.5,
    retries={"mode": "standard", "total_max_attempts": 1},
    user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0",
)

sessions.prepare("sagemaker", CONFIG)


def sagemaker(session: SessionProxy | None, region: str | None) -> "SageMakerClient":
    """Return a SageMaker client with the caller's credentials, in the request's region.

    Args:
        session: The caller's session. It has no region: the library creates it without one.
        region: The request's region.

    Raises:
        InvalidCredentials: CloudFormation sent no credentials.
        InvalidRequest: The region's name is malformed.
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
