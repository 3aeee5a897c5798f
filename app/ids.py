"""Ids that cannot be guessed and can be read out: a prefix that says of what, and 20 letters and digits."""

import secrets

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: nothing in it is mistaken for something else."""
_LENGTH = 20
"""100 bits, so that possession of one is no accident; every use of one still checks whose it is."""


def new_id(prefix: str) -> str:
    """Make an id, for instance `job_3v8x0q7k2m5n9p1r4t6w`."""
    return f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(_LENGTH))}"
