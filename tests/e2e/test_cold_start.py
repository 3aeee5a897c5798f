"""How long a first `up` takes beside `docker compose up --build --wait`, in one run on one engine.

Compared is a developer's stack without hot reload, because it is what compose runs as well: the same image
of the server, Redis and PostgreSQL, with the same probes. The layers of the image are new to the builder for
both, as on a machine that has never built it, which is what a first `up` is held to; or they are in its cache
for both, which is printed: then nothing hides Pulumi's own start and the provider's two seconds for a network
and second for a look at a probe. `up` looks whether names and port are free, and ends with an MCP call.
"""

import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import contract
from tests.e2e.checkout import ROOT, VERB_SECONDS, Checkout, Stack, docker, free_port

pytestmark = [pytest.mark.engine, pytest.mark.pulumi, pytest.mark.long]

MOST = 1.3
"""Times as long as compose, where both build."""
CHANGED = re.compile(r"\d+ (created|updated|replaced|deleted)")
SERVICES = {contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE}


class Compose:
    """The checkout's compose project under a name and a port of its own."""

    def __init__(self, checkout: Checkout, name: str) -> None:
        self._checkout = checkout
        self._name = name
        self._env = checkout.root / "compose.env"
        subprocess.run(
            [checkout.root / "scripts" / "docker-env.sh", self._env], check=True, capture_output=True
        )
        authorities = checkout.root / ".exai" / "ca.crt"
        with self._env.open("a") as file:
            file.write(f"\nMCP_PUBLISHED_PORT={free_port()}\nMCP_IMAGE={contract.NAME}:{name}\n")
            if authorities.is_file():
                file.write(f"CA_BUNDLE={authorities}\n")

    def run(self, *arguments: str) -> None:
        """Run one command of compose, which must succeed."""
        given = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ}
        done = subprocess.run(
            ["docker", "compose", "--project-name", self._name, "--env-file", str(self._env), *arguments],
            cwd=self._checkout.root,
            env=given,
            capture_output=True,
            text=True,
            timeout=VERB_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def services(self) -> Sequence[str]:
        """The services of its running containers."""
        label = "com.docker.compose"
        form = f'{{{{.Label "{label}.service"}}}}'
        return docker("ps", "--filter", f"label={label}.project={self._name}", "--format", form).split()

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Leave nothing behind."""
        try:
            yield
        finally:
            self.run("down", "--volumes", "--rmi", "local", "--timeout", "10")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy that probes as often as its compose file and its Dockerfile do."""
    made = Checkout(tmp_path)
    shutil.copy2(ROOT / "app" / "contract.py", made.root / "app" / "contract.py")
    return made


@pytest.fixture
def stack(checkout: Checkout) -> Iterator[Stack]:
    made = Stack(checkout, hotReload=False)
    yield made
    made.remove()


@pytest.mark.parametrize("layers", ["cached", "new"])
def test_a_first_up_takes_little_longer_than_compose(checkout: Checkout, stack: Stack, layers: str) -> None:
    def prepare() -> None:
        if layers == "new":
            with (checkout.root / "pyproject.toml").open("a") as file:
                file.write(f"# {secrets.token_hex(4)}\n")

    compose = Compose(checkout, f"{stack.name}-compose")
    compose.run("build")

    with compose.removed():
        prepare()
        began = time.monotonic()
        compose.run("up", "--detach", "--build", "--wait", "--wait-timeout", str(VERB_SECONDS))
        theirs = time.monotonic() - began
        assert set(compose.services()) == SERVICES
    prepare()
    began = time.monotonic()
    said = stack.up()
    ours = time.monotonic() - began

    print(said)  # noqa: T201 - what the figure is made of
    print(f"layers {layers}: compose {theirs:.1f} s, up {ours:.1f} s, {ours / theirs:.2f} times")  # noqa: T201 - the figure
    assert set(stack.ids()) == {stack.container(service) for service in SERVICES}
    again = stack.up()
    print("a second up:", re.findall(r"Duration: .*", again))  # noqa: T201 - the figure
    assert not CHANGED.search(again), again
    assert layers == "cached" or ours / theirs <= MOST
