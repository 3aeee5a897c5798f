"""Telling MCP clients where this server is, each in its own file and format."""
