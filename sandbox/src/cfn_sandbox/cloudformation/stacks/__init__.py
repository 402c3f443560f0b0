"""Stacks: evaluate a template, plan what it changes, apply the plan, and undo it."""
