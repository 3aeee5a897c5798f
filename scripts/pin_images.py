"""Write the digests of the base images to images.lock: `make pin-images`.

Asks each image's registry over HTTPS for the index of its tag (OCI distribution spec 1.1, "pulling
manifests"), with the token exchange that most registries ask for (distribution's "token authentication").
Needs no engine. All or nothing: if one image has no digest, images.lock stays as it is; exit code 69.
"""

import argparse
import hashlib
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from app.contract import IMAGES, OBSERVABILITY_IMAGES

LOCK = Path(__file__).resolve().parent.parent / "images.lock"
HEADER = """\
# The digests of the base images, written by `make pin-images` on a machine that reaches the image registries.
# A key is the image as it is named in app/contract.py; its value is the digest of the image's index, the same
# on every platform. An image without a line is not pinned, and is used by its name.
"""
DOCKER_HUB = "https://registry-1.docker.io"
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
REQUEST_TIMEOUT_SECONDS = 15
MAX_BODY_BYTES = 4 * 1024 * 1024
EXIT_UNAVAILABLE = 69

_CHALLENGE_PART = re.compile(r'(\w+)="([^"]*)"')


class PinningFailed(Exception):  # noqa: N818 - names what is the case, as the caller tells it
    """An image has no digest to be had; the message is the sentence without its end."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image name taken apart: `python:3.13-slim` is library/python at Docker Hub."""

    registry: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, name: str, registry: str | None = None) -> "Reference":
        """Take a name apart; `registry`, a URL, replaces the one that the name implies."""
        path, _, tag = name.rpartition(":")
        host, slash, rest = path.partition("/")
        if slash and ("." in host or ":" in host or host == "localhost"):
            return cls(registry or f"https://{host}", rest, tag)
        return cls(registry or DOCKER_HUB, path if slash else f"library/{path}", tag)


def _get(url: str, headers: dict[str, str]) -> tuple[bytes, Any]:
    if urllib.parse.urlsplit(url).scheme not in ("https", "http"):
        raise PinningFailed(f"{url} is no address of a registry")
    request = urllib.request.Request(url)  # noqa: S310 - the scheme is looked at above
    for name, value in headers.items():
        # Not passed on when the registry redirects to a store of another owner.
        request.add_unredirected_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            return answer.read(MAX_BODY_BYTES), answer.headers
    except urllib.error.HTTPError:
        raise
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise PinningFailed(f"{urllib.parse.urlsplit(url).netloc} cannot be reached ({reason})") from error


def _token(challenge: str, reference: Reference) -> str:
    """Trade a 401's challenge for a token to pull with, as an anonymous user."""
    parts = dict(_CHALLENGE_PART.findall(challenge))
    realm = parts.get("realm", "")
    if not challenge.lower().startswith("bearer ") or not realm:
        raise PinningFailed(
            f"{reference.registry} asks for a login that is not the bearer token of registries"
        )
    if realm.startswith("http:") and reference.registry.startswith("https:"):
        raise PinningFailed(f"{reference.registry} sends its token over plain HTTP ({realm})")
    query = {"scope": parts.get("scope", f"repository:{reference.repository}:pull")}
    if "service" in parts:
        query["service"] = parts["service"]
    try:
        body, _ = _get(f"{realm}?{urllib.parse.urlencode(query)}", {})
        answer = json.loads(body)
        return str(answer.get("token") or answer["access_token"])
    except (urllib.error.HTTPError, ValueError, KeyError, AttributeError) as error:
        raise PinningFailed(f"{realm} gave no token ({error})") from error


def digest_of(reference: Reference) -> str:
    """Return `sha256:…` of the index behind a tag; PinningFailed if there is none to be had."""
    url = f"{reference.registry}/v2/{reference.repository}/manifests/{urllib.parse.quote(reference.tag)}"
    headers = {"Accept": ", ".join(INDEX_TYPES)}
    try:
        try:
            body, answered = _get(url, headers)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.UNAUTHORIZED:
                raise
            token = _token(error.headers.get("WWW-Authenticate", ""), reference)
            body, answered = _get(url, headers | {"Authorization": f"Bearer {token}"})
    except urllib.error.HTTPError as error:
        raise PinningFailed(f"{url} answers {error.code} {error.reason}") from error
    if answered.get_content_type() not in INDEX_TYPES:
        raise PinningFailed(
            f"{url} is an image of one platform ({answered.get_content_type()}) and not an index of several"
        )
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if answered.get("Docker-Content-Digest", digest) != digest:
        raise PinningFailed(f"{url} came with another digest than its content has")
    return digest


def pin(lock: Path, registry: str | None = None) -> dict[str, str]:
    """Write the digests of every image of the contract to `lock` and return them; never half a file."""
    digests = {
        name: digest_of(Reference.parse(name, registry)) for name in (IMAGES | OBSERVABILITY_IMAGES).values()
    }
    lines = [f'"{name}" = "{digest}"' for name, digest in sorted(digests.items())]
    partial = lock.with_name(f"{lock.name}.partial")
    partial.write_text("\n".join([HEADER.rstrip(), "[digests]", *lines, ""]))
    partial.replace(lock)
    return digests


def main() -> int:
    """Pin every image, print what was written; return the exit code."""
    parser = argparse.ArgumentParser(description="Write the digests of the base images to images.lock.")
    parser.add_argument("--lock", type=Path, default=LOCK, metavar="FILE")
    parser.add_argument("--registry", metavar="URL", help="a mirror to ask in place of each image's registry")
    options = parser.parse_args()
    try:
        digests = pin(options.lock, options.registry)
    except PinningFailed as error:
        print(
            f"{error}, so {options.lock.name} is unchanged: run `make pin-images` where it answers.",
            file=sys.stderr,
        )
        return EXIT_UNAVAILABLE
    for name, digest in digests.items():
        print(f"{name}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
