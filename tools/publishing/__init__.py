"""Development tools that stage, package, register and deregister the type under your name."""
