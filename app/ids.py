"""Ids that cannot be guessed and can be read out: a prefix that says of what, and 20 letters and digits."""

import secrets

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: nothing in it is mistaken for something else."""
_LETTER_OF = _LETTERS.encode() * 8
"""The letter of each byte, as `bytes.translate` takes it."""
_LENGTH = 20
"""100 bits, so that possession of one is no accident; every use of one still checks whose it is."""


def new_id(prefix: str) -> str:
    """Make an id, for instance `job_3v8x0q7k2m5n9p1r4t6w`."""
    # One random byte a letter; 32 letters divide 256, so each is as likely as the other.
    return f"{prefix}_{secrets.token_bytes(_LENGTH).translate(_LETTER_OF).decode()}"
