"""`exai-mcp doctor`: what is well and what is not, each with its mend."""
