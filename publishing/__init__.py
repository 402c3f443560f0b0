"""The type under a name of your own: staged, packaged, registered, deregistered. Development only."""
