"""AWS::SageMaker::ModelQualityJobDefinition, a CloudFormation resource type. ARCHITECTURE.md describes its modules."""

from .runtime import startup

startup.load(f"{__name__}.models")  # before anything imports the plugin library

TYPE_NAME = "AWS::SageMaker::ModelQualityJobDefinition"
