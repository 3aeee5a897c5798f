"""The outside world as the bootstrap sees it: platform facts, programs, network. Tests pass a made-up one."""

import os
import platform
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

LOOK_TIMEOUT_SECONDS = 15.0
"""For commands that only ask (`docker info`, `pulumi version`), generous for a busy machine."""

NO_ANSWER = 124
"""The code of a program that did not answer in time, as of `timeout`."""

REACH_TIMEOUT_SECONDS = 5.0
"""After this long without an answer a host counts as not reachable from this network."""

ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
DENIED_BY_PROXY = {HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}
CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS
)


@dataclass(frozen=True)
class Answer:
    """What a program said. `code` is 127 if it is not there, NO_ANSWER if it did not in time."""

    code: int
    out: str = ""
    err: str = ""


@dataclass(frozen=True)
class Machine:
    """Facts read once; methods that look at the world and change nothing."""

    system: str
    architecture: str
    distribution: str
    superuser: bool
    systemd: bool
    environ: Mapping[str, str] = field(repr=False)
    home: Path = field(default_factory=Path.home)

    @classmethod
    def this(cls) -> "Machine":
        """Read the facts of the machine we run on."""
        release: dict[str, str] = {}
        if platform.system() == "Linux":
            try:
                release = platform.freedesktop_os_release()
            except OSError:
                release = {}
        wsl = "microsoft" in platform.release().lower()
        return cls(
            system="wsl" if wsl else platform.system().lower(),
            architecture=ARCHITECTURES.get(platform.machine().lower(), platform.machine()),
            distribution=release.get("ID", ""),
            superuser=hasattr(os, "geteuid") and os.geteuid() == 0,
            systemd=Path("/run/systemd/system").is_dir(),
            environ=dict(os.environ),
        )

    @property
    def cache(self) -> Path:
        """Where everything slow is kept, outside the clone."""
        base = self.environ.get("XDG_CACHE_HOME", "")
        return (Path(base) if base.startswith("/") else self.home / ".cache") / "exai-mcp-server"

    def which(self, name: str) -> Path | None:
        """Find a program on PATH, leaving out what an earlier bootstrap put there."""
        own = str(self.cache)
        path = os.pathsep.join(
            p for p in self.environ.get("PATH", "").split(os.pathsep) if not p.startswith(own)
        )
        found = shutil.which(name, path=path)
        return Path(found) if found else None

    def ask(self, *command: str) -> Answer:
        """Run a program that only answers a question, within LOOK_TIMEOUT_SECONDS."""
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LOOK_TIMEOUT_SECONDS,
                stdin=subprocess.DEVNULL,
                env=dict(self.environ),
                check=False,
            )
        except OSError as error:
            return Answer(127, err=str(error))
        except subprocess.TimeoutExpired:
            return Answer(NO_ANSWER, err=f"no answer within {LOOK_TIMEOUT_SECONDS:.0f} s")
        return Answer(done.returncode, done.stdout, done.stderr)

    def reaches(self, url: str) -> bool:
        """Whether the host answers. An error status is an answer too, a proxy's refusal is not."""
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - our own https constants
        try:
            with urllib.request.urlopen(request, timeout=REACH_TIMEOUT_SECONDS, context=self._tls()):  # noqa: S310
                return True
        except urllib.error.HTTPError as error:
            return error.code not in DENIED_BY_PROXY and error.code < HTTPStatus.INTERNAL_SERVER_ERROR
        except (OSError, ValueError):
            return False

    def _tls(self) -> ssl.SSLContext:
        bundle = self.ca_bundle()
        return ssl.create_default_context(cafile=str(bundle) if bundle else None)

    def ca_bundle(self) -> Path | None:
        """The certificates this host trusts, a company's own among them; None if none is found."""
        for name in (self.environ.get("SSL_CERT_FILE", ""), *CA_BUNDLES):
            if name and Path(name).is_file():
                return Path(name)
        return None


def version(text: str) -> tuple[int, ...]:
    """Read the first dotted number of a text, `(0,)` if there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else (0,)


def last_line(texts: Sequence[str]) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
