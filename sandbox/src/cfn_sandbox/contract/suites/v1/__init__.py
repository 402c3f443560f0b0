"""AWS's contract tests v1, which cfn runs."""
