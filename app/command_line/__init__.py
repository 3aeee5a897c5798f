"""The subcommands of `exai-mcp`, one file each; without arguments it serves and none of this is loaded."""
