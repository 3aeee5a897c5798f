"""`make scan`: what is known to be wrong with what we ship, as far as this machine can tell."""
