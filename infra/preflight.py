"""What is looked at before anything is created: the engine, the names, the port."""

import contextlib
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pulumi

from infra import engine, machines
from infra.edge import EVERYWHERE
from infra.engine import LOOPBACK, EngineError, Listed
from infra.lifecycle import foreign, is_foreign
from infra.settings import Settings
from infra.site import OBSERVERS, Site

LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (proc(5))."""


@dataclass(frozen=True)
class Ground:
    """What the engine is like, `node` being its id in a Swarm; in a plan without one, the usual."""

    accounts_swap: bool = True
    node: str = "a-manager"


def survey(site: Site, settings: Settings) -> Ground:
    """Look at the ground the stack will stand on.

    A plan works without an engine, and on one that is no Swarm yet; an update does not begin without.

    Raises:
        pulumi.RunError: no engine, no rights to it, a name or the port taken, a Swarm that will not do; one
            sentence, nothing created.
    """
    planning = pulumi.runtime.is_dry_run()
    try:
        if planning and not answers():
            return Ground()
        with ThreadPoolExecutor() as beside:
            ground = beside.submit(_ground, site, settings)
            there = engine.containers()
            check_names(site, there)
            check_port(site, settings, there)
            if settings.observability:
                check_names(site, there, [site.container(service) for service in OBSERVERS])
                check_grafana_port(site, settings, there)
        try:
            return ground.result()
        except EngineError as fault:
            if not planning or settings.engine != "swarm":
                raise
            pulumi.log.warn(f"`up` will be refused: {fault}")
            return Ground()
    except EngineError as fault:
        raise pulumi.RunError(str(fault)) from fault


def _ground(site: Site, settings: Settings) -> Ground:
    if settings.engine == "swarm":
        return Ground(node=machines.manager(site, settings))
    return Ground(engine.accounts_swap())


def answers() -> bool:
    """Whether there is an engine to ask. One behind ssh is not asked in a preview: it may only be a name."""
    if engine.host().startswith("ssh://"):
        return False
    try:
        engine.ask("version", "--format", "{{.Server.Version}}")
    except EngineError:
        return False
    return True


def check_names(site: Site, there: Sequence[Listed], names: Sequence[str] | None = None) -> None:
    """Refuse a container name that belongs to somebody else; without `names`, those that every stack has."""
    for one in there:
        if one.name in (names or site.containers) and is_foreign(one, site):
            raise EngineError(foreign(one, site))


def check_port(site: Site, settings: Settings, there: Sequence[Listed]) -> None:
    """Refuse a port that somebody else holds, naming the holder; our own stack may hold it."""
    address = EVERYWHERE if settings.is_production else LOOPBACK
    _check(site, there, "publishedPort", address, settings.published_port)


def check_grafana_port(site: Site, settings: Settings, there: Sequence[Listed]) -> None:
    """Refuse the same for Grafana's port."""
    _check(site, there, "grafanaPort", LOOPBACK, settings.grafana_port)


def _check(site: Site, there: Sequence[Listed], key: str, address: str, port: int) -> None:
    holder = next((one for one in there if one.runs and port in one.published), None)
    if holder is not None and not is_foreign(holder, site):
        return
    if holder is not None:
        raise EngineError(_taken(site, key, port, f"the container {holder.name}"))
    if engine.host().startswith("unix://") and not _free(address, port):
        raise EngineError(_taken(site, key, port, _process(port)))


def _taken(site: Site, key: str, port: int, holder: str) -> str:
    other = port + 1 if port < 65535 else port - 1
    return (
        f"Port {port} is held by {holder}: end that, or set `exai-mcp-server:{key}: {other}` under "
        f"`config:` in {site.file}."
    )


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # As Docker does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _process(port: int) -> str:
    """Name the process that listens, as far as this system and our rights tell."""
    if not sys.platform.startswith("linux"):
        return f"another process (`lsof -nP -iTCP:{port} -sTCP:LISTEN` names it)"
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8").strip()
                return f"the process {name} (pid {process.name})"
    return f"a process of another user (`sudo ss -ltnp sport = :{port}` names it)"


def _inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
