"""The contract suites for pytest, with a test for each of AWS's requirements of a type."""
