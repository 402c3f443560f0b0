"""What is built for Lambda: the trimmed service models, and the small package (a cfn language plugin of our own)."""
