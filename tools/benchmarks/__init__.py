"""`make bench`: the costs of this package compared with a plain package of the same type; results in RESULTS.md."""
