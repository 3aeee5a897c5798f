"""Logs for now: set up once by the process, never on import."""
