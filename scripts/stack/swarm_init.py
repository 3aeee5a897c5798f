"""`swarm-init`: make this engine the manager of a Swarm; the one verb that does, and never by the way."""

from infra import cluster, engine
from scripts.stack import parts
from scripts.stack.errors import StackError
from scripts.stack.session import Session

ALONE = "127.0.0.1"
"""Nobody else can join by it, and nothing of Swarm's own listens to the world."""
INIT_SECONDS = 60


def swarm_init(session: Session, address: str | None) -> int:
    """Initialise a Swarm of one machine, or with an address one that other machines can join.

    An engine that manages a Swarm already is left as it is.
    """
    parts.require_engine()
    # Asking for the CLI would need a passphrase; the engine is the caller's own.
    found = cluster.membership()
    if found.manages:
        print(f"This engine manages a Swarm already, of {found.nodes} machine{'s' * (found.nodes != 1)}.")
        return 0
    if found.node:
        raise StackError(
            "This engine is a worker of a Swarm: run this on one of its managers, or leave it first "
            "(`docker swarm leave`)."
        )
    place = address or ALONE
    engine.ask("swarm", "init", "--advertise-addr", place, "--listen-addr", place, seconds=INIT_SECONDS)
    print(f"This engine manages a Swarm now, at {place}. `{session.site.make('up')}` can run on it.")
    if address is None:
        print("It is for this machine alone; `docker swarm leave --force` undoes it.")
    else:
        print("`docker swarm join-token worker` prints what other machines join with.")
    if "no-new-privileges" not in engine.ask("info", "--format", "{{.SecurityOptions}}"):
        print(
            'Advised on every machine: "no-new-privileges": true in /etc/docker/daemon.json. The stack gives '
            "up those rights for what it runs; that line does so for `docker exec` too."
        )
    return 0
