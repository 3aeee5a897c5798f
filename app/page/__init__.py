"""The status page: what the models did for one client, what it cost, and what is waiting, in a browser."""
