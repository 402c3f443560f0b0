r"""Translates Java's regular expressions, in which schemas are written, for the `regex` module.

Both know groups, lookarounds and possessive quantifiers. They differ in what a class or an anchor means: Java's `\d`,
`\w` and `\s` are ASCII, its `.` and `$` know five line terminators, `[a[bc]&&[^b]]` nests and intersects classes, and
`(?i)` concerns ASCII letters only. So each class, anchor and escape is written out, and no flag is left.

Source: the documentation of java.util.regex.Pattern in Java 17, and that class's behaviour.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

import regex

from cfn_sandbox.schemas.schema import subschemas
from cfn_sandbox.values import JSON

_NAMED: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("character_classes.json").read_text("utf-8"))
_WORD = r"[_\p{L}\p{Nd}\p{Mn}]"
_BOUNDARY = f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
_LAST = r"(?=(?:\r\n|(?<!\r)\n|[\r\u0085\u2028\u2029])?\Z)"  # before a last line terminator, or at the end
# What the characters mean without and with a flag: `s` for the dot, `m` for the others.
_PLAIN = {
    ".": (r"[^\n\r\u0085\u2028\u2029]", r"[\s\S]"),
    "^": (r"\A", r"(?:\A|(?<=\n|\r(?!\n)|[\u0085\u2028\u2029])(?!\Z))"),
    "$": (_LAST, r"(?=\r\n|(?<!\r)\n|[\r\u0085\u2028\u2029]|\Z)"),
}
_ANCHORS = {"A": r"\A", "z": r"\Z", "Z": _LAST, "G": r"\G", "b": _BOUNDARY, "B": f"(?!{_BOUNDARY})", "X": r"\X"}
_ANCHORS["R"] = r"(?:\r\n|[\n-\r\x85\u2028\u2029])"
_CONTROLS = {"t": 9, "n": 10, "r": 13, "f": 12, "a": 7, "e": 27}
_QUANTIFIER = regex.compile(r"(?:[*+?]|\{(?P<least>\d+)(?P<open>,(?P<most>\d*))?\})(?P<greed>[?+]?)")
_GROUP = regex.compile(
    r"\((?:(?P<around>\?(?:[=!:>]|<[=!]))|\?<(?P<name>[a-zA-Z][a-zA-Z0-9]*)>|\?(?P<on>[ismu]*)(?:-(?P<off>[ismu]*))?(?P<end>[:)])"
    r"|(?!\?))"
)
_FLAGS = regex.compile(r"\(\?([idmsuxU]*(?:-[idmsuxU]+)?)[:)]")  # all of Java's, of which _GROUP has those that fit
_BACK = regex.compile(r"\\(?:(?P<number>[1-9])|k<(?P<name>[a-zA-Z0-9]+)>)")
_CODE = regex.compile(
    r"u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|(?:u(?P<hex>[0-9a-fA-F]{4})"
    r"|x(?P<hex>[0-9a-fA-F]{2})|x\{(?P<hex>[0-9a-fA-F]+)\})|0(?P<octal>[0-3]?[0-7]{1,2})|c(?P<control>.)|N\{(?P<name>[^}]+)\}"
)
_PROPERTY = regex.compile(r"(?P<kind>[pP])(?:\{(?P<name>[\w =-]+)\}|(?P<name>[A-Z]))")
_UNICODE = regex.compile(r"[A-Z][a-z]?|(?:Is|In)\w[\w -]*|(?:sc|script|blk|block|gc|general_category)=[\w -]+")
_NO_LENGTH = "Look-behind group does not have an obvious maximum length"
_MOST = 2**31 - 1


class UnreadablePatternError(ValueError):
    """A pattern that Java refuses, or one that this module can't translate. Its text says why."""


class UntranslatedPatternError(UnreadablePatternError):
    """A pattern that Java may accept, but that this module can't translate."""


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> regex.Pattern[str]:
    """Return a Java pattern as one of the `regex` module.

    Raises:
        UnreadablePatternError: Java refuses the pattern.
        UntranslatedPatternError: it can't be translated: AWS decides whether it is one of Java's.
    """
    try:
        return regex.compile(_Translator(_without_quotes(pattern)).translate(), regex.V1)
    except IndexError as error:
        raise UnreadablePatternError("The pattern ends too early") from error
    except (regex.error, OverflowError, KeyError, RecursionError) as error:
        raise UntranslatedPatternError(str(error)) from error
    except ValueError as error:
        raise error if isinstance(error, UnreadablePatternError) else UnreadablePatternError(str(error)) from error


