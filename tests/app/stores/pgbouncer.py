"""A real PgBouncer in transaction mode, from PATH or unpacked from Debian's packages into the cache."""

import os
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests import debian

PACKAGES = ("pgbouncer", "libevent-2.1-7", "libc-ares2")
START_SECONDS = 20


def program() -> tuple[list[str], dict[str, str]] | str:
    """Return the command with its environment, or why there is none."""
    own = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if own:
        return [own], {}
    try:
        folder = debian.unpacked("pgbouncer", *PACKAGES)
    except debian.CannotBeHadError as error:
        return f"pgbouncer is not on PATH, and {error}"
    libraries = folder / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    return [str(folder / "usr" / "sbin" / "pgbouncer")], {"LD_LIBRARY_PATH": str(libraries)}


@contextmanager
def pgbouncer(
    found: tuple[list[str], dict[str, str]], server_url: str, port: int, folder: Path, size: int
) -> Iterator[str]:
    """Run it before a server with `size` connections; yield the URL of the same database through it."""
    command, environ = found
    server = urlsplit(server_url)
    database = server.path.lstrip("/")
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{database} = host={server.hostname} port={server.port} dbname={database} "
        f"user={server.username} password={server.password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {size}\nmax_client_conn = 200\n"
        + ("user = nobody\n" if os.geteuid() == 0 else "")
    )
    process = subprocess.Popen(
        [*command, "--quiet", str(config)],
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield f"postgresql://{server.username}@127.0.0.1:{port}/{database}"
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError("PgBouncer did not start") from None
            time.sleep(0.05)  # another process starts; there is no event to await
        else:
            return
