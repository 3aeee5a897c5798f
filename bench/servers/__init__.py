"""The servers compared, each started by `python -m bench.servers.NAME` in a process of its own."""
