"""Makes what ships to Lambda: cfn's package of a project, smaller and with byte code; trimmed service models."""


class PackagerError(Exception):
    """A package can't be made; its text says why, in full, for the person at the keyboard."""
