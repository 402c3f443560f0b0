"""A CDK app with one definition: `cdk deploy --context bucket=... --context endpoint=... --context role=...`."""

import aws_cdk as cdk
from model_quality import ModelQualityJobDefinition, Predictions


def context(app: cdk.App, name: str, otherwise: str) -> str:
    """Return the value that --context gives, or a default."""
    return str(app.node.try_get_context(name) or otherwise)


app = cdk.App()
stack = cdk.Stack(app, "ModelQuality")
bucket = context(app, "bucket", "my-bucket")
definition = ModelQualityJobDefinition(
    stack,
    "Churn",
    type_name=context(app, "type", "AWS::SageMaker::ModelQualityJobDefinition"),
    predictions=Predictions(endpoint_name=context(app, "endpoint", "churn"), probability="0", threshold=0.5),
    problem_type="BinaryClassification",
    image_uri=context(app, "image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"),
    role_arn=context(app, "role", "arn:aws:iam::123456789012:role/monitor"),
    ground_truth=f"s3://{bucket}/labels",
    reports=f"s3://{bucket}/reports",
    environment={"publish_cloudwatch_metrics": "Enabled"},
)
cdk.CfnOutput(stack, "JobDefinitionName", value=definition.name)
app.synth()
