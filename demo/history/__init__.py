"""A made-up team's month with the server: what the pictures in the docs show, and what tests read."""
