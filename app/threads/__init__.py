"""Threads: what is remembered of conversations, and how it is found again."""
