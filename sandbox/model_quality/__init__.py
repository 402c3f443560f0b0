"""All that the sandbox knows of SageMaker and of this resource type."""
