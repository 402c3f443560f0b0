"""What the package costs, beside a plain one of the same type: `make bench`, results in RESULTS.md."""
