"""The MCP server: transports over a protocol core over tools."""