def finds(pattern: str, text: str) -> bool:
    """Return whether a pattern matches somewhere in a text.

    Raises:
        UnreadablePatternError: see `compiled`.
    """
    return compiled(pattern).search(text) is not None


def unreadable(schema: JSON, place: str = "#") -> Iterator[tuple[str, UnreadablePatternError]]:
    """Yield each pattern of a schema that can't be read: a sentence with its place, and the error.

    Args:
        schema: a schema, with those inside it.
        place: where it is, as a JSON pointer.
    """
    for inner, rules in subschemas(schema, place):
        named = rules.get("patternProperties")
        for pattern in [rules.get("pattern"), *(named if isinstance(named, dict) else ())]:
            try:
                compiled(str(pattern or ""))
            except UntranslatedPatternError as error:
                yield f"{inner}/pattern: [{pattern}] can't be read here, so it isn't checked: {error}", error
            except UnreadablePatternError as error:
                yield f"{inner}/pattern: [{pattern}] is not a regular expression of Java's: {error}", error


def _without_quotes(pattern: str) -> str:
    r"""Return a pattern with each character between `\Q` and `\E` escaped instead."""

    def escaped(match: regex.Match[str]) -> str:
        if match["quoted"] is None:
            return match[0]
        return "".join(rf"\x{{{ord(character):x}}}" for character in match["quoted"])

    return regex.sub(r"\\Q(?P<quoted>.*?)(?:\\E|\Z)|\\.", escaped, pattern, flags=regex.DOTALL)


