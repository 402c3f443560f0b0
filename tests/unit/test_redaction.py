"""Values of Environment in messages."""

from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition import redaction, translation
from aws_sagemaker_modelqualityjobdefinition.models import ResourceHandlerRequest
from tools.envelopes import Json, minimal


def request_of(environment: Json | None, previous: Json | None = None) -> ResourceHandlerRequest:
    """Return a request with these environments in the desired and in the previous state."""

    def state(values: Json | None) -> Any:  # noqa: ANN401 - a model
        own = minimal()
        own["ModelQualityAppSpecification"] |= {} if values is None else {"Environment": values}
        return translation.Model._deserialize(own)

    request: Any = ResourceHandlerRequest.__new__(ResourceHandlerRequest)
    request.desiredResourceState = state(environment)
    request.previousResourceState = state(previous) if previous is not None else None
    return request  # type: ignore[no-any-return]  # see above


@pytest.mark.parametrize(
    ("environment", "text", "hidden"),
    [
        ({"KEY": "s3cret"}, "Value 's3cret' is bad", "Value '(value of Environment/KEY)' is bad"),
        ({"KEY": "s3cret"}, "s3cret, s3cret.", "(value of Environment/KEY), (value of Environment/KEY)."),
        ({"KEY": "s3cret"}, "s3crets and as3cret and s3cret_x", "s3crets and as3cret and s3cret_x"),
        ({"KEY": "a+b(c)"}, "is a+b(c)!", "is (value of Environment/KEY)!"),
        ({"KEY": "debug"}, "debug is 'debug' or \"debug\" or `debug`", "debug is '...' or \"...\" or `...`"),
        ({"KEY": "on"}, "upon' and 'one are words", "upon' and 'one are words"),
        ({"KEY": ""}, "Value '' is bad", "Value '' is bad"),
        ({"ONE": "secret", "TWO": "secret-more"}, "secret-more", "(value of Environment/TWO)"),
        ({"ONE": "same-value", "TWO": "same-value"}, "same-value", "(value of Environment/ONE)"),
        ({}, "a text", "a text"),
        (None, "a text", "a text"),
    ],
)
def test_values_are_hidden(environment: Json | None, text: str, hidden: str) -> None:
    """From six characters on, a value is hidden as a whole word; a shorter one within quotes."""
    assert redaction.hidden(request_of(environment), text) == hidden


def test_previous_values_are_hidden_too() -> None:
    """An update has two states."""
    assert redaction.hidden(request_of({"A": "new-value"}, {"B": "old-value"}), "new-value old-value") == (
        "(value of Environment/A) (value of Environment/B)"
    )


def test_a_request_without_properties_hides_nothing() -> None:
    """LIST and an import have no Environment."""
    request = request_of(None)
    request.desiredResourceState = None
    assert redaction.hidden(request, "a text") == "a text"


def test_a_long_text_is_cut_before_it_is_searched() -> None:
    """A message shows 1,000 characters; an answer can have millions."""
    assert len(redaction.hidden(request_of({"KEY": "s3cret"}), "x" * 60_000)) == 50_000
