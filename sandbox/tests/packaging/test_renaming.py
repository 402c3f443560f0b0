"""A project's type gets another name in each of its spellings, and nothing else changes."""

from pathlib import Path

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.packaging.renaming import Renamer


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ('{"typeName": "My::Own::Type"}', '{"typeName": "Acme::Other::Kind"}'),
        ("from my_own_type.handlers import resource", "from acme_other_kind.handlers import resource"),
        ("type/resource/My-Own-Type/00000001", "type/resource/Acme-Other-Kind/00000001"),
        ("my-own-type.json", "acme-other-kind.json"),
        ("My::Own::Types, xmy_own_type, my_own_type2", "My::Own::Types, xmy_own_type, my_own_type2"),
        ("https://example.com/my-own-type", "https://example.com/my-own-type"),
    ],
)
def test_each_spelling_is_replaced(text: str, renamed: str, tmp_path: Path) -> None:
    """In a text and in a file; a longer word and a web address stay."""
    renamer = Renamer.to("My::Own::Type", "Acme::Other::Kind")
    assert renamer.rename(text) == renamed
    (tmp_path / "old").write_bytes(b"\xff" + text.encode())
    renamer.copy(tmp_path / "old", tmp_path / "new" / "file")
    assert (tmp_path / "new" / "file").read_bytes() == b"\xff" + renamed.encode()


@pytest.mark.parametrize("name", ["", "Acme::Type", "Acme::Own::Type::More", "Acme::Own-Type::Kind", "A::Own::Type"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """The message shows a name that is one."""
    with pytest.raises(SandboxError, match=r"is not a type name: give three parts .* such as Acme::Own::Type$"):
        Renamer.to("My::Own::Type", name)
