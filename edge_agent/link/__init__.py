"""The line to the cloud: what is sent when, what the cloud says, and the one connection that carries both."""
