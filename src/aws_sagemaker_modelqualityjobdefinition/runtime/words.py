"""Text from elsewhere, shortened and made printable for messages."""

NAME_LENGTH = 150
"""How much of a name, an ARN or a key a message shows, in characters. Most ARNs fit."""

MESSAGE_LENGTH = 1000
"""How much of AWS's text a message shows, in characters."""


def shown(text: object) -> str:
    """Return a name, an ARN or a key for a message: shortened, with unprintable characters escaped."""
    return cut(str(text), NAME_LENGTH)


def cut(text: str, length: int = MESSAGE_LENGTH) -> str:
    """Return at most this many characters of a text, made printable; if it is longer, with a mark and its length."""
    return printable(text) if len(text) <= length else f"{printable(text[:length])}... ({len(text)} characters)"


def printable(text: str) -> str:
    """Return a text on one line, with what can't be printed escaped: control characters, and those that turn text."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else " " if one.isspace() else one.encode("unicode_escape").decode() for one in text
    )


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded. A lone surrogate can't, and would break logs and answers."""
    if text.isascii():  # the usual case, and free: CPython stores it with the string
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
