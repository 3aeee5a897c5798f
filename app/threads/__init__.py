"""Conversations that outlive clients: what a model is shown of one, how it is searched and taken away."""
