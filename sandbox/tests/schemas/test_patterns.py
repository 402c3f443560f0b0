"""Patterns are read as Java reads them."""

import json
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.schemas.patterns import (
    UnreadablePatternError,
    UntranslatedPatternError,
    compiled,
    finds,
    unreadable,
)

RECORDED = Path(__file__).parents[1] / "cloudformation" / "recordings" / "patterns.json"
CASES: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))


def test_recorded_verdicts() -> None:
    """Every text of the recording is accepted or refused as by AWS's validator."""
    assert len(CASES) == 1200
    assert [case for case in CASES if finds(case["pattern"], case["text"]) != case["accepted"]] == []


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"^\d$", "7", "٣"),
        (r"^\w$", "_", "é"),
        (r"^\s$", "\x0b", "\xa0"),
        (r"^\h$", "\xa0", "\n"),
        (r"^\v$", "\u2028", " "),
        (r"^\p{L}\p{Lu}\pN$", "éÉ٣", "e3É"),
        (r"^\p{Alpha}\P{Digit}$", "a٣", "é1"),
        (r"^\p{IsAlphabetic}\p{IsDigit}$", "é٣", "1a"),
        (r"^.$", "a", "\u2028"),
        ("^a$", "a\u2029", "a\n\n"),
        ("^a$", "a\r\n", "a\n\r"),
        (r"^a\z", "a", "a\n"),
        ("(?m)^b$", "a\rb\nc", "ab"),
        ("(?s)^a.b$", "a\nb", "ab"),
        ("^(?i)straße$", "STRAßE", "STRASSE"),
        ("^(?i:k)[l-m]$", "Kl", "\u212al"),
        ("^[a-z&&[^aeiou]]$", "b", "e"),
        ("^[a[bc]d]$", "c", "["),
        (r"^[\w-.]$", "-", " "),
        ("^[]a]$", "]", "b"),
        (r"^[\uD800\uDC00-\uDBFF\uDFFF]$", "😀", "a"),
        (r"^[ -\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]$", "😀", "\n"),
        ("^a++b$", "aab", "aa"),
        ("^(?>a|ab)c$", "ac", "abc"),
        (r"^(?<x>a|b)\k<x>\1$", "bbb", "bba"),
        (r"^\Qa.[\E$", "a.[", "ab["),
        (r"^\x41\u0042\0103\cA\t$", "ABC\x01\t", "ABC"),
        (r"(?<=a)b\b", "ab", "abé"),
        (r"^\R$", "\r\n", "a"),
        (r"^(a)\2?$", "a", "aa"),
    ],
)
def test_java_s_reading(pattern: str, accepted: str, refused: str) -> None:
    """Classes, anchors, flags and escapes mean what they mean in Java; each was run in Java 17."""
    assert finds(pattern, accepted)
    assert not finds(pattern, refused)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", "a)", "[a", "*a", "a**", "a{", "a{,3}", "a{2,1}", "[z-a]", r"[a-\d]", r"\y", r"\k<x>", r"\p{Nonsense}"),
        *("(?P<a>b)", "(?q)", "(?<a>b)(?<a>c)", r"(a)(?<=\1)", "a\\", r"\uD8", "a{99999999999}"),
    ],
)
def test_what_java_refuses(pattern: str) -> None:
    """A pattern that Java can't compile is refused with a reason, never with an exception of the library's."""
    with pytest.raises(UnreadablePatternError, match=r"\w") as refused:
        compiled(pattern)
    assert not isinstance(refused.value, UntranslatedPatternError)


@pytest.mark.parametrize(
    "pattern", ["(?x) a b", r"(?U)\w", "(?d-i:a)", r"\p{IsAfterThisUnicode}", f"{'(' * 500}{')' * 500}"]
)
def test_what_java_may_accept_is_not_refused(pattern: str) -> None:
    """A pattern that only the sandbox can't read has another error, because AWS may take the schema."""
    with pytest.raises(UntranslatedPatternError, match=r"\w"):
        compiled(pattern)


def test_unreadable_patterns_are_found_with_their_property() -> None:
    """Each pattern that can't be read is reported with its place. What a keyword doesn't make a schema has none."""
    schema: Any = {
        "properties": {"A": {"items": {"pattern": "("}}, "pattern": {"type": "string", "pattern": "a"}},
        "patternProperties": {"[": {"if": {}, "else": {"pattern": "[z"}}},
        "definitions": {
            "B": {"enum": [{"pattern": "("}], "default": {"pattern": "("}, "oneOf": [{}, {"pattern": "*"}]}
        },
    }
    assert [sentence for sentence, _ in unreadable(schema)] == [
        "#/pattern: [[] is not a regular expression of Java's: The pattern ends too early",
        "#/properties/A/items/pattern: [(] is not a regular expression of Java's: Unclosed group",
        "#/patternProperties/[/else/pattern: [[z] is not a regular expression of Java's: The pattern ends too early",
        "#/definitions/B/oneOf/1/pattern: [*] is not a regular expression of Java's: Dangling meta character '*'",
    ]
