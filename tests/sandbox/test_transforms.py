"""What CloudFormation's own transforms make of a template."""

import re
from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from sandbox.cloudformation import transforms

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}


def for_each(collection: Any) -> dict[str, Any]:  # noqa: ANN401 - a list or an intrinsic function
    """A template with a topic for each member of a collection."""
    return {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a"}},
        "Resources": {"Fn::ForEach::Topics": ["Name", collection, {"Topic${Name}": TOPIC}]},
    }


def test_a_template_without_a_transform_stays_as_it_is() -> None:
    """Equal, and a copy."""
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    result = transforms.processed(template, {}, "us-east-1")
    assert result == template
    assert result is not template


def test_for_each_makes_a_resource_of_each_member() -> None:
    """With the member's value wherever the loop's name is referred to."""
    result = transforms.processed(for_each(["One", "Two"]), {}, "us-east-1")
    assert result["Resources"] == {
        "TopicOne": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "One"}},
        "TopicTwo": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Two"}},
    }
    assert "Transform" not in result


def test_a_collection_may_be_a_parameter() -> None:
    """The stack's value counts, and the parameter's declaration stays."""
    template = for_each({"Ref": "Names"})
    result = transforms.processed(template, {"Names": "One,Two,Three"}, "us-east-1")
    assert list(result["Resources"]) == ["TopicOne", "TopicTwo", "TopicThree"]
    assert result["Parameters"] == template["Parameters"]


def test_sam_s_transform_is_accepted() -> None:
    """A SAM template may have resources of any type; SAM's own stay as they are, and are unknown then."""
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    template = {"Transform": ["AWS::Serverless-2016-10-31"], "Resources": resources}
    assert transforms.processed(template, {}, "us-east-1") == {"Resources": resources}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"Transform": "My::Own::Macro", "Resources": {}}, "This sandbox has no transform My::Own::Macro"),
        (
            {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::Topics": ["Name", "a"]}},
            "Transform failed with: .*",
        ),
    ],
)
def test_what_can_t_be_transformed_is_said(template: dict[str, Any], said: str) -> None:
    """As a validation error of the template."""
    with pytest.raises(ValidationError) as refused:
        transforms.processed(template, {}, "us-east-1")
    assert re.search(said, str(refused.value.message))
