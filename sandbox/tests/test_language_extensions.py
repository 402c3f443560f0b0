"""AWS::LanguageExtensions expands loops in a template."""

from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from cfn_sandbox.cloudformation import language_extensions

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Name"}}}


def for_each(collection: Any) -> dict[str, Any]:  # noqa: ANN401 - a list or an intrinsic function
    """Return a template with a topic for each member of a collection."""
    return {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a"}},
        "Resources": {"Fn::ForEach::Topics": ["Name", collection, {"Topic${Name}": TOPIC}]},
    }


def test_for_each_makes_a_resource_of_each_member() -> None:
    """Fn::ForEach creates a resource for each member, and replaces references to the loop's name."""
    result = language_extensions.expand(for_each(["One", "Two"]), {}, "us-east-1")
    assert result["Resources"] == {
        "TopicOne": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "One"}},
        "TopicTwo": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Two"}},
    }


def test_a_collection_may_be_a_parameter() -> None:
    """A parameter's value can be the collection, and the parameter's declaration stays."""
    template = for_each({"Ref": "Names"})
    result = language_extensions.expand(template, {"Names": "One,Two,Three"}, "us-east-1")
    assert list(result["Resources"]) == ["TopicOne", "TopicTwo", "TopicThree"]
    assert result["Parameters"] == template["Parameters"]


def test_a_template_that_can_t_be_expanded_is_reported() -> None:
    """An invalid loop raises a validation error with the transform's own message."""
    template = {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::Topics": ["Name", "a"]}}
    with pytest.raises(ValidationError) as refused:
        language_extensions.expand(template, {}, "us-east-1")
    assert str(refused.value.message).startswith("Transform AWS::LanguageExtensions failed with: ")
