"""The verbs of a stack: what make calls, over the Pulumi program that does the work."""
