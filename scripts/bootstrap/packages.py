"""Install Debian or Ubuntu packages that are not installed yet."""

from collections.abc import Sequence

from scripts.bootstrap import progress
from scripts.bootstrap.machine import Machine

APT_TIMEOUT_SECONDS = 900.0
APT = ("apt-get", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120", "-qq")
REMEDY = "check that the package mirror in /etc/apt answers, then run again"

DEBIAN = "http://deb.debian.org/debian"
DEBIAN_SECURITY = "http://deb.debian.org/debian-security"


def mirror(machine: Machine, default: str = DEBIAN) -> str:
    """Where this machine gets Debian (or DEBIAN_SECURITY) from: the mirror in /etc/apt if it has one."""
    listed = machine.ask(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"
    ).out.split()
    ending = "/" + default.rpartition("/")[2]
    own = [uri.rstrip("/") for uri in listed if uri.rstrip("/").endswith(ending)]
    return own[0] if own else default


def missing(machine: Machine, names: Sequence[str]) -> list[str]:
    """Name the packages that dpkg does not know as installed."""
    answer = machine.ask("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names)
    installed = {line.split()[0] for line in answer.out.splitlines() if line.endswith(" installed")}
    return [name for name in names if name not in installed]


def install(machine: Machine, names: Sequence[str]) -> None:
    """Install what is missing of `names`, without recommendations and without a question.

    Raises:
        Refusal: the mirror does not answer or a package does not exist there.
    """
    wanted = missing(machine, names)
    if not wanted:
        return
    log = machine.cache / "logs" / "apt.log"
    environ = {**machine.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *wanted)):
        progress.run(
            (*APT, *command),
            what=f"Installing {', '.join(wanted)}",
            remedy=REMEDY,
            log=log,
            timeout=APT_TIMEOUT_SECONDS,
            environ=environ,
        )
