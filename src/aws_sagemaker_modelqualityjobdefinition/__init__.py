"""AWS::SageMaker::ModelQualityJobDefinition, a CloudFormation resource type: ARCHITECTURE.md shows the way through."""

from . import startup  # noqa: F401 - before anything imports the plugin library

TYPE_NAME = "AWS::SageMaker::ModelQualityJobDefinition"
