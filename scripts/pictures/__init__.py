"""The pictures of the status page in docs/images: taken anew by one command, of a made-up team's month."""
