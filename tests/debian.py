"""Programs of Debian's packages: fetched, unpacked into the user's cache, never installed.

The lists of packages are our own: a machine may have none, and fetching the system's is not ours to do.
"""

import subprocess
from pathlib import Path

from scripts.bootstrap import cache
from scripts.bootstrap.machine import Machine

DOWNLOAD_SECONDS = 300
NOT_DEBIAN = "this is no Debian to take it from"


class CannotBeHadError(Exception):
    """Why there is no such package; part of a sentence."""


def unpacked(name: str, *packages: str) -> Path:
    """Return the folder that holds what is in these packages; the first time takes some seconds.

    Raises:
        CannotBeHadError: there is no apt, or it cannot fetch them.
    """

    def build(target: Path) -> None:
        target.chmod(0o755)
        lists = target / ".lists"
        (lists / "partial").mkdir(parents=True)
        private = {
            "Dir::State::lists": lists,
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
            "APT::Sandbox::User": "root",
        }
        apt = [
            "apt-get",
            "-qq",
            *(part for key, value in private.items() for part in ("-o", f"{key}={value}")),
        ]
        unpack = 'for one in *.deb; do dpkg-deb -x "$one" . && rm "$one"; done && rm -r .lists'
        for command in ([*apt, "update"], [*apt, "download", *packages], ["sh", "-ec", unpack]):
            subprocess.run(
                command, cwd=target, check=True, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS
            )

    try:
        return cache.make(Machine.this().cache, name, cache.digest([], *packages), build)
    except FileNotFoundError:
        raise CannotBeHadError(NOT_DEBIAN) from None
    except subprocess.CalledProcessError as error:
        raise CannotBeHadError(f"Debian's package cannot be had: {error.stderr.strip()[-200:]}") from error
    except (subprocess.SubprocessError, OSError) as error:
        raise CannotBeHadError(f"Debian's package cannot be had: {error}") from error
