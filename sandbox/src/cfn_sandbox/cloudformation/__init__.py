"""CloudFormation: templates are evaluated, what they change is planned, and the plan is applied."""
