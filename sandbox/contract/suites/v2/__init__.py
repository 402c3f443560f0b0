"""AWS's contract tests v2, written from their documentation.

Left out: the scenarios called tagging-*, which AWS runs for its own namespaces only (cfn, rpdk/core/rqts).
"""
