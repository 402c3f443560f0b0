"""Templates: parse, expand, check, and evaluate with values that are known or known after apply."""
