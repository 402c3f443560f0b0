"""AWS's contract tests v2, written from their documentation.

The scenarios called tagging-* are left out, because AWS runs them for its own namespaces only (cfn, rpdk/core/rqts).
"""
