"""Runs cfn's own `main` without cfn-lint: `python -P -m cfn_sandbox.packaging.cfn_main ARGUMENTS`.

cfn imports cfn-lint, with sympy and networkx, at each start, and uses it for module fragments alone
(rpdk/core/fragment/lint_warning_printer.py). That import is four fifths of cfn's start. Nothing else of cfn is changed.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PRINTER = "rpdk.core.fragment.lint_warning_printer"
"""The module of cfn that imports cfn-lint."""


def postpone_cfn_lint() -> None:
    """Let cfn start without its printer of cfn-lint's warnings, which is imported when cfn calls it."""
    stand_in: Any = ModuleType(PRINTER)
    stand_in.print_cfn_lint_warnings = _print_warnings
    sys.modules[PRINTER] = stand_in


def _print_warnings(folder: Path) -> None:
    """Print cfn-lint's warnings about a module fragment, as cfn does."""
    del sys.modules[PRINTER]
    importlib.import_module(PRINTER).print_cfn_lint_warnings(folder)


def main() -> None:
    """Run cfn with this command's arguments, and exit with its code."""
    postpone_cfn_lint()
    importlib.import_module("rpdk.core.cli").main()


if __name__ == "__main__":
    main()
