"""AWS's contract suites against a packaged type in the emulator."""

SUITES = ("lint", "v2", "v1")
"""The suites, in the order in which they run, fastest first."""
