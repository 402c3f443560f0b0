"""Schemas of resource types: what they say, whether properties satisfy them, and what AWS refuses in them."""
