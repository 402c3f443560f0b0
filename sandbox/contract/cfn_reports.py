"""A plugin for the pytest that `cfn test` runs: what becomes of each test, as a line of JSON, as soon as it is known.

cfn calls pytest once for each set of inputs, in one process: the sets are counted here. This file is named with -p and
imported there, so it imports nothing of the sandbox.
"""

import json

import pytest

MARK = "sandbox-report "
_calls: list[pytest.Config] = []


def pytest_configure(config: pytest.Config) -> None:
    """A set of inputs begins."""
    _calls.append(config)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test was set up, called or torn down."""
    crash = getattr(report.longrepr, "reprcrash", None)
    message = report.longrepr[2] if isinstance(report.longrepr, tuple) else crash.message if crash else ""
    line = {
        "set": len(_calls),
        "name": report.nodeid.rpartition("::")[2],
        "when": report.when,
        "outcome": report.outcome,
        "message": message,
    }
    terminal = _calls[-1].pluginmanager.getplugin("terminalreporter")
    terminal.ensure_newline()
    terminal.write_line(MARK + json.dumps(line))
