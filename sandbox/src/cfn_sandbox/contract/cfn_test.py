"""Runs `cfn test` in this process: `python -P -m cfn_sandbox.contract.cfn_test ARGUMENTS`.

cfn takes the function's address as an argument, and sends it unsigned requests. So the address has a secret, which
every user of the machine could read if it were an argument of a process; a variable is for its own user only.

cfn asks STS for credentials at AWS's own host, whatever AWS_ENDPOINT_URL says (rpdk/core/boto_helpers.py). Here it asks
the account. cfn_main says what else is changed.
"""

import importlib
import os
import sys
from typing import Any

from cfn_sandbox.packaging.cfn_main import postpone_cfn_lint

ENDPOINT = "CFN_SANDBOX_UNSIGNED_ENDPOINT"
"""The variable that has the function's address."""


def main() -> None:
    """Run `cfn test` with this command's arguments and the function's address, and exit with its code."""
    arguments = ["test", "--endpoint", os.environ.pop(ENDPOINT), *sys.argv[1:]]
    account = os.environ["AWS_ENDPOINT_URL"]
    postpone_cfn_lint()
    boto_helpers: Any = importlib.import_module("rpdk.core.boto_helpers")
    boto_helpers.get_service_endpoint = lambda _service, _region: account
    importlib.import_module("rpdk.core.cli").main(arguments)


if __name__ == "__main__":
    main()
