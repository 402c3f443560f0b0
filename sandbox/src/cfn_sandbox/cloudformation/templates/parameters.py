"""The values that a request gives to a template's parameters.

Sources: "Parameters" in the user guide; UsePreviousValue in the API reference; for an SSM parameter without a value,
LocalStack's recording of AWS, test_template_engine.snapshot.json.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cfn_sandbox.cloudformation.templates import parameter_types
from cfn_sandbox.cloudformation.templates.template import UNPRINTABLE, Object, Template
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, KNOWN_AFTER_APPLY, Reference, Unknown, Value, shown, text

MAXIMUM_BYTES = 4096  # of a parameter's value

# Looks a name (or `name:version`) up in Parameter Store. Returns None if there is no such parameter, and raises
# ValidationError for a SecureString.
ParameterStore = Callable[[str], str | None]


@dataclass(frozen=True)
class Parameters:
    """The values of a template's parameters, by key."""

    # each parameter's text, defaults included; of an SSM parameter, the name in Parameter Store
    texts: dict[str, str] = field(default_factory=dict)
    # what Ref returns: a text, or a list of texts for a list parameter; of an SSM parameter, what Parameter Store had
    values: dict[str, Value] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()  # the keys of NoEcho parameters
    resolved: frozenset[str] = frozenset()  # the keys of SSM parameters: DescribeStacks shows their ResolvedValue

    def described(self) -> list[dict[str, str]]:
        """Return the parameters as DescribeStacks and DescribeChangeSet show them. NoEcho values are `****`."""
        return [self._described(key) for key in self.texts]

    def _described(self, key: str) -> dict[str, str]:
        visible = {"ParameterValue": self.texts[key]}
        if key in self.resolved:
            visible["ResolvedValue"] = self.as_text(key)
        return {"ParameterKey": key, **(dict.fromkeys(visible, "****") if key in self.hidden else visible)}

    def as_text(self, key: str) -> str:
        """Return what Ref returns as a text, a list with commas between its members."""
        value = shown(self.values[key])
        return ",".join(map(text, value)) if isinstance(value, list) else text(value)


def resolve(
    template: Template,
    requested: Iterable[Mapping[str, JSON]],
    previous: Parameters | None,
    parameter_store: ParameterStore,
    unknown: Collection[str] = (),
) -> Parameters:
    """Return the values of a template's parameters for a request.

    Args:
        template: the template; checked.
        requested: the request's Parameters: ParameterKey, and ParameterValue or UsePreviousValue.
        previous: the stack's present values; None if there is no stack.
        parameter_store: reads Parameter Store, for SSM parameter types.
        unknown: the keys of the parameters whose values are known after apply, in a nested stack's change set.

    Raises:
        ValidationError: a value is missing, refused, or not in Parameter Store. No message repeats a value.
    """
    declarations = template.members("Parameters")
    given = _given(requested, previous) | dict.fromkeys(unknown, KNOWN_AFTER_APPLY)
    if extra := sorted(given.keys() - declarations.keys()):
        raise ValidationError(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    texts = {
        key: given[key] if key in given else text(declaration["Default"])
        for key, declaration in declarations.items()
        if key in given or "Default" in declaration
    }
    for key in declarations:
        if key not in texts and parameter_types.kind(declarations[key]).resolves:
            raise ValidationError(f"Parameter {key} should either have input value or default value")
    if missing := sorted(declarations.keys() - texts.keys()):
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for key, value in texts.items():
        _check_text(key, value)
        if key not in unknown and (problem := parameter_types.problem(key, declarations[key], value)):
            raise ValidationError(problem)
    kinds = {key: parameter_types.kind(declarations[key]) for key in texts if key not in unknown}
    stored = _stored({key: texts[key] for key, kind in kinds.items() if kind.in_parameter_store}, parameter_store)
    return Parameters(
        texts,
        {key: kind.value(stored[key] if kind.resolves else texts[key]) for key, kind in kinds.items()}
        | {key: Unknown((Reference(key),)) for key in unknown},
        frozenset(key for key, declaration in declarations.items() if is_hidden(declaration)),
        frozenset(key for key, kind in kinds.items() if kind.resolves),
    )


def is_hidden(declaration: Object) -> bool:
    """Return whether a parameter's declaration has NoEcho."""
    return text(declaration.get("NoEcho", False)).lower() == "true"


def _given(requested: Iterable[Mapping[str, JSON]], previous: Parameters | None) -> dict[str, str]:
    given: dict[str, str] = {}
    for parameter in requested:
        key, value = text(parameter.get("ParameterKey", "")), parameter.get("ParameterValue")
        if key in given:
            raise ValidationError(f"Parameters: [{key}] are given more than once")
        if text(parameter.get("UsePreviousValue") or False) != "true":
            if value is not None:
                given[key] = text(value)
            continue
        refusal = f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true"
        if value:
            raise ValidationError(f"{refusal} and non empty value for a parameter")
        if previous is None or key not in previous.texts:
            raise ValidationError(f"{refusal} for a parameter key not in the previous template")
        given[key] = previous.texts[key]
    return given


def _check_text(key: str, value: str) -> None:
    if UNPRINTABLE.search(value):
        raise ValidationError(f"Parameter '{key}' must not contain control characters")
    if len(value.encode()) > MAXIMUM_BYTES:
        raise ValidationError(f"Parameter '{key}' must contain at most {MAXIMUM_BYTES} bytes")


def _stored(names: Mapping[str, str], parameter_store: ParameterStore) -> dict[str, str]:
    found = {key: value for key, name in names.items() if (value := parameter_store(name)) is not None}
    if missing := dict.fromkeys(name for key, name in names.items() if key not in found):
        listed = ",".join(missing)
        raise ValidationError(f"Unable to fetch parameters [{listed}] from parameter store for this account.")
    return found
