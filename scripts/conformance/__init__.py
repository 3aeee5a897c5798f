"""Run the official MCP conformance suite against our core and against the product."""
