"""AWS's contract tests v2, written from their documentation."""
