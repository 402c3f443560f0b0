"""A service of AWS: reads requests by botocore's models and says what of them is supported, and writes answers."""
