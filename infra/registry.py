"""How the provider logs in where images are pushed to."""

import pulumi_docker as docker
from pulumi.runtime.config import CONFIG

PROVIDER_KEY = "docker:registryAuth"
OPEN = "anybody"
"""The binding wants a name and a password even for a registry that asks for none."""
LOOPBACK = ("127.", "localhost")
"""Where Docker speaks plain HTTP to a registry; the binding has to be told."""


def login(registry: str) -> docker.RegistryImageAuthConfigArgs | None:
    """Return the login for a registry that asks for none; None where the stack file says how to log in.

    A stack file that names the registry's host under `docker:registryAuth` makes the provider use what
    `docker login` keeps for it, for pushing here and for pulling on every machine.
    """
    host = registry.partition("/")[0]
    if host in CONFIG.get().get(PROVIDER_KEY, ""):
        return None
    address = f"http://{host}" if host.startswith(LOOPBACK) else host
    return docker.RegistryImageAuthConfigArgs(address=address, username=OPEN, password=OPEN)
