"""CloudFormation's and Cloud Control's API: requests, answers and errors, in front of moto's services."""
