"""Tags: how they are merged, compared, changed and reported."""

from typing import Any

import pytest
from cloudformation_cli_python_lib.exceptions import InvalidRequest
from hypothesis import given
from hypothesis import strategies as st

from aws_sagemaker_modelqualityjobdefinition import tags, translation
from aws_sagemaker_modelqualityjobdefinition.models import Tag
from tools.envelopes import arn, minimal

keys = st.sampled_from(["a", "b", "c", "d", "aws:a", "AWS:b"])
any_tags = st.dictionaries(keys, st.sampled_from(["1", "2"]))
own_tags = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["1", "2"]))


def as_property(own: dict[str, str]) -> list[Tag]:
    """Return tags as the Tags property has them."""
    return [Tag(Key=key, Value=value) for key, value in own.items()]


@given(any_tags, own_tags)
def test_the_resources_own_tags_win_and_aws_keys_are_left_out(stack: dict[str, str], own: dict[str, str]) -> None:
    """A value comes from the resource's own tags, else from the stack's. Keys that begin with aws: are left out."""
    merged = tags.merge(stack, as_property(own))
    for key in {*stack, *own}:
        assert merged.get(key) == (own.get(key) or (None if tags.reserved(key) else stack[key]))


@given(any_tags, own_tags, own_tags)
def test_a_change_sets_and_removes_what_is_not_as_desired_and_leaves_the_rest(
    actual: dict[str, str], previous: dict[str, str], desired: dict[str, str]
) -> None:
    """Tags are as desired if a change of them would change nothing that is there; AWS's own are never touched."""
    to_set, to_remove = tags.change(previous, desired, actual)
    after = {key: value for key, value in actual.items() if key not in to_remove} | to_set
    assert desired.items() <= after.items()
    assert not (previous.keys() - desired.keys()) & after.keys()
    untouched = actual.keys() - previous.keys() - desired.keys()
    assert {key: after[key] for key in untouched} == {key: actual[key] for key in untouched}
    assert tags.are_as_desired(previous, desired, after)
    assert tags.are_as_desired(previous, desired, actual) is (after == actual)
    assert not any(tags.reserved(key) for key in [*to_set, *to_remove])


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ({"a": "2"}, True),
        ({"a": "2", "others": "1"}, True),
        ({"a": "1"}, False),
        ({}, False),
        ({"a": "2", "b": "1"}, False),
        ({"a": "2", "b": "of others"}, False),
    ],
)
def test_tags_are_as_desired(actual: dict[str, str], *, expected: bool) -> None:
    """What the update changes from a=1, b=1 to a=2: the value is the new one, and the removed key is gone."""
    assert tags.are_as_desired({"a": "1", "b": "1"}, {"a": "2"}, actual) is expected


@given(any_tags, any_tags, own_tags, own_tags)
def test_a_change_makes_what_is_there_what_is_desired_whatever_was_seen(
    actual: dict[str, str], listed: dict[str, str], previous: dict[str, str], desired: dict[str, str]
) -> None:
    """A change sets and removes what differs between previous and desired, even if a lagging read shows it as done."""
    to_set, to_remove = tags.change(previous, desired, listed)
    before = actual | {key: value for key, value in previous.items() if desired.get(key) == value}
    after = {key: value for key, value in before.items() if key not in to_remove} | to_set
    assert desired.items() <= after.items()
    assert not (previous.keys() - desired.keys()) & after.keys()
    for key in actual.keys() - previous.keys() - desired.keys():
        assert after[key] == actual[key]
    assert tags.change(desired, desired, desired) == ({}, [])


@pytest.mark.parametrize(("key", "value", "word"), [(None, "1", "/Tags/1/Key"), ("a", None, "/Tags/1/Value")])
def test_a_tag_without_key_or_value_is_refused(key: str | None, value: str | None, word: str) -> None:
    """A tag without a key or a value is refused, because it would become a tag called None."""
    with pytest.raises(InvalidRequest, match=f"{word} is missing"):
        tags.merge({}, [Tag(Key="x", Value="y"), Tag(Key=key, Value=value)])


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"team": "1", "aws:x": "2"}, "/Tags/1: the key 'aws:x' begins with aws:, reserved for AWS."),
        ({"AWS:x": "2"}, "/Tags/0: the key 'AWS:x' begins with aws:, reserved for AWS."),
    ],
)
def test_a_key_of_awss_is_refused(own: dict[str, str], message: str) -> None:
    """SageMaker would refuse the whole request for a tag that only AWS can set."""
    with pytest.raises(InvalidRequest) as caught:
        tags.merge({}, as_property(own))
    assert str(caught.value) == message


def test_a_key_that_is_used_twice_is_refused() -> None:
    """One of the two values would be lost."""
    with pytest.raises(InvalidRequest) as caught:
        tags.merge({}, [*as_property({"a": "1", "b": "1"}), Tag(Key="a", Value="2")])
    assert str(caught.value) == "/Tags/2: the key 'a' is used more than once."


@given(any_tags)
def test_a_report_has_all_but_the_tags_of_aws(actual: dict[str, str]) -> None:
    """A report has all tags except AWS's, in SageMaker's order."""
    description: Any = minimal() | {"JobDefinitionArn": arn("fraud"), "JobDefinitionName": "fraud"}
    reported = [(tag.Key, tag.Value) for tag in translation.model(description, actual).Tags or ()]
    assert reported == [(key, value) for key, value in actual.items() if not key.lower().startswith("aws:")]


@given(own_tags)
def test_the_wire_has_the_same_tags(own: dict[str, str]) -> None:
    """In SageMaker's form, tags are the same, and in the same order."""
    assert [(tag["Key"], tag["Value"]) for tag in tags.to_wire(own)] == [*own.items()]


@pytest.mark.parametrize(
    ("stack", "own", "message"),
    [
        (50, 0, ""),
        (0, 50, ""),
        (48, 3, "51 tags, 3 of the Tags property and 48 of the stack: the limit is 50."),
        (1, 50, "51 tags, 50 of the Tags property and 1 of the stack: the limit is 50."),
    ],
)
def test_fifty_is_the_limit(stack: int, own: int, message: str) -> None:
    """SageMaker's limit of 50 tags is for the stack's and the resource's own together."""
    arguments = {f"s{n}": "" for n in range(stack)}, as_property({f"o{n}": "" for n in range(own)})
    if not message:
        assert len(tags.merge(*arguments)) == 50
        return
    with pytest.raises(InvalidRequest) as caught:
        tags.merge(*arguments)
    assert str(caught.value) == message
