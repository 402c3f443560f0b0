"""Gives a project's type another name: in settings, schema, code and file names, in each of a name's spellings."""

import re
from dataclasses import dataclass
from pathlib import Path

from cfn_sandbox import SandboxError

__all__ = ["PATTERN", "Renamer", "TypeName"]

PATTERN = re.compile(r"[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}")
"""`typeName` in base.definition.schema.v1.json, the meta-schema that cfn validates a schema with."""


@dataclass(frozen=True)
class TypeName:
    """The name of a resource type, in a template's spelling."""

    value: str

    @property
    def package(self) -> str:
        """The Python package of the handlers, for example acme_notes_note."""
        return self.value.replace("::", "_").lower()

    @property
    def hyphenated(self) -> str:
        """The type in ARNs, for example Acme-Notes-Note."""
        return self.value.replace("::", "-")

    @property
    def stem(self) -> str:
        """The file name of schema and zip, and the prefix of log group and stacks, for example acme-notes-note."""
        return self.hyphenated.lower()

    @property
    def spellings(self) -> tuple[str, str, str, str]:
        """All four spellings, in the same order for every name."""
        return (self.value, self.package, self.hyphenated, self.stem)


class Renamer:
    """A copier that replaces one type name by another, in each of its spellings.

    Args:
        old: the project's name.
        new: the copy's name.
    """

    def __init__(self, old: TypeName, new: TypeName) -> None:
        self._new = dict(zip((s.encode() for s in old.spellings), (s.encode() for s in new.spellings), strict=True))
        names = b"|".join(re.escape(spelling) for spelling in self._new)
        # A web address stays unchanged, because its target isn't renamed.
        self._pattern = re.compile(rb"https?://[^\s\"'<>)]+|(?<![A-Za-z0-9_])(?:" + names + rb")(?![A-Za-z0-9_])")

    @classmethod
    def to(cls, old: str, new: str) -> "Renamer":
        """Return a renamer from a project's name to one that a user gave.

        Args:
            old: the project's name.
            new: the name that a user gave.

        Raises:
            SandboxError: the new name has not the form of a type's name.
        """
        if not PATTERN.fullmatch(new):
            raise SandboxError(
                f"{new!r} is not a type name: give three parts of 2 to 64 letters and digits, joined by '::', such as "
                f"Acme::{'::'.join(old.split('::')[1:])}"
            )
        return cls(TypeName(old), TypeName(new))

    def rename(self, text: str) -> str:
        """Return a text with the new name."""
        return self._bytes(text.encode()).decode()

    def copy(self, source: Path, destination: Path) -> None:
        """Copy a file's content, with the new name in it."""
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(self._bytes(source.read_bytes()))

    def _bytes(self, content: bytes) -> bytes:
        return self._pattern.sub(lambda match: self._new.get(match[0], match[0]), content)
