"""Clients of CloudFormation and SageMaker that run against the sandbox, each in a separate environment."""
