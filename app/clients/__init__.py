"""The clients of server.toml while the server runs: what each may call, and changes taken over live."""
