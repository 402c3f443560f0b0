"""Resource types, whatever implements them: a registered function, handlers in Python, or moto."""
