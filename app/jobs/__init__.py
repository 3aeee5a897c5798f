"""Model calls that cannot be lost: each a durable job from its first byte, of which requests are views."""
