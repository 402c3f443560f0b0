"""An AWS account on this machine: moto's server, and a packaged type as a function in AWS's Lambda emulator."""
