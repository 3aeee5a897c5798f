"""MCP itself: what messages mean. No sockets, no files, nothing of ours outside this package."""
