"""Checks properties against a schema, with the verdicts and the words of AWS's own validator.

That is aws-cloudformation-resource-schema 2.0.10, a Java library over everit-org/json-schema with draft 7. Stack events
have its lines. What decides here as there: keywords of different kinds in one schema are the branches of an `allOf`,
which is counted in a separate line; keywords next to a `$ref` are ignored; a keyword of a type that the value doesn't
have is satisfied; formats that the library doesn't know are, too. An Unknown satisfies every keyword.

Sources: both libraries' code on GitHub, and the cases recorded in tests/cloudformation/recordings.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import partial

from cfn_sandbox.schemas.formats import FORMATS
from cfn_sandbox.schemas.patterns import UnreadablePatternError, finds
from cfn_sandbox.schemas.schema import referenced
from cfn_sandbox.schemas.violations import Rules, Violation
from cfn_sandbox.values import JSON, Unknown, Value, is_known

_KEYWORDS: dict[str, tuple[str, ...]] = {
    "array": ("items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "object": (
        *("properties", "required", "minProperties", "maxProperties", "dependencies", "patternProperties"),
        *("additionalProperties", "propertyNames"),
    ),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "format"),
}
_KEYWORDS["integer"] = _KEYWORDS["number"]
_EXPECTED = {
    "array": "JSONArray",
    "object": "JSONObject",
    "number": "Number",
    "integer": "Integer",
    "string": "String",
    "boolean": "Boolean",
    "null": "null",
}
_COUNTS = {
    "Length": ("expected minLength: {}, actual: {}", "expected maxLength: {}, actual: {}"),
    "Items": ("expected minimum item count: {}, found: {}", "expected maximum item count: {}, found: {}"),
    "Properties": ("minimum size: [{}], found: [{}]", "maximum size: [{}], found: [{}]"),
}
_DEEPEST = 50  # schemas for one value; a schema can refer to itself without end


Check = Callable[[Value, int], Iterable[Violation]]


class Validator:
    """A schema's validator.

    Args:
        document: the schema, with its definitions.
    """

    def __init__(self, document: Rules) -> None:
        self._document = dict(document)
        self._checks: dict[int, list[Check]] = {}  # by the identity of a schema in the document

    def violations(self, properties: Mapping[str, Value]) -> list[Violation]:
        """Return each violation that has a line."""
        try:
            violation = self._violation(self._document, dict(properties))
        except RecursionError:
            return [Violation("nested too deep for the sandbox", "type")]
        return list(violation.flat()) if violation else []

    def lines(self, properties: Mapping[str, Value]) -> list[str]:
        """Return the lines of a stack event, with hints, none twice. No line repeats a value."""
        return list(dict.fromkeys(violation.hinted_line for violation in self.violations(properties)))

    def _violation(self, schema: JSON, value: Value, depth: int = 0) -> Violation | None:
        """Return how a value violates a schema; None if it satisfies it. `depth` counts the schemas on the way here."""
        if isinstance(value, Unknown) or depth > _DEEPEST or not isinstance(schema, (dict, bool)):
            return None
        if isinstance(schema, bool):
            return None if schema else Violation("false schema always fails", "false")
        if id(schema) not in self._checks:
            self._checks[id(schema)] = list(self._load(schema))
        checks = self._checks[id(schema)]
        each = [_joined(check(value, depth + 1)) for check in checks]
        failed = tuple(violation for violation in each if violation)
        if len(checks) < 2 or not failed:
            return failed[0] if failed else None
        return _combined("allOf", schema, failed, len(checks))

    def _load(self, schema: dict[str, JSON]) -> Iterator[Check]:
        """Yield the checks of a schema: more than one are like the branches of an `allOf`."""
        if isinstance(schema.get("$ref"), str):
            yield partial(self._reference, str(schema["$ref"]))
            return
        if isinstance(values := schema.get("enum"), list):
            yield partial(_enum, values, schema)
        for keyword in ("allOf", "anyOf", "oneOf"):
            if isinstance(branches := schema.get(keyword), list):
                yield partial(self._combination, keyword, schema, branches)
        if "not" in schema:
            yield partial(self._not, schema)
        if "const" in schema:
            yield partial(_const, schema)
        yield from self._load_kinds(schema)
        if "if" in schema and ("then" in schema or "else" in schema):
            yield partial(self._condition, schema)

    def _load_kinds(self, schema: dict[str, JSON]) -> Iterator[Check]:
        kinds, rest = schema.get("type"), schema
        if isinstance(kinds, str):
            yield partial(self._kind, kinds, schema, required=True)
            rest = _without(rest, kinds)
        elif isinstance(kinds, list):
            yield partial(self._any_kind, [str(kind) for kind in kinds], schema)
            rest = _without(rest, *map(str, kinds))
        for kind in ("array", "object", "number", "string"):
            if any(keyword in rest for keyword in _KEYWORDS[kind]):
                yield partial(self._kind, kind, rest, required=False)

    def _reference(self, reference: str, value: Value, depth: int) -> Iterator[Violation]:
        violation = self._violation(referenced(self._document, reference), value, depth)
        if violation:
            yield violation

    def _combination(
        self, keyword: str, schema: Rules, branches: list[JSON], value: Value, depth: int
    ) -> Iterator[Violation]:
        each = [self._violation(branch, value, depth) for branch in branches]
        failed = tuple(violation for violation in each if violation)
        matching = len(branches) - len(failed)
        if keyword == "oneOf" and matching > 1 and not is_known(value):
            return
        if matching != {"allOf": len(branches), "oneOf": 1}.get(keyword, max(matching, 1)):
            yield _combined(keyword, schema, failed, len(branches))

    def _any_kind(self, kinds: list[str], schema: Rules, value: Value, depth: int) -> Iterator[Violation]:
        each = [_joined(self._kind(kind, schema, value, depth, required=True)) for kind in kinds]
        failed = tuple(violation for violation in each if violation)
        if kinds and len(failed) == len(kinds):
            yield _combined("anyOf", schema, failed, len(kinds))

    def _not(self, schema: Rules, value: Value, depth: int) -> Iterator[Violation]:
        if is_known(value) and self._violation(schema["not"], value, depth) is None:
            yield Violation(f"subject must not be valid against schema {schema['not']}", "not", schema)

    def _condition(self, schema: Rules, value: Value, depth: int) -> Iterator[Violation]:
        unmet = self._violation(schema["if"], value, depth)
        if unmet is None:
            then = self._violation(schema.get("then", True), value, depth) if is_known(value) else None
            if then:
                yield Violation('input is invalid against the "then" schema', "then", schema, (then,))
        elif otherwise := self._violation(schema.get("else", True), value, depth):
            text = 'input is invalid against both the "if" and "else" schema'
            yield Violation(text, "else", schema, (unmet, otherwise))

    def _kind(self, kind: str, schema: Rules, value: Value, depth: int, *, required: bool) -> Iterator[Violation]:
        """Check a value's type, if the schema requires one, and the keywords of that type."""
        if not _is(kind, value):
            if required and kind == "null":
                yield Violation(f"expected: null, found: {_found(value)}", "type", schema)
            elif required and kind in _EXPECTED:
                yield Violation(f"expected type: {_EXPECTED[kind]}, found: {_found(value)}", "type", schema)
        elif isinstance(value, dict):
            yield from self._object(schema, dict(value), depth)
        elif isinstance(value, list):
            yield from self._array(schema, list(value))
        elif isinstance(value, str):
            yield from _string(schema, value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield from _number(schema, value)

    def _object(self, schema: Rules, value: dict[str, Value], depth: int) -> Iterator[Violation]:
        for key in _strings(schema.get("required")):
            if key not in value:
                yield Violation(f"required key [{key}] not found", "required", schema)
        for key in value if "propertyNames" in schema else ():
            if violation := self._violation(schema["propertyNames"], key):
                yield violation.below(key)
        yield from _count("Properties", schema, len(value))
        for key, dependency in _mapping(schema.get("dependencies")).items():
            if key in value and isinstance(dependency, list):
                missing = [other for other in _strings(dependency) if other not in value]
                yield from (Violation(f"property [{other}] is required", "dependencies", schema) for other in missing)
            elif key in value and (violation := self._violation(dependency, value, depth)):
                yield violation
        yield from self._members(schema, value)

    def _members(self, schema: Rules, value: dict[str, Value]) -> Iterator[Violation]:
        properties, patterns = _mapping(schema.get("properties")), _mapping(schema.get("patternProperties"))
        for key, member in value.items():
            matching = [rules for pattern, rules in patterns.items() if _finds(pattern, key)]
            rules = [properties[key], *matching] if key in properties else matching
            other = schema.get("additionalProperties", True)
            if not rules and other is False:
                yield Violation(f"extraneous key [{key}] is not permitted", "additionalProperties", schema)
            for rule in rules or [other]:
                if rule is not False or rules:
                    violation = self._violation(rule, member)
                    yield from [violation.below(key)] if violation else []

    def _array(self, schema: Rules, value: list[Value]) -> Iterator[Violation]:
        yield from _count("Items", schema, len(value))
        if schema.get("uniqueItems") is True and _repeats(value):
            yield Violation("array items are not unique", "uniqueItems", schema)
        items, more = schema.get("items", True), schema.get("additionalItems", True)
        if isinstance(items, list):
            if more is False and len(value) > len(items):
                text = f"expected: [{len(items)}] array items, found: [{len(value)}]"
                yield Violation(text, "items", schema)
            rules = items + [more is False or more] * (len(value) - len(items))
        else:
            rules = [items] * len(value)
        for index, (rule, item) in enumerate(zip(rules, value, strict=False)):
            if violation := self._violation(rule, item):
                yield violation.below(index)
        if "contains" in schema and value and all(self._violation(schema["contains"], item) for item in value):
            yield Violation("expected at least one array item to match 'contains' schema", "contains", schema)


def _joined(violations: Iterable[Violation]) -> Violation | None:
    """Return the violations of one schema as one."""
    found = tuple(violations)
    if len(found) < 2:
        return found[0] if found else None
    return Violation(f"{len(found)} schema violations found", None, causes=found)


def _combined(keyword: str, schema: Rules, failed: tuple[Violation, ...], count: int) -> Violation:
    texts = {
        "allOf": f"#: only {count - len(failed)} subschema matches out of {count}",
        "anyOf": f"#: no subschema matched out of the total {count} subschemas",
        "oneOf": f"#: {count - len(failed)} subschemas matched instead of one",
    }
    return Violation(texts[keyword], keyword, schema, failed)


def _enum(values: list[JSON], schema: Rules, value: Value, _depth: int) -> Iterator[Violation]:
    if is_known(value) and not any(_equal(value, each, strict=True) for each in values):
        yield Violation(f"{_shown(value)} is not a valid enum value", "enum", schema)


def _const(schema: Rules, value: Value, _depth: int) -> Iterator[Violation]:
    if is_known(value) and not _equal(value, schema["const"], strict=True):
        yield Violation("", "const", schema)


def _count(noun: str, schema: Rules, size: int) -> Iterator[Violation]:
    """Compare a size with the keywords min and max of a noun."""
    for prefix, text, violates in zip(("min", "max"), _COUNTS[noun], (operator.lt, operator.gt), strict=True):
        limit = schema.get(prefix + noun)
        if isinstance(limit, int) and not isinstance(limit, bool) and violates(size, limit):
            yield Violation(text.format(limit, size), prefix + noun, schema)


def _string(schema: Rules, value: str) -> Iterator[Violation]:
    yield from _count("Length", schema, len(value))
    pattern, form = schema.get("pattern"), schema.get("format")
    if isinstance(pattern, str) and not _finds(pattern, value):
        yield Violation(f"string [{value}] does not match pattern {pattern}", "pattern", schema)
    if isinstance(form, str) and form in FORMATS and not FORMATS[form](value):
        yield Violation(f"[{value}] is not a valid {form}", "format", schema)


def _number(schema: Rules, value: float) -> Iterator[Violation]:
    number = _decimal(value)
    limits: tuple[tuple[str, str, Callable[[Decimal], bool]], ...] = (
        ("minimum", "greater or equal to", lambda limit: number < limit),
        ("maximum", "less or equal to", lambda limit: number > limit),
        ("exclusiveMinimum", "greater than", lambda limit: number <= limit),
        ("exclusiveMaximum", "less than", lambda limit: number >= limit),
        ("multipleOf", "a multiple of", lambda factor: _leaves_a_rest(number, factor)),
    )
    for keyword, words, violates in limits:
        limit = schema.get(keyword)
        if isinstance(limit, (int, float)) and not isinstance(limit, bool) and violates(_decimal(limit)):
            subject = "" if keyword == "exclusiveMaximum" else f"{value} "
            yield Violation(f"{subject}is not {words} {limit}", keyword, schema)


def _finds(pattern: str, text: str) -> bool:
    """Return whether a text matches. A pattern that can't be read matches everything; interface.py warns."""
    try:
        return finds(pattern, text)
    except UnreadablePatternError:
        return True


def _is(kind: str, value: Value) -> bool:
    types: dict[str, tuple[type, ...]] = {
        "array": (list,),
        "object": (dict,),
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
        "null": (type(None),),
    }
    return isinstance(value, types.get(kind, ())) and isinstance(value, bool) == (kind == "boolean")


def _found(value: Value) -> str:
    """Return the name of the Java class that a JSON value is read into."""
    if isinstance(value, int) and not isinstance(value, bool):
        return next(
            (name for name, bits in (("Integer", 31), ("Long", 63)) if -(2**bits) <= value < 2**bits), "BigInteger"
        )
    names = {dict: "JSONObject", list: "JSONArray", str: "String", bool: "Boolean", float: "BigDecimal"}
    return names.get(type(value), "Null")


def _equal(one: Value, other: Value, *, strict: bool = False) -> bool:
    """Return whether two values are equal. 1 equals 1.0, but not inside an `enum` if `strict`; 1 is never true."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], strict=strict) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_same(left, right, strict=strict) for left, right in pairs)
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _same(one: Value, other: Value, *, strict: bool) -> bool:
    return _equal(one, other, strict=strict) and not (strict and isinstance(one, float) != isinstance(other, float))


def _repeats(items: list[Value]) -> bool:
    return any(_equal(item, other) for index, item in enumerate(items) for other in items[:index])


def _without(schema: dict[str, JSON], *kinds: str) -> dict[str, JSON]:
    gone = {keyword for kind in kinds for keyword in _KEYWORDS.get(kind, ())}
    return {key: value for key, value in schema.items() if key not in gone}


def _leaves_a_rest(number: Decimal, factor: Decimal) -> bool:
    return bool(factor) and number.is_finite() and Fraction(number) % Fraction(factor) != 0


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))


def _strings(value: JSON) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mapping(value: JSON) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def _shown(value: Value) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
