"""The benchmark: our server beside a bare aiohttp echo and the official SDK, in one run (`make bench`)."""
