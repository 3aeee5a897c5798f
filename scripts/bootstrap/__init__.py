"""Prepare a machine for the project with the standard library alone; see `__main__.py` for the steps."""
