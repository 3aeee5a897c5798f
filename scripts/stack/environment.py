"""The environment that Pulumi runs in: backend, passphrase, engine. What the caller has set is kept."""

import os
import subprocess
from collections.abc import Mapping

from infra.development import PASSPHRASE, SALT
from infra.engine import DEFAULT_HOST
from infra.site import Site
from scripts.stack.errors import StackError
from scripts.stack.stackfile import StackFile

CONTEXT_SECONDS = 5
COLLECT_SELDOM = "400"
"""GOGC of Pulumi and its provider, which live for seconds: each would collect garbage dozens of times."""


def variables(stack: StackFile) -> Mapping[str, str]:
    """Return what is to be set on top of the caller's environment.

    Raises:
        StackError: a production stack without a passphrase.
    """
    found = {"PULUMI_STACK": stack.stack, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    if not os.environ.get("GOGC"):
        found["GOGC"] = COLLECT_SELDOM
    if not os.environ.get("PULUMI_BACKEND_URL"):
        found["PULUMI_BACKEND_URL"] = _local_backend(stack.site)
    return {**found, **_passphrase(stack), **engine_host()}


def keeps_state_here(stack: StackFile) -> bool:
    """Whether the state of a production stack would be on this machine only, which is worth a warning."""
    return stack.is_production and not os.environ.get("PULUMI_BACKEND_URL")


def engine_host() -> Mapping[str, str]:
    """Return DOCKER_HOST where the docker command follows a context and Pulumi's provider would not."""
    if os.environ.get("DOCKER_HOST"):
        return {}
    try:
        shown = subprocess.run(
            ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
            capture_output=True,
            text=True,
            timeout=CONTEXT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    host = shown.stdout.strip()
    return {"DOCKER_HOST": host} if shown.returncode == 0 and host not in {"", DEFAULT_HOST} else {}


def _local_backend(site: Site) -> str:
    folder = site.generated / "state"
    for made in (site.generated, folder):
        made.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve().as_uri()


def _passphrase(stack: StackFile) -> Mapping[str, str]:
    """Return the published passphrase for the stacks it opens, whatever else the caller's shell holds."""
    published = {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "PULUMI_CONFIG_PASSPHRASE_FILE": ""}
    if stack.salt == SALT:
        return published
    given = "PULUMI_CONFIG_PASSPHRASE" in os.environ or os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if given or stack.has_other_provider:
        return {}
    if stack.is_production:
        raise StackError(
            f"The stack {stack.stack} is encrypted with a passphrase of its own, and none is given: set "
            "PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it (or PULUMI_CONFIG_PASSPHRASE)."
        )
    return published
