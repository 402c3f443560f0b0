"""Tags: how they are merged, compared, changed and reported."""

import pytest
from cloudformation_cli_python_lib.exceptions import InvalidRequest
from hypothesis import given
from hypothesis import strategies as st

from aws_sagemaker_modelqualityjobdefinition import tags
from aws_sagemaker_modelqualityjobdefinition.models import Tag

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
def test_a_difference_makes_what_is_there_what_is_desired(
    actual: dict[str, str], previous: dict[str, str], desired: dict[str, str]
) -> None:
    """A difference sets the desired tags, removes the previous ones that are no longer desired, and leaves the rest."""
    to_set, to_remove = tags.difference(previous, desired, actual)
    after = {key: value for key, value in actual.items() if key not in to_remove} | to_set
    assert desired.items() <= after.items()
    assert not (previous.keys() - desired.keys()) & after.keys()
    untouched = actual.keys() - previous.keys() - desired.keys()
    assert {key: after[key] for key in untouched} == {key: actual[key] for key in untouched}
    assert tags.difference(previous, desired, after) == ({}, [])
    assert not any(tags.reserved(key) for key in [*to_set, *to_remove])


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


@given(any_tags)
def test_a_report_has_all_but_the_tags_of_aws(actual: dict[str, str]) -> None:
    """A report has all tags except AWS's, in SageMaker's order."""
    reported = [(tag.Key, tag.Value) for tag in tags.report(actual)]
    assert reported == [(key, value) for key, value in actual.items() if not key.lower().startswith("aws:")]


@given(own_tags)
def test_the_wire_has_the_same_tags(own: dict[str, str]) -> None:
    """Tags stay the same when they are converted to SageMaker's form and back."""
    assert tags.from_wire(tags.to_wire(own)) == own


@pytest.mark.parametrize(("stack", "own", "fits"), [(50, 0, True), (0, 50, True), (50, 1, False), (1, 50, False)])
def test_fifty_is_the_limit(stack: int, own: int, *, fits: bool) -> None:
    """SageMaker's limit of 50 tags is for the stack's and the resource's own together."""
    arguments = {f"s{n}": "" for n in range(stack)}, as_property({f"o{n}": "" for n in range(own)})
    if fits:
        assert len(tags.merge(*arguments)) == 50
    else:
        with pytest.raises(InvalidRequest, match="51 tags"):
            tags.merge(*arguments)
