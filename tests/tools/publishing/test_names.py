"""Type names: which are refused, and the spellings that cfn derives from the others."""

import json
import re
from importlib.resources import files

import pytest

from cfn_sandbox.packaging import renaming
from tools.publishing.errors import PublishingError
from tools.publishing.names import TypeName


@pytest.mark.parametrize("reserved", ["Alexa", "AMZN", "Amazon", "ASK", "AWS", "Custom", "Dev"])
def test_a_reserved_namespace_is_refused_in_any_case(reserved: str) -> None:
    """The refusal lists the seven namespaces that CloudFormation reserves, and shows a valid name."""
    for namespace in (reserved, reserved.lower(), reserved.upper()):
        with pytest.raises(PublishingError) as refusal:
            TypeName.user_provided(f"{namespace}::SageMaker::Thing")
        assert str(refusal.value) == (
            f"Nobody but AWS can register {namespace}::SageMaker::Thing: CloudFormation reserves the namespaces "
            "Alexa, AMZN, Amazon, ASK, AWS, Custom, Dev. Use your organisation's name, for example "
            "Acme::SageMaker::ModelQualityJobDefinition."
        )


@pytest.mark.parametrize(
    "malformed",
    [
        "Acme",
        "Acme::SageMaker",
        "Acme::SageMaker::Thing::MODULE",
        "Acme:SageMaker:Thing",
        "A::SageMaker::Thing",
        "Acme::SageMaker::" + "T" * 65,
        "Acme::Sage-Maker::Thing",
        "Acme::Sage_Maker::Thing",
        "Acmé::SageMaker::Thing",
        " Acme::SageMaker::Thing",
        "Acme::SageMaker::Thing\n",
        "../../etc::passwd::xx",
    ],
)
def test_a_malformed_name_is_refused(malformed: str) -> None:
    """The refusal quotes the name and describes a valid one, in one line."""
    with pytest.raises(PublishingError) as refusal:
        TypeName.user_provided(malformed)
    message = str(refusal.value)
    assert message.startswith(f"{malformed!r} is not a type name: that is three parts of 2 to 64 letters and digits")
    assert "\n" not in message


def test_a_missing_name_is_refused() -> None:
    """Without a name, `make submit` fails and shows what to add."""
    with pytest.raises(
        PublishingError, match=r"needs a name of your own, for example TYPE_NAME=Acme::SageMaker::Model"
    ):
        TypeName.user_provided("")


@pytest.mark.parametrize("name", ["Awsome::Developer::Customer", "Ac::Me::To", "Acme::" + "S" * 64 + "::2X"])
def test_a_user_provided_type_name_is_used_unchanged(name: str) -> None:
    """A namespace is not reserved only because it begins like a reserved one."""
    assert TypeName.user_provided(name).value == name


def test_names_are_judged_by_the_pattern_of_cfns_meta_schema() -> None:
    """Our pattern for type names equals that of cfn's meta-schema."""
    meta = json.loads((files("rpdk.core") / "data/schema/base.definition.schema.v1.json").read_text())
    assert meta["properties"]["typeName"]["pattern"].lower() == f"^{renaming.PATTERN.pattern}$".lower()


def test_spellings() -> None:
    """Package, ARN and file names are spelled as cfn spells them."""
    name = TypeName.user_provided("Acme::SageMaker::ModelQualityJobDefinition")
    assert name.package == "acme_sagemaker_modelqualityjobdefinition"
    assert name.hyphenated == "Acme-SageMaker-ModelQualityJobDefinition"
    assert name.stem == "acme-sagemaker-modelqualityjobdefinition"
    assert all(re.fullmatch(r"[\w:-]+", spelling) for spelling in name.spellings)
