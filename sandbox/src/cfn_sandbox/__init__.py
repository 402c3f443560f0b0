"""An AWS account on this machine, for development: without Docker or network, and gone when it ends."""


class SandboxError(Exception):
    """An error that the user can act on. Its text is the whole message, shown without a traceback."""
