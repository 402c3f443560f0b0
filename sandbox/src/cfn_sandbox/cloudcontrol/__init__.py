"""Cloud Control: resources without stacks, by the types that stacks use."""
