"""AWS's rules for schemas."""