class _Translator:
    """A translation in progress.

    Args:
        source: the pattern, without quotes.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.flags: frozenset[str] = frozenset()
        self.names: list[str | None] = []  # the groups so far, by number
        self.looking_back = False

    def translate(self) -> str:
        """Return the whole pattern."""
        result = self._alternatives()
        if self.position < len(self.source):
            raise UnreadablePatternError("Unmatched closing ')'")
        return result

    def _peek(self, width: int = 1) -> str:
        return self.source[self.position : self.position + width]

    def _next(self) -> str:
        character = self.source[self.position]
        self.position += 1
        return character

    def _take(self, text: str) -> bool:
        found = self.source.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def _match(self, expression: regex.Pattern[str]) -> regex.Match[str] | None:
        match = expression.match(self.source, self.position)
        self.position = match.end() if match else self.position
        return match

    def _alternatives(self) -> str:
        """Translate up to the closing parenthesis, or to the end. Flags set inside a group end with it."""
        flags, result = self.flags, ""
        while self._peek() not in {"", ")"}:
            if self._take("|"):
                result += "|"
            elif atom := self._atom():
                result += atom + self._quantifier(atom)
        self.flags = flags
        return result

    def _quantifier(self, atom: str) -> str:
        match = self._match(_QUANTIFIER)
        if match is None:
            return ""
        least, most = int(match["least"] or 0), int(match["most"] or _MOST)
        if (match["least"] and not match["open"] and least > _MOST) or not least <= most <= _MOST:
            raise UnreadablePatternError("Illegal repetition range")
        unbounded = match[0][0] in "*+" or (match["open"] and not match["most"])
        # A repeated character has no maximum length either, but Java overlooks it.
        if self.looking_back and unbounded and (match["greed"] or regex.match(r"\((?!\?[<=!])", atom)):
            raise UnreadablePatternError(_NO_LENGTH)
        return match[0]

    def _atom(self) -> str:
        character = self._peek()
        if character in _PLAIN:
            self.position += 1
            return _PLAIN[character][{".": "s"}.get(character, "m") in self.flags]
        if character == "(":
            return self._group()
        if self._take("["):
            return self._class()
        if character == "\\" and (self._peek(2)[1:] in _ANCHORS or regex.match(r"\\[1-9k]", self._peek(2))):
            return self._anchor()
        if character in "*+?" or (character == "{" and not _QUANTIFIER.match(self.source, self.position)):
            raise UnreadablePatternError(f"Dangling meta character '{character}'")
        return "(?:)" if character == "{" else f"[{self._range(self._character())}]"  # Java repeats nothing by `{2}`

    def _anchor(self) -> str:
        """Translate an escape that doesn't stand for one character: an anchor or a reference to a group."""
        match = self._match(_BACK)
        if match is None:
            self.position += 2
            return _ANCHORS[self.source[self.position - 1]]
        if self.looking_back:
            raise UnreadablePatternError(_NO_LENGTH)
        number = int(match["number"]) if match["number"] else self.names.index(match["name"]) + 1
        while match["number"] and self._peek().isdecimal() and number * 10 + int(self._peek()) <= len(self.names):
            number = number * 10 + int(self._next())
        if number > len(self.names):
            return "(?!)"
        return rf"(?i:\{number})" if "i" in self.flags else rf"(?:\{number})"

    def _group(self) -> str:
        match = self._match(_GROUP)
        if match is None or (match["name"] and match["name"] in self.names):
            if flags := self._match(_FLAGS):
                raise UntranslatedPatternError(f"The flags {flags[1]} are none that the sandbox knows")
            raise UnreadablePatternError(
                "Unknown group type or inline modifier, or a group name that is defined already"
            )
        looking_back, flags_before = self.looking_back, self.flags
        if match["end"]:
            self.flags = (flags_before | set(match["on"])) - set(match["off"] or "")
            if match["end"] == ")":
                return ""
        elif not match["around"]:
            self.names.append(match["name"])
        self.looking_back |= match["around"] in {"?<=", "?<!"}
        inner = self._alternatives()
        if not self._take(")"):
            raise UnreadablePatternError("Unclosed group")
        self.looking_back, self.flags = looking_back, flags_before
        return f"{'(?:' if match['end'] else match[0]}{inner})"

    def _character(self, *, in_range: bool = False) -> int | str:
        """Read a character or an escape: return one character's number, or the members of a class."""
        character = self._next()
        if character != "\\":
            return ord(character)
        if match := self._match(_CODE):
            return _code(match)
        if match := self._match(_PROPERTY):
            return self._property(match["name"], negated=match["kind"] == "P")
        character = self._next()
        if in_range and character == "v" and self._peek() == "-":
            return 11
        if character.lower() in _NAMED["escapes"] and character.isascii():
            members = _NAMED["escapes"][character.lower()]
            return members if character.islower() else f"[^{members}]"
        if character.isascii() and character.isalnum() and character not in _CONTROLS:
            raise UnreadablePatternError(f"Illegal/unsupported escape sequence \\{character}")
        return _CONTROLS.get(character, ord(character))

    def _property(self, name: str, *, negated: bool) -> str:
        if name in {"Lower", "Upper"} and "i" in self.flags:
            name = "Alpha"
        if name in _NAMED["properties"]:
            return f"[{'^' * negated}{_NAMED['properties'][name]}]"
        if not _UNICODE.fullmatch(name):
            raise UnreadablePatternError(f"Unknown character property name {{{name}}}")
        return rf"\{'P' if negated else 'p'}{{{name}}}"

    def _range(self, first: int | str, last: int | None = None) -> str:
        """Return a class's members for a range of characters, with the letters' other case if it doesn't count."""
        if isinstance(first, str):
            return first
        last = first if last is None else last
        members = rf"\U{first:08x}-\U{last:08x}" if last > first else rf"\U{first:08x}"
        if "i" not in self.flags:
            return members
        codes = range(first, min(last, first + 128 if "u" in self.flags else 0x7F) + 1)
        others = {chr(code).swapcase() for code in codes if chr(code).isalpha()}
        return members + "".join(rf"\U{ord(letter):08x}" for letter in sorted(others) if len(letter) == 1)

    def _class(self, *, nested: bool = True) -> str:
        """Translate a class: what follows its opening bracket, or the right side of an intersection."""
        negated = nested and self._take("^")
        members = ""
        while not members or self._peek() != "]":
            if self._take("["):
                members += self._class()
            elif self._take("&&"):
                members = self._intersection(members)
            else:
                members += self._member()
        self.position += nested
        return f"[{'^' * negated}{members}]"

    def _intersection(self, left: str) -> str:
        right = ""
        while self._peek() not in {"]", "&", ""}:
            right += self._class(nested=self._take("["))
        if not left and not right:
            raise UnreadablePatternError("Bad class syntax")
        return f"[[{left or right}]&&[{right or left}]]"

    def _member(self) -> str:
        """Translate a character, a range or a named class inside a class."""
        first = self._character(in_range=True)
        if isinstance(first, str) or self._peek() != "-" or self._peek(2)[1:] in {"[", "]", ""}:
            return self._range(first)
        self.position += 1
        last = self._character()
        if isinstance(last, str) or last < first:
            raise UnreadablePatternError("Illegal character range")
        return self._range(first, last)


def _code(match: regex.Match[str]) -> int:
    """Return the number of the character that an escape gives by number or by name."""
    if match["high"]:
        return 0x10000 + ((int(match["high"], 16) - 0xD800) << 10) + int(match["low"], 16) - 0xDC00
    if match["hex"]:
        return int(match["hex"], 16)
    if match["octal"]:
        return int(match["octal"], 8)
    return ord(match["control"]) ^ 64 if match["control"] else ord(unicodedata.lookup(match["name"]))
