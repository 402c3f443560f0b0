"""The type under a name of one's own: staged, packaged, registered, deregistered. Development only."""
