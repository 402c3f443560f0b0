"""The SageMaker client: its region, its timeouts for one attempt, its user agent."""

from functools import cache
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.exceptions import InvalidRequest

from . import messages
from .runtime import deadline, sessions
from .runtime.limits import DEFAULTS, Wire

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def sagemaker(session: SessionProxy | None, region: str | None, wire: Wire) -> "SageMakerClient":
    """Return a SageMaker client with the caller's credentials, in the request's region: the session has none.

    The wire's time limits are those of one attempt.

    Raises:
        InvalidCredentials: CloudFormation sent no credentials.
        InvalidRequest: The region's name is malformed.
    """
    if session is None:
        raise messages.NO_CREDENTIALS.error()
    try:
        client: SageMakerClient = session.client("sagemaker", region_name=region, config=config(wire))
    except InvalidRegionError as error:
        raise InvalidRequest(str(error)) from error
    deadline.watch(client)
    return client


@cache
def config(wire: Wire) -> Config:
    """Return the settings of a client: always the same object for the same limits, because reuse depends on it."""
    return Config(
        connect_timeout=wire.connect,
        read_timeout=wire.answer,
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0",
    )


sessions.prepare("sagemaker", config(DEFAULTS.wire))
