"""The tools, one file each: typed arguments, a description for a model, a handler."""
