"""Clients of CloudFormation and SageMaker, each in an environment of its own, against the sandbox."""
