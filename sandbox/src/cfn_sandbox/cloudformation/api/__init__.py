"""CloudFormation's API: a function for each operation on templates, stacks and change sets."""
