"""What AWS's validator says of a property: a line for each violated keyword, with the sandbox's hint.

Source: ValidationException in aws-cloudformation/cloudformation-resource-schema, which decides what a line may show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cfn_sandbox.values import JSON

Rules = Mapping[str, JSON]

# Messages about other keywords are replaced in events, because they can hold values.
_SAFE = frozenset(
    (
        *("required", "minProperties", "maxProperties", "dependencies", "additionalProperties"),
        *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "contains"),
        *("type", "allOf", "anyOf", "oneOf"),
    )
)
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "pattern": "text that matches {}",
    "format": "a valid {}",
    "const": "{}",
}


@dataclass(frozen=True)
class Violation:
    """A violation, or the ones that a combination of schemas consists of.

    Args:
        message: the library's message. It can hold a value.
        keyword: the violated keyword; None for several violations of one schema, which have no line.
        rules: the schema with that keyword.
        causes: why no branch of a combination is satisfied, or the several violations.
        pointer: the path of the value, as a JSON pointer.
    """

    message: str
    keyword: str | None
    rules: Rules = field(default_factory=dict, repr=False)
    causes: tuple[Violation, ...] = ()
    pointer: str = ""

    def below(self, key: str | int) -> Violation:
        """Return the violation as its parent has it. As in the library, each level of causes is escaped once more."""
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        causes = tuple(cause.below(escaped) for cause in self.causes)
        return replace(self, pointer=f"/{escaped}{self.pointer}", causes=causes)

    @property
    def line(self) -> str:
        """The line in a stack event. It holds no value."""
        scrubbed = f"failed validation constraint for keyword [{self.keyword}]"
        return f"#{self.pointer}: {self.message if self.keyword in _SAFE else scrubbed}"

    @property
    def hinted_line(self) -> str:
        """The line, with the sandbox's hint where the line doesn't say what is allowed."""
        return self.line if self.keyword in _SAFE else self.line + _hint(str(self.keyword), self.rules)

    @property
    def full_line(self) -> str:
        """The line with the values, as pre-deployment validation reports it."""
        return f"#{self.pointer}: {self.message}"

    def flat(self) -> Iterator[Violation]:
        """Yield each violation that has a line."""
        if self.keyword is not None:
            yield self
        for cause in self.causes:
            yield from cause.flat()


def _hint(keyword: str, rules: Rules) -> str:
    """Return a hint about a keyword's limit, to be put behind the line.

    Args:
        keyword: the violated keyword.
        rules: the schema with that keyword.
    """
    rule, description = rules.get(keyword), rules.get("description")
    if isinstance(rule, list):
        limit = "one of " + ", ".join(map(str, rule))
    else:
        limit = _LIMITS[keyword].format(rule) if keyword in _LIMITS else "see the schema"
    meaning = description.split("\n", 1)[0] if isinstance(description, str) else ""
    return f" (sandbox's hint: {limit}{'. ' + meaning if meaning else ''})"
