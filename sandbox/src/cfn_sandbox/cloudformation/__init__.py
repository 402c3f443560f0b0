"""CloudFormation, built on moto: stacks of registered types, and the registry."""
