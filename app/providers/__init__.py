"""The two vendors: for now what they offer, as data."""
