"""Money before and after a vendor call: what may be spent, what is held, what it came to."""
