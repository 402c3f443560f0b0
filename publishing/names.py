"""Type names: which ones can be registered, and the spellings that cfn derives from them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from publishing.errors import PublishingError

# CloudFormation API Reference, RegisterType. CloudFormation compares type names as they are written; refusing
# every case of letters keeps a name out that differs from a reserved one by nothing else.
RESERVED_NAMESPACES = ("Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev")
# `typeName` in base.definition.schema.v1.json, the meta-schema that cfn validates a schema with.
_PATTERN = re.compile(r"[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}")
_EXAMPLE = "Acme::SageMaker::ModelQualityJobDefinition"


@dataclass(frozen=True)
class TypeName:
    """The name of a resource type, as a template writes it."""

    value: str

    @classmethod
    def of_ones_own(cls, text: str) -> TypeName:
        """Give the type name that this text is, if it can be registered by anybody but AWS.

        Raises:
            PublishingError: It is missing, malformed, or in a namespace that CloudFormation reserves.
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
        """The Python package of the handlers: acme_sagemaker_modelqualityjobdefinition."""
        return self.value.replace("::", "_").lower()

    @property
    def hyphenated(self) -> str:
        """The type in ARNs: Acme-SageMaker-ModelQualityJobDefinition."""
        return self.value.replace("::", "-")

    @property
    def stem(self) -> str:
        """The schema's and the zip's file name, the log group's and the stacks' prefix: acme-sagemaker-..."""
        return self.hyphenated.lower()

    @property
    def spellings(self) -> tuple[str, str, str, str]:
        """All four, in an order that is the same for every name."""
        return (self.value, self.package, self.hyphenated, self.stem)
