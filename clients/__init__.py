"""Clients of CloudFormation and SageMaker, each in its own environment, against the sandbox."""
