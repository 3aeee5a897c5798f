"""A Docker engine of a test's own: its network, its data and its end are its alone.

Swarm tests cannot share the machine's engine, which `swarm init` would change for everybody else on it. This
one lives in a network namespace with one cable to the host, so that its firewall rules, bridges and ports
touch nothing of the machine's; what a stack publishes there is reached from the host at `address`. It needs
root, and neither systemd nor an image registry: base images come from the machine's engine.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("dockerd", "docker", "ip", "iptables", "nsenter")
START_SECONDS = 60
STOP_SECONDS = 60
LOAD_SECONDS = 300
COMMAND_SECONDS = 60
POLL_SECONDS = 0.2
PORT = 2375
SUBNETS = 200
"""How many private networks 10.213.x.0/24 are tried for one that nobody uses."""


def missing() -> str | None:
    """Return why there can be no such engine here; None if there can."""
    if os.geteuid() != 0:
        return "a private Docker engine needs root"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"a private Docker engine needs {', '.join(absent)}" if absent else None


class PrivateEngine:
    """The engine; everything that it makes is under `folder` or carries `name`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"exai-{secrets.token_hex(3)}"
        self._third = _free_subnet()
        self.address = f"10.213.{self._third}.2"
        self.host = f"tcp://{self.address}:{PORT}"
        self._cable = self.name[:14]
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Lay the network and start dockerd; it answers when this returns."""
        here = f"10.213.{self._third}.1"
        inside = ("ip", "netns", "exec", self.name, "ip")
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _run("ip", "addr", "add", f"{here}/24", "dev", self._cable)
        _run("ip", "link", "set", self._cable, "up")
        _run(*inside, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            _run(*inside, "link", "set", link, "up")
        _run(*inside, "route", "add", "default", "via", here)
        for rule in self._rules:
            _run("iptables", *rule)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        (self.folder / "daemon.json").write_text("{}")
        with (self.folder / "log").open("wb") as log:
            self._daemon = subprocess.Popen(
                [
                    *self.inside,
                    "dockerd",
                    *("--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")),
                    *(
                        "--pidfile",
                        str(self.folder / "pid"),
                        "--config-file",
                        str(self.folder / "daemon.json"),
                    ),
                    *("--host", self.host, "--tls=false", "--cgroup-parent", f"/{self.name}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            said = (self.folder / "log").read_text(errors="replace").splitlines()[-5:]
            assert self._daemon.poll() is None, f"dockerd ended while it started: {said}"
            assert time.monotonic() < deadline, f"dockerd did not answer within {START_SECONDS} s: {said}"
            time.sleep(POLL_SECONDS)

    @property
    def inside(self) -> Sequence[str]:
        """What makes a command run in this engine's network. Not `ip netns exec`, which hides cgroups."""
        return ("nsenter", f"--net=/run/netns/{self.name}")

    def load(self, *images: str) -> None:
        """Give it those of the images that the machine's engine has; it pulls others itself."""
        here = [image for image in images if _try("docker", "image", "inspect", image)]
        if not here:
            return
        with subprocess.Popen(["docker", "save", *here], stdout=subprocess.PIPE) as save:
            subprocess.run(
                ["docker", "--host", self.host, "load", "--quiet"],
                stdin=save.stdout,
                check=True,
                capture_output=True,
                timeout=LOAD_SECONDS,
            )

    def stop(self) -> None:
        """End dockerd and remove what was made, also after half a start."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._daemon.wait(STOP_SECONDS)
            self._daemon.kill()
            self._daemon.wait(STOP_SECONDS)
        for pid in self._left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for rule in self._rules:
            _try("iptables", *("-D" if part in {"-I", "-A"} else part for part in rule))
        _try("ip", "link", "delete", self._cable)
        _try("ip", "netns", "delete", self.name)
        for mount in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if (place := mount.split()[1]).startswith(str(self.folder)):
                _try("umount", "--lazy", place)
        for group in Path("/sys/fs/cgroup").glob(f"**/{self.name}"):
            for folder in (*sorted(group.glob("**/"), reverse=True), group):
                with suppress(OSError):
                    folder.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _left(self) -> Iterator[int]:
        """Yield the processes that outlived dockerd and name its folder: containerd and its shims."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if str(self.folder / "exec") in (process / "cmdline").read_bytes().decode(errors="replace"):
                    yield int(process.name)

    @property
    def _rules(self) -> Sequence[Sequence[str]]:
        """The way out, for building images, marked so that it is found again."""
        mark = ("-m", "comment", "--comment", self.name)
        source = f"10.213.{self._third}.0/24"
        return (
            (
                "-t",
                "nat",
                "-A",
                "POSTROUTING",
                "-s",
                source,
                "!",
                "-o",
                self._cable,
                *mark,
                "-j",
                "MASQUERADE",
            ),
            ("-I", "FORWARD", "-i", self._cable, *mark, "-j", "ACCEPT"),
            ("-I", "FORWARD", "-o", self._cable, *mark, "-j", "ACCEPT"),
        )

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((self.address, PORT), timeout=1):
            return _try("docker", "--host", self.host, "version")
        return False


@contextmanager
def running(folder: Path, images: Sequence[str]) -> Iterator[PrivateEngine]:
    """Run an engine with these images until the block ends, whatever happens in it."""
    engine = PrivateEngine(folder)
    try:
        engine.start()
        engine.load(*images)
        yield engine
    finally:
        engine.stop()


def _free_subnet() -> int:
    used = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    start = secrets.randbelow(SUBNETS)
    order = [(start + step) % SUBNETS + 1 for step in range(SUBNETS)]
    return next(third for third in order if f"10.213.{third}." not in used)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def _try(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=COMMAND_SECONDS, check=False)
    return done.returncode == 0
