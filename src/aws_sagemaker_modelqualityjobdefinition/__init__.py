"""AWS::SageMaker::ModelQualityJobDefinition, a CloudFormation resource type: ARCHITECTURE.md shows the way through."""

TYPE_NAME = "AWS::SageMaker::ModelQualityJobDefinition"
