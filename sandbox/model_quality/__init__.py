"""The sandbox's knowledge of SageMaker and of this resource type."""
