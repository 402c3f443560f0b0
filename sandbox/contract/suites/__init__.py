"""The contract suites, as pytest runs them: what AWS asks of a type, a test for each."""
