"""Type names: the rules for names that users can register."""

from __future__ import annotations

from dataclasses import dataclass

from cfn_sandbox.packaging import renaming
from tools.publishing.errors import PublishingError

# CloudFormation API Reference, RegisterType. CloudFormation's own comparison respects case. Here it doesn't, so that no
# name differs from a reserved one only in case.
RESERVED_NAMESPACES = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")
_EXAMPLE = "Acme::SageMaker::ModelQualityJobDefinition"


@dataclass(frozen=True)
class TypeName(renaming.TypeName):
    """The name of a resource type, in a template's spelling."""

    @classmethod
    def user_provided(cls, text: str) -> TypeName:
        """Return a text as a type name, if users other than AWS can register it.

        Raises:
            PublishingError: The text is empty, malformed, or in a namespace that CloudFormation reserves.
        """
        if not text:
            raise PublishingError(f"The type needs a name of your own, for example TYPE_NAME={_EXAMPLE}.")
        if not renaming.PATTERN.fullmatch(text):
            raise PublishingError(
                f"{text!r} is not a type name: that is three parts of 2 to 64 letters and digits, "
                f"joined by '::', for example {_EXAMPLE}."
            )
        namespace = text.partition("::")[0]
        if namespace.lower() in {reserved.lower() for reserved in RESERVED_NAMESPACES}:
            raise PublishingError(
                f"Nobody but AWS can register {text}: CloudFormation reserves the namespaces "
                f"{', '.join(RESERVED_NAMESPACES)}. Use your organisation's name, for example {_EXAMPLE}."
            )
        return cls(text)
