"""The values that a request gives to a template's parameters.

Sources: "Parameters" in the user guide; UsePreviousValue in the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cfn_sandbox.cloudformation.errors import ValidationError
from cfn_sandbox.cloudformation.templates import parameter_types
from cfn_sandbox.cloudformation.templates.template import Object, Template
from cfn_sandbox.cloudformation.values import JSON, KNOWN_AFTER_APPLY, Reference, Unknown, Value, text
from cfn_sandbox.cloudformation.values import shown as as_shown

MAXIMUM_BYTES = 4096  # of a parameter's value
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


# Looks a name (or `name:version`) up in Parameter Store. Returns None if there is no such parameter, and raises
# `unsupported_type` for a SecureString.
ParameterStore = Callable[[str], str | None]


@dataclass(frozen=True)
class Parameters:
    """The values of a template's parameters.

    Attributes:
        given: the texts that requests gave, or took over by UsePreviousValue, by key. Defaults are not in it.
        texts: each parameter's text, defaults included; of an SSM parameter, the name in Parameter Store.
        values: what Ref returns: a text, or a list of texts for a list parameter; of an SSM parameter, what Parameter
            Store had.
        hidden: the keys of NoEcho parameters.
        resolved: the keys of SSM parameters: DescribeStacks shows their ResolvedValue.
    """

    given: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()

    def described(self) -> list[dict[str, str]]:
        """Return the parameters as DescribeStacks and DescribeChangeSet show them. NoEcho values are `****`."""
        return [self._described(key) for key in self.texts]

    def _described(self, key: str) -> dict[str, str]:
        shown = {"ParameterKey": key, "ParameterValue": "****" if key in self.hidden else self.texts[key]}
        if key in self.resolved:
            value = as_shown(self.values[key])
            resolved = ",".join(map(text, value)) if isinstance(value, list) else text(value)
            shown["ResolvedValue"] = "****" if key in self.hidden else resolved
        return shown


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
    given = _given(requested, previous)
    given |= dict.fromkeys(unknown, KNOWN_AFTER_APPLY)
    if extra := sorted(given.keys() - declarations.keys()):
        raise ValidationError(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    texts = {
        key: given[key] if key in given else text(declaration["Default"])
        for key, declaration in declarations.items()
        if key in given or "Default" in declaration
    }
    if missing := sorted(declarations.keys() - texts.keys()):
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for key, value in texts.items():
        _check_text(key, value)
        if key not in unknown and (problem := parameter_types.problem(declarations[key], value)):
            raise ValidationError(f"Parameter '{key}' {problem}")
    kinds = {key: parameter_types.kind(declarations[key]) for key in texts if key not in unknown}
    stored = _stored({key: texts[key] for key, kind in kinds.items() if kind.in_parameter_store}, parameter_store)
    return Parameters(
        given,
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
    if _UNPRINTABLE.search(value):
        raise ValidationError(f"Parameter '{key}' must not contain control characters")
    if len(value.encode()) > MAXIMUM_BYTES:
        raise ValidationError(f"Parameter '{key}' must contain at most {MAXIMUM_BYTES} bytes")


def unsupported_type(name: str) -> ValidationError:
    """Return the error of a parameter in Parameter Store whose type templates can't use: a SecureString."""
    return ValidationError(f"Parameters [{name}] referenced by template have types not supported by CloudFormation.")


def _stored(names: Mapping[str, str], parameter_store: ParameterStore) -> dict[str, str]:
    found = {key: parameter_store(name) for key, name in names.items()}
    if missing := [names[key] for key, value in found.items() if value is None]:
        listed = ",".join(dict.fromkeys(missing))
        raise ValidationError(f"Unable to fetch parameters [{listed}] from parameter store for this account.")
    return {key: value for key, value in found.items() if value is not None}
