"""A stand-in for Kimi and GLM: both dialects on one port, scripted, deterministic, counting what it bills.

For `make demo` and the tests. It imports nothing of `app`, so that it can witness against it; it is in
neither the image nor the wheel.
"""
