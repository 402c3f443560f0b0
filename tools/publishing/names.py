"""Type names: the rules for names that users can register, and the spellings that cfn derives from a name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.publishing.errors import PublishingError

# CloudFormation API Reference, RegisterType. CloudFormation's own comparison respects case. Here it doesn't, so that no
# name differs from a reserved one only in case.
RESERVED_NAMESPACES = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")
# `typeName` in base.definition.schema.v1.json, the meta-schema that cfn validates a schema with.
_PATTERN = re.compile(r"[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}")
_EXAMPLE = "Acme::SageMaker::ModelQualityJobDefinition"


@dataclass(frozen=True)
class TypeName:
    """The name of a resource type, in a template's spelling."""

    value: str

    @classmethod
    def user_provided(cls, text: str) -> TypeName:
        """Return a text as a type name, if users other than AWS can register it.

        Raises:
            PublishingError: The text is empty, malformed, or in a namespace that CloudFormation reserves.
        """
        if not text:
            raise PublishingError(f"The type needs a name of your own, for example TYPE_NAME={_EXAMPLE}.")
        if not _PATTERN.fullmatch(text):
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

    @property
    def package(self) -> str:
        """The Python package of the handlers, for example acme_sagemaker_modelqualityjobdefinition."""
        return self.value.replace("::", "_").lower()

    @property
    def hyphenated(self) -> str:
        """The type in ARNs, for example Acme-SageMaker-ModelQualityJobDefinition."""
        return self.value.replace("::", "-")

    @property
    def stem(self) -> str:
        """The file name of schema and zip, and the prefix of log group and stacks, for example acme-sagemaker-..."""
        return self.hyphenated.lower()

    @property
    def spellings(self) -> tuple[str, str, str, str]:
        """All four spellings, in the same order for every name."""
        return (self.value, self.package, self.hyphenated, self.stem)
