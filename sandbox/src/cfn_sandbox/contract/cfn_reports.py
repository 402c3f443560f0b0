"""A plugin for the pytest of `cfn test` that prints each test's outcome at once, as a line of JSON.

cfn calls pytest once for each set of inputs, in one process, so this plugin counts the sets. cfn's process imports it
through -p, so it imports nothing from the sandbox.
"""

import json

import pytest

MARK = "sandbox-report "
_calls: list[pytest.Config] = []


def pytest_configure(config: pytest.Config) -> None:
    """Count a new set of inputs."""
    _calls.append(config)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Print the outcome of a test's setup, call or teardown."""
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
