"""`make demo`: the product against the fake vendors, shown in a minute, without a key."""
