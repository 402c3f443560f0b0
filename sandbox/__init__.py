"""An AWS account on this machine, for development: no Docker, no network, nothing left behind."""


class SandboxError(Exception):
    """Something the person at the keyboard can act on; its text says what, in full."""
