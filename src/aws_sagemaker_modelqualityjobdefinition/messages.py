"""The failures of this type, as data: SageMaker's error codes and the handler error that each becomes, and messages.

A message is a code and words with parts in braces. guides/messages.toml says when and why.
"""

from functools import partial

from cloudformation_cli_python_lib import HandlerErrorCode as Code
from cloudformation_cli_python_lib import exceptions

from . import TYPE_NAME
from .runtime.errors import COMMON, Codes, Errors
from .runtime.failures import Message

# The errors that SageMaker's API reference lists for the operations, and those of AWS KMS, which SageMaker passes on.
_CODES: Codes = {
    exceptions.AccessDenied: ("KMSAccessDeniedException", "KMSKeyNotAccessibleFault"),
    exceptions.AlreadyExists: ("ResourceAlreadyExists", "ResourceAlreadyExistsException"),
    exceptions.InvalidRequest: (
        "KMSDisabledException", "KMSInvalidKeyUsageException", "KMSInvalidStateException", "KMSNotFoundException",
        "KMSOptInRequired",
    ),
    exceptions.NotFound: ("ResourceNotFound", "ResourceNotFoundException"),
    exceptions.ResourceConflict: ("ConflictException", "ResourceInUse", "ResourceInUseException"),
    exceptions.ServiceInternalError: ("KMSInternalException",),
    exceptions.ServiceLimitExceeded: ("ResourceLimitExceeded", "ServiceQuotaExceededException"),
    exceptions.Throttling: ("KMSThrottlingException",),
}  # fmt: skip

ERRORS = Errors(TYPE_NAME, "SageMaker", COMMON, _CODES)
"""Translates SageMaker's errors."""

_invalid = partial(Message, Code.InvalidRequest)
_not_found = partial(Message, Code.NotFound)
_unclear = partial(Message, Code.ServiceInternalError)
_taken = partial(Message, Code.AlreadyExists)
_progress = partial(Message, None)

NO_CREDENTIALS = Message(
    Code.InvalidCredentials,
    "CloudFormation sent no credentials. Was the type registered without an execution role (cfn submit --no-role)?",
)
NO_PROPERTIES = _invalid("The request has no properties.")
NO_KNOWLEDGE = _invalid("callbackContext doesn't come from an answer of this resource type.")
OTHER_KNOWLEDGE = _invalid("callbackContext is about another definition than the properties.")

UNKNOWN_PROPERTY = _invalid("{path} is not a property of this type.")
WRONG_TYPE = _invalid("{path} must be {kind}.")
NO_TEXT = _invalid("{path} must be a string.")
TOO_MANY_MEMBERS = _invalid("{path} has {count} members, more than any that SageMaker accepts.")
HALF_A_CHARACTER = _invalid("{path} contains half of a surrogate pair, which is not a character.")
NO_FORMAT = _invalid(
    "ModelQualityJobInput/BatchTransformInput/DatasetFormat must name a format: Csv, Json or Parquet: true."
)
TAG_IS_INCOMPLETE = _invalid("/Tags/{number}/{member} is missing.")
TAG_IS_RESERVED = _invalid("/Tags/{number}: the key '{key}' begins with aws:, reserved for AWS.")
TAG_IS_REPEATED = _invalid("/Tags/{number}: the key '{key}' is used more than once.")
TOO_MANY_TAGS = _invalid("{count} tags, {own} of the Tags property and {others} of the stack: the limit is {limit}.")
NO_ARN = _invalid(
    "'{arn}' is not the ARN of a model quality job definition: "
    "arn:<partition>:sagemaker:<region>:<account>:model-quality-job-definition/<name>"
)
NO_IDENTIFIER = _not_found(
    "Resource of type '{type}' with identifier '(no JobDefinitionArn and no JobDefinitionName)' was not found."
)
NOT_HERE = _not_found(
    "Resource of type '{type}' with identifier '{arn} (this request is for {region}, account {account})' was not found."
)
NOT_UPDATABLE = Message(Code.NotUpdatable, "{properties}: can't be updated in place; a change requires replacement.")

NO_DESCRIPTION = _unclear("SageMaker's description of the definition can't be read: {problem}")
ENDLESS_TAGS = _unclear("SageMaker's list of the definition's tags has over {pages} pages.")
OLD_REPLICA = _unclear("SageMaker describes the definition, but doesn't list its tags: {problem}")
TAGS_LAG = Message(Code.NotStabilized, "SageMaker did not report the tags within {seconds} seconds.")
CHANGED_TAGS_LAG = Message(Code.NotStabilized, "SageMaker did not report the changed tags within {seconds} seconds.")

NONE_IS_VISIBLE = _unclear("{problem} It is unknown whether the definition was created: none is visible.")
NOBODY_KNOWS = _unclear("{problem} It is unknown whether the definition was created: {look}")

_NOT_AGAIN = "The request is not sent again, because it is unknown whether the definition is still the same one: "
NOT_DECIDED = _unclear(_NOT_AGAIN + "{problem}")
TOO_CLOSE = _unclear(_NOT_AGAIN + "it was created within seconds of the first request.")
NO_TIMES = _unclear(_NOT_AGAIN + "SageMaker's answer has no time that can be read.")

# A name is taken. SageMaker's own text follows each.
IS_EQUAL = _taken(
    "It was created at {created} and equals the request{doubt}. If you tried this operation at that time, an earlier "
    "attempt created it and its answer was lost: delete the definition and try again, or import it into the stack. "
    "Otherwise it belongs to somebody else: choose another JobDefinitionName."
)
DIFFERS = _taken(
    "It may be the one that this update replaces: CloudFormation creates the new definition before it deletes the old "
    "one, so change JobDefinitionName in the same update, or leave it out and have one generated. It was created at "
    "{created} and differs from the request in {properties}. If it isn't this stack's, choose another "
    "JobDefinitionName, or delete the definition if nobody needs it."
)
DIFFERS_OUTSIDE_STACKS = _taken(
    "It was created at {created} and differs from the request in {properties}, so this request didn't create it. "
    "Choose another JobDefinitionName, or delete the definition first if nobody needs it."
)
CAN_NOT_BE_READ = _taken(
    "It can't be read: {problem} It may be the one that this update replaces: then change JobDefinitionName in the "
    "same update, or leave it out and have one generated. Otherwise find out whose it is."
)
CAN_NOT_BE_READ_OUTSIDE_STACKS = _taken(
    "It can't be read: {problem} Find out whose it is, or choose another JobDefinitionName."
)
GENERATED_NAME_IS_TAKEN = _taken(
    "This request generates the name, and the definition that has it differs from the request in {properties}, so "
    "somebody else created it. Delete it if nobody needs it, and try again."
)

# Messages while an operation is in progress.
LOOKING_AGAIN = _progress("Looking again in {seconds} s. {problem}")
WAITING_FOR_TAGS = _progress("Waiting until SageMaker reports the tags; looking again in {seconds} s.")
WAITING_FOR_SCHEDULE = _progress(
    "Waiting until the monitoring schedule that uses the definition is deleted; trying again in {seconds} s. {problem}"
)
