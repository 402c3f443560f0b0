"""AWS's contract suites against a packaged type in the emulator."""
