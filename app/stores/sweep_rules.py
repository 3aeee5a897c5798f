"""How much one sweep does, and what it says of a job whose server is gone; the same in every store."""

MOST = 200
"""Things of one kind that one sweep does; the next goes on, so that nobody waits long behind one."""
FAULT = (
    "The server that ran this job stopped before it ended: what had been streamed is kept, "
    "and nothing is run again by itself."
)
