"""How far the Debian packages in an image are behind Debian's, by the image's own apt.

Debian mends a hole in the version it has, so that versions say little and being up to date says nearly all.
"""

import re
import subprocess
from collections.abc import Iterator, Sequence

from app import contract
from scripts.scan.verdict import CannotAsk, Verdict, judged

SECONDS = 180
SCRIPT = (
    "apt-get -qq -o APT::Update::Error-Mode=any -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update"
    " >&2 && apt-cache policy $(dpkg-query -W -f '${binary:Package} ')"
)
"""Every mirror must answer: one that does not would let an old index pass for the present."""
PACKAGE = re.compile(r"^(\S+):\n  Installed: (\S+)\n  Candidate: (\S+)$", re.MULTILINE)
STORES = ("redis", "postgres", "haproxy")


def behind(images: Sequence[str]) -> Verdict:
    """Look at each of these images."""
    late: list[str] = []
    packages = 0
    for image in images:
        found = policy(image)
        packages += len(found)
        late += [f"{image}: {name} {there} -> {newest}" for name, there, newest in found if there != newest]
    passed = f"{packages} packages in {len(images)} images, none behind"
    return judged("Debian packages", late, passed, "build or pull the base image again")


def policy(image: str) -> Sequence[tuple[str, str, str]]:
    """Return name, installed and newest version of every Debian package in an image.

    Raises:
        CannotAsk: there is no engine, the image is not of Debian, or a mirror does not answer.
    """
    command = ["docker", "run", "--rm", "--user", "0:0", "--entrypoint", "sh", image, "-c", SCRIPT]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        raise CannotAsk("the docker command is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise CannotAsk(f"Debian's mirrors did not answer {image} within {SECONDS} s") from None
    if done.returncode:
        said = (done.stderr.strip() or "it gave no reason").splitlines()[0]
        raise CannotAsk(f"the packages of {image} cannot be compared with Debian's ({said})")
    return [(name, there, newest) for name, there, newest in PACKAGE.findall(done.stdout)]


def present() -> Iterator[str]:
    """Yield the images of the stores and the edge that the engine has."""
    for name in STORES:
        asked = ["docker", "image", "inspect", "--format", "{{.Id}}", contract.IMAGES[name]]
        done = subprocess.run(asked, capture_output=True, timeout=SECONDS, check=False)
        if done.returncode == 0:
            yield contract.IMAGES[name]
