"""What messages may say of foreign text: a short piece that can be printed, and no megabytes."""

NAME_LENGTH = 150
"""The longest piece of a name, an ARN or a key in a message, in characters: a definition's ARN fits."""

MESSAGE_LENGTH = 1000
"""The longest text of AWS's in a message, in characters."""


def shown(text: object) -> str:
    """Return a name, an ARN or a key as a message shows it: cut, and with what can't be printed escaped."""
    piece = cut(str(text), NAME_LENGTH)
    return piece if piece.isprintable() else ascii(piece)[1:-1]


def cut(text: str, length: int = MESSAGE_LENGTH) -> str:
    """Return a text of at most this many characters, and a mark where something is left out."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text)} characters)"


def is_unicode(text: str) -> bool:
    """Tell whether a text can be encoded; half of a surrogate pair can't, and no log or answer takes it."""
    if text.isascii():  # nearly always, and known without looking
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
