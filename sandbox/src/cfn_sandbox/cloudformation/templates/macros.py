"""Expands a template's macros: AWS::LanguageExtensions, AWS::Include, AWS::Serverless-2016-10-31.

Sources: "Transform" and "Fn::Transform" in the user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cfn_sandbox.cloudformation.templates import language_extensions, sam, table
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.parsing import parse_part
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Object, Template
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, objects

# Returns the text at a Location of AWS::Include (`s3://bucket/key`, `https://...`); None if there is none.
Fetch = Callable[[str], str | None]

INCLUDE = "AWS::Include"
_EMBEDDED = "Fn::Transform"


def uses_macros(template: Template) -> bool:
    """Return whether a template has a Transform section or an Fn::Transform anywhere."""
    return "Transform" in template.body or _has_embedded(template.body)


def _has_embedded(part: JSON) -> bool:
    return any(_EMBEDDED in one for one in objects(part))


def expand(template: Template, parameters: Parameters, pseudo: PseudoParameters, fetch: Fetch) -> Template:
    """Return the template with its macros expanded; the template itself if it has none.

    Embedded macros come first, from the inside out, then those of the Transform section in its order. `fetch` reads
    what AWS::Include includes. ValidationError: a macro doesn't exist, or refuses the template.
    """
    if not uses_macros(template):
        return template
    check_names(template, pseudo.account)
    evaluator = Evaluator(template, parameters, pseudo)
    expansion = _Expansion(evaluator, fetch)
    declared = [*_calls(template.body.get("Transform"))]
    body = expansion.embedded({key: member for key, member in template.body.items() if key != "Transform"})
    if not isinstance(body, dict):
        raise ValidationError("Template format error: unsupported structure.")
    expanded = Template(body, tuple(name for name, _ in declared))
    for name, arguments in declared:
        if name == INCLUDE:
            expanded = Template(_merged(expanded.body, expansion.included(arguments)), expanded.expanded_by)
        elif name == language_extensions.NAME:
            expanded = language_extensions.expand(evaluator.of(expanded))
        else:
            expanded = sam.expand(evaluator.of(expanded))
    return expanded


def check_names(template: Template, account: str) -> None:
    """Refuse macros that don't exist, or not where they are used: ValidationError."""
    embedded = [name for one in objects(template.body) for name, _ in _calls(one.get(_EMBEDDED))]
    for name in [*(name for name, _ in _calls(template.body.get("Transform"))), *embedded]:
        if name not in table.accepted("transforms"):
            table.refuse("transforms", name)
            raise ValidationError(f"No transform named {name if '::' in name else f'{account}::{name}'} found.")
    if wrong := [name for name in embedded if name != INCLUDE]:
        raise ValidationError(f"The transform {wrong[0]} can't be used in Fn::Transform: declare it in Transform.")


def _calls(declared: JSON) -> Iterator[tuple[str, Object]]:
    """Yield the name and the parameters of each macro of a Transform section or an Fn::Transform."""
    for macro in declared if isinstance(declared, list) else [] if declared is None else [declared]:
        name = macro.get("Name") if isinstance(macro, dict) else macro
        if not isinstance(name, str):
            raise ValidationError("Key Name of transform definition must be a string.")
        arguments = macro.get("Parameters") if isinstance(macro, dict) else None
        yield name, arguments if isinstance(arguments, dict) else {}


def _merged(members: Object, included: JSON) -> Object:
    if not isinstance(included, dict):
        raise ValidationError(f"Transform {INCLUDE} failed with: The included content must be an object here.")
    merged = {**members}
    for name, member in included.items():
        before = merged.get(name)
        both = isinstance(before, dict) and isinstance(member, dict)
        merged[name] = {**before, **member} if both else member  # type: ignore[dict-item]  # both are objects
    return merged


class _Expansion:
    """Expands embedded macros."""

    def __init__(self, evaluator: Evaluator, fetch: Fetch) -> None:
        self._evaluator, self._fetch = evaluator, fetch

    def embedded(self, part: JSON) -> JSON:
        """Return a part with each Fn::Transform expanded, from the inside out."""
        if isinstance(part, list):
            return [self.embedded(item) for item in part]
        if not isinstance(part, dict):
            return part
        members = {name: self.embedded(member) for name, member in part.items() if name != _EMBEDDED}
        if _EMBEDDED not in part:
            return members
        for _, arguments in _calls(part[_EMBEDDED]):
            included = self.included(arguments)
            if not members and not isinstance(included, dict):
                return included
            members = _merged(members, included)
        return members

    def included(self, arguments: Object) -> JSON:
        """Return what AWS::Include includes."""
        location = self._evaluator.evaluate(arguments.get("Location"))
        if not isinstance(location, str) or not location.startswith(("s3://", "https://", "http://")):
            raise ValidationError(f"Transform {INCLUDE} failed with: The location parameter is not a valid S3 uri.")
        found = self._fetch(location)
        if found is None:
            raise ValidationError(f"Transform {INCLUDE} failed with: There is no S3 object at {location}.")
        try:
            included = parse_part(found, included=True)
        except ValidationError as error:
            words = "The specified S3 object's content should be valid Yaml/JSON"
            raise ValidationError(f"Transform {INCLUDE} failed with: {words} ({error.message})") from error
        if _has_embedded(included):
            raise ValidationError(f"Transform {INCLUDE} failed with: What is included can't use Fn::Transform.")
        return included
