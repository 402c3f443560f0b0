"""The error codes of SageMaker, and the handler error that each becomes.

The table has the errors that SageMaker's API reference lists for the operations, and those of AWS KMS, which SageMaker
passes on. runtime/errors.py has those that every service of AWS shares.
"""

from cloudformation_cli_python_lib import exceptions

from . import TYPE_NAME
from .runtime.errors import COMMON, Codes, Errors

_OURS: Codes = {
    exceptions.AccessDenied: ("KMSAccessDeniedException", "KMSKeyNotAccessibleFault"),
    exceptions.AlreadyExists: ("ResourceAlreadyExists", "ResourceAlreadyExistsException"),
    exceptions.InvalidRequest: (
        "KMSDisabledException",
        "KMSInvalidKeyUsageException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
    ),
    exceptions.NotFound: ("ResourceNotFound", "ResourceNotFoundException"),
    exceptions.ResourceConflict: ("ConflictException", "ResourceInUse", "ResourceInUseException"),
    exceptions.ServiceInternalError: ("KMSInternalException",),
    exceptions.ServiceLimitExceeded: ("ResourceLimitExceeded", "ServiceQuotaExceededException"),
    exceptions.Throttling: ("KMSThrottlingException",),
}

ERRORS = Errors(TYPE_NAME, "SageMaker", COMMON, _OURS)
"""Translates SageMaker's errors."""
