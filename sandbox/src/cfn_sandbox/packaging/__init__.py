"""Tools that build what ships to Lambda: cfn's package, smaller and with byte code, and trimmed service models."""


class PackagerError(Exception):
    """An error whose text tells the user in full why a package can't be built."""
