"""Go for the toolchain: the one on PATH if new enough, else the release that the Go module proxy serves.

Source: https://go.dev/doc/toolchain (toolchains are modules named golang.org/toolchain).
"""

import hashlib
import shutil
import ssl
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from scripts.bootstrap import cache
from scripts.bootstrap.machine import Machine, version
from scripts.bootstrap.refusal import Refusal

MINIMUM_GO = (1, 26)
PROXY = "https://proxy.golang.org"
DOWNLOAD_TIMEOUT_SECONDS = 60.0
"""Between two pieces, not for the whole."""

CHUNK_BYTES = 1 << 20


def pins(root: Path) -> dict[str, str]:
    """Read tools/toolchain/go.txt: the version and one SHA-256 an architecture."""
    lines = (root / "tools/toolchain/go.txt").read_text().splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def on_path(machine: Machine) -> Path | None:
    """Return the `go` on PATH if it is new enough."""
    go = machine.which("go")
    if go is None:
        return None
    # GOTOOLCHAIN=local is what build.sh uses: ask for the version that would really build.
    found = machine.ask("env", "GOTOOLCHAIN=local", str(go), "env", "GOVERSION").out
    return go if version(found) >= MINIMUM_GO else None


def supply(machine: Machine, root: Path) -> Path:
    """Return the folder that holds a new enough `go`, downloading one into the cache if need be.

    Raises:
        Refusal: neither PATH nor the module proxy has it.
    """
    go = on_path(machine)
    if go:
        return go.parent
    pinned = pins(root)
    release, sha256 = pinned["version"], pinned.get(machine.architecture)
    wanted = ".".join(map(str, MINIMUM_GO))
    if sha256 is None:
        raise Refusal(
            f"Go {wanted} or newer is not on PATH, and there is no known one for {machine.architecture}: "
            "install it from https://go.dev/dl/."
        )
    name = f"golang.org/toolchain@v0.0.1-go{release}.linux-{machine.architecture}"
    made = cache.make(
        machine.cache,
        "go",
        cache.digest((), name, sha256),
        lambda out: _download(machine, name, sha256, out),
    )
    return made / name / "bin"


def _proxy(machine: Machine) -> str:
    first = machine.environ.get("GOPROXY", "").replace("|", ",").split(",")[0]
    return first.rstrip("/") if first.startswith("http") else PROXY


def _download(machine: Machine, name: str, sha256: str, out: Path) -> None:
    url = f"{_proxy(machine)}/{name.replace('@', '/@v/')}.zip"
    archive = out / "go.zip"
    seen = hashlib.sha256()
    bundle = machine.ca_bundle()
    tls = ssl.create_default_context(cafile=str(bundle) if bundle else None)
    try:
        with (
            urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_SECONDS, context=tls) as answer,  # noqa: S310 - https above
            archive.open("wb") as sink,
        ):
            while chunk := answer.read(CHUNK_BYTES):
                seen.update(chunk)
                sink.write(chunk)
    except (urllib.error.URLError, OSError) as error:
        raise Refusal(
            f"Go is not on PATH in a new enough version, and {url} does not answer ({error}): install "
            "Go from https://go.dev/dl/, or set GOPROXY to a proxy that your network has."
        ) from error
    if seen.hexdigest() != sha256:
        raise Refusal(
            f"{url} is not the file that tools/toolchain/go.txt pins: "
            "the proxy is wrong, or somebody is in between."
        )
    with zipfile.ZipFile(archive) as content:
        content.extractall(out)
    archive.unlink()
    # Module archives carry no modes; these two folders hold the programs.
    for folder in ("bin", "pkg/tool"):
        for program in (out / name / folder).rglob("*"):
            if program.is_file():
                program.chmod(0o755)
    if shutil.which("go", path=str(out / name / "bin")) is None:
        raise Refusal(f"{url} holds no bin/go: install Go from https://go.dev/dl/.")
