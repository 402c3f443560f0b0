"""`cfn-sandbox lint`: AWS's cloudformation-validate on templates, with the project's own type."""
