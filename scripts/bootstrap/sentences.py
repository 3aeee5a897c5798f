"""What to tell a person whose machine lacks something: a table of platforms and the official way on each.

Sources: https://docs.docker.com/engine/install/, https://docs.docker.com/desktop/,
https://www.pulumi.com/docs/iac/download-install/, https://docs.astral.sh/uv/getting-started/installation/.
"""

from dataclasses import dataclass

from scripts.bootstrap.machine import LOOK_TIMEOUT_SECONDS, Machine


@dataclass(frozen=True)
class Official:
    """The official way to install or start each thing on one platform."""

    engine: str
    start: str
    pulumi: str
    plugins: str
    venv: str


PULUMI_SCRIPT = "`curl -fsSL https://get.pulumi.com | sh`, then put ~/.pulumi/bin on PATH"
DOCKER_REPOSITORY_PLUGINS = (
    "`sudo apt-get install docker-buildx-plugin docker-compose-plugin` (from Docker's repository)"
)
PYTHON_ITSELF = "reinstall Python from https://www.python.org/downloads/"
SYSTEMD_START = "`sudo systemctl start docker`"

PLATFORMS = {
    "darwin": Official(
        engine="`brew install --cask docker-desktop` (or https://docs.docker.com/desktop/), and start it",
        start="start Docker Desktop (`open -a Docker`) and wait until its whale stands still",
        pulumi="`brew install pulumi/tap/pulumi`",
        plugins="update Docker Desktop, which brings it",
        venv=PYTHON_ITSELF,
    ),
    "wsl": Official(
        engine="install Docker Desktop on Windows (https://docs.docker.com/desktop/features/wsl/), with WSL "
        "integration on for this distribution",
        start="start Docker Desktop on Windows, with WSL integration on for this distribution",
        pulumi=PULUMI_SCRIPT,
        plugins="update Docker Desktop, which brings it",
        venv="`sudo apt-get install python3-venv`",
    ),
    "debian": Official(
        engine="install Docker Engine (https://docs.docker.com/engine/install/debian/)",
        start=SYSTEMD_START,
        pulumi=PULUMI_SCRIPT,
        plugins=DOCKER_REPOSITORY_PLUGINS,
        venv="`sudo apt-get install python3-venv`",
    ),
    "ubuntu": Official(
        engine="install Docker Engine (https://docs.docker.com/engine/install/ubuntu/)",
        start=SYSTEMD_START,
        pulumi=PULUMI_SCRIPT,
        plugins=DOCKER_REPOSITORY_PLUGINS,
        venv="`sudo apt-get install python3-venv`",
    ),
    "fedora": Official(
        engine="install Docker Engine (https://docs.docker.com/engine/install/fedora/)",
        start=SYSTEMD_START,
        pulumi=PULUMI_SCRIPT,
        plugins="`sudo dnf install docker-buildx-plugin docker-compose-plugin` (from Docker's repository)",
        venv=PYTHON_ITSELF,
    ),
    "arch": Official(
        engine="`sudo pacman -S docker && sudo systemctl enable --now docker`",
        start=SYSTEMD_START,
        pulumi="`sudo pacman -S pulumi`",
        plugins="`sudo pacman -S docker-buildx docker-compose`",
        venv=PYTHON_ITSELF,
    ),
    "linux": Official(
        engine="install Docker Engine (https://docs.docker.com/engine/install/)",
        start=SYSTEMD_START,
        pulumi=PULUMI_SCRIPT,
        plugins="install Docker's plugins (https://docs.docker.com/engine/install/)",
        venv=PYTHON_ITSELF,
    ),
    "other": Official(
        engine="install Docker Desktop (https://docs.docker.com/desktop/)",
        start="start Docker Desktop",
        pulumi="follow https://www.pulumi.com/docs/iac/download-install/",
        plugins="update Docker Desktop, which brings it",
        venv=PYTHON_ITSELF,
    ),
}


def official(machine: Machine) -> Official:
    """Look the machine up: its system, then its distribution, then the nearest general row."""
    if machine.system == "linux":
        return PLATFORMS.get(machine.distribution, PLATFORMS["linux"])
    return PLATFORMS.get(machine.system, PLATFORMS["other"])


def engine_absent(machine: Machine) -> str:
    """No `docker` on PATH."""
    return (
        f"Docker is not installed, and every container of the stack runs in it: {official(machine).engine}."
    )


def engine_denied(machine: Machine) -> str:
    """The socket is there and is not ours to open."""
    user = machine.environ.get("USER", "$USER")
    return (
        "The Docker engine runs, but this user may not open its socket: add yourself to the docker group "
        f"(`sudo usermod -aG docker {user}`), then log out and in again."
    )


def engine_stopped(machine: Machine, why: str) -> str:
    """Docker is installed and its engine does not answer."""
    host = machine.environ.get("DOCKER_HOST")
    if host:
        return (
            f"The Docker engine at DOCKER_HOST={host} does not answer ({why}): "
            "start it there, or unset DOCKER_HOST."
        )
    start = official(machine).start
    if machine.system == "linux" and not machine.systemd:
        start = "`sudo dockerd` in another terminal"
    return f"Docker is installed, but its engine does not answer ({why}): {start}."


def engine_silent(machine: Machine) -> str:
    """The engine's address is taken, or swallows what is sent to it, and nothing comes back."""
    waited = f"does not answer within {LOOK_TIMEOUT_SECONDS:.0f} s"
    host = machine.environ.get("DOCKER_HOST")
    if host:
        return (
            f"The Docker engine at DOCKER_HOST={host} {waited}: see that an engine listens at "
            "this address and is not overloaded, or unset DOCKER_HOST."
        )
    return f"The Docker engine at its usual address {waited}: see whether it is overloaded, or restart it."


def plugin_absent(machine: Machine, name: str) -> str:
    """Docker's `compose` or `buildx` plugin is missing."""
    return f"Docker's {name} plugin is missing, and `docker {name}` needs it: {official(machine).plugins}."


def pulumi_absent(machine: Machine, *, root_builds: bool = False) -> str:
    """No `pulumi` on PATH; `root_builds` if the bootstrap would build one here for root."""
    way = official(machine).pulumi
    if root_builds:
        way += (
            "; where that host does not answer, as from here now, run `python3 scripts/bootstrap` as root, "
            "for whom it builds the CLI"
        )
    return f"The Pulumi CLI is not installed, and it applies the stack: {way}."


def pulumi_old(machine: Machine, found: str, minimum: str) -> str:
    """The `pulumi` on PATH is from before failing after-hooks failed the update."""
    return (
        f"The Pulumi CLI on PATH is {found}, and {minimum} or newer is needed, for only since then does a "
        f"failing after-hook (our MCP call) fail the update: upgrade it with {official(machine).pulumi}."
    )


def images_absent(names: list[str]) -> str:
    """Base images are neither here nor to be had."""
    return (
        f"No image registry answers and these base images are not here: {', '.join(names)}; "
        "`docker load` them, or name those that your network has in PYTHON_IMAGE, "
        "POSTGRES_IMAGE, REDIS_IMAGE and HAPROXY_IMAGE."
    )


def offline() -> str:
    """Nothing answers, so nothing could be downloaded whatever the way."""
    return (
        "Neither the official download hosts nor PyPI answer from here: check the network, or set "
        "HTTPS_PROXY (and SSL_CERT_FILE if your company intercepts TLS)."
    )
