"""How messages reach the core: sockets, sessions, and the guard before all of them."""
