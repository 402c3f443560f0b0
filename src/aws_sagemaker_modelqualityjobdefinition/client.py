"""The SageMaker client: region, time limits, retries, user agent."""

from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.exceptions import InvalidCredentials, InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# A handler has 60 s an invocation, READ and LIST 30 s (the contract's limits). The longest that one call can take: two
# attempts that time out, 2 x (1 + 3.5) s and next to no pause, 9.1 s; or an answer of "slow down" after up to 1 s, a
# pause of at most 1 + 5 s (botocore's jitter and x-amz-retry-after) and an attempt that times out, 11.5 s. The most
# calls are made by
#   UPDATE  Describe, ListTags, DeleteTags, AddTags, ListTags     5 x 11.5 = 57.5 s
#   CREATE  Create, Describe (of a name that is taken), Describe, ListTags   4 x 11.5 = 46 s
#   READ    Describe, ListTags                                    2 x 11.5 = 23 s
# and log and metric delivery, which gives up after its first failure (plugin.py), adds 2 s.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=3.5,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0",
)


def sagemaker(session: SessionProxy | None, region: str | None) -> "SageMakerClient":
    """Return a client for SageMaker with the caller's credentials, in the request's region.

    Args:
        session: The caller's session. It knows no region of its own: the library makes it without one.
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
    return client
