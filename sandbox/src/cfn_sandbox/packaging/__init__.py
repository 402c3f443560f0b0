"""Tools that build what ships to Lambda: cfn's package, smaller and with byte code, and trimmed service models."""

from cfn_sandbox import PackagerError

__all__ = ["PackagerError"]
