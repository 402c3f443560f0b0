"""The SageMaker client: its region, its timeouts for one attempt, its user agent."""

from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib import SessionProxy, exceptions

from . import messages
from .runtime import deadline, sessions
from .runtime.limits import DEFAULTS, Wire

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

config = partial(sessions.config, user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0")
"""Returns the settings of a client, for time limits of one attempt."""


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
        raise exceptions.InvalidRequest(str(error)) from error
    deadline.watch(client)
    return client


sessions.prepare("sagemaker", config(DEFAULTS.wire))
