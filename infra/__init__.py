"""The stacks: Pulumi components for image, network, cache, database and server."""
