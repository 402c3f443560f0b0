"""The registry: resource types from packages, their versions and tests."""
