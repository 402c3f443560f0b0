"""What the package costs, next to a plain one of the same type: `make bench`, results in RESULTS.md."""
