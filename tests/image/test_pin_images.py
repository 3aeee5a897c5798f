"""scripts/pin_images.py against a registry of the v2 API on loopback, token exchange included."""

import asyncio
import email.message
import hashlib
import json
import subprocess
import sys
import tomllib
import urllib.error
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.contract import IMAGES, OBSERVABILITY_IMAGES
from scripts.pin_images import DOCKER_HUB, INDEX_TYPES, PinningFailed, Reference, digest_of, pin

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "given-to-anonymous"
NAMES = tuple((IMAGES | OBSERVABILITY_IMAGES).values())
OLD = "# mine\n[digests]\n"


class FakeRegistry:
    """Serves one index per repository; each test may spoil one thing."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.media_type = INDEX_TYPES[0]
        self.digest_header: str | None = None
        self.missing: str | None = None
        self.gives_token = True
        self.app = web.Application()
        self.app.router.add_get("/v2/{repository:.+}/manifests/{tag}", self._manifest)
        self.app.router.add_get("/token", self._token)

    @staticmethod
    def index(repository: str) -> bytes:
        return json.dumps({"schemaVersion": 2, "manifests": [], "annotations": {"for": repository}}).encode()

    async def _manifest(self, request: web.Request) -> web.Response:
        repository = request.match_info["repository"]
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            realm = request.url.with_path("/token")
            challenge = f'Bearer realm="{realm}",service="fake",scope="repository:{repository}:pull"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        if repository == self.missing:
            return web.Response(status=404)
        assert all(kind in request.headers["Accept"] for kind in INDEX_TYPES)
        body = self.index(repository)
        digest = self.digest_header or f"sha256:{hashlib.sha256(body).hexdigest()}"
        return web.Response(
            body=body, headers={"Content-Type": self.media_type, "Docker-Content-Digest": digest}
        )

    async def _token(self, request: web.Request) -> web.Response:
        self.scopes.append(request.query["scope"])
        assert request.query["service"] == "fake"
        return web.json_response({"token": TOKEN} if self.gives_token else {})


@pytest.fixture
async def registry() -> AsyncIterator[tuple[FakeRegistry, str]]:
    fake = FakeRegistry()
    async with TestServer(fake.app) as server:
        yield fake, str(server.make_url("/")).rstrip("/")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def _pin(lock: Path, registry: str) -> dict[str, str]:
    """In a thread: the script is synchronous, and the registry lives in this event loop."""
    return await asyncio.to_thread(pin, lock, registry)


def test_names_are_taken_apart_as_docker_does() -> None:
    assert Reference.parse("python:3.13-slim") == Reference(DOCKER_HUB, "library/python", "3.13-slim")
    assert Reference.parse("me/mine:1") == Reference(DOCKER_HUB, "me/mine", "1")
    assert Reference.parse("ghcr.io/me/mine:1") == Reference("https://ghcr.io", "me/mine", "1")
    assert Reference.parse("localhost:5000/mine:1") == Reference("https://localhost:5000", "mine", "1")


def _repository(name: str) -> str:
    path = name.partition(":")[0]
    return path if "/" in path else f"library/{path}"


async def test_every_image_is_pinned_to_the_digest_of_its_index(
    registry: tuple[FakeRegistry, str], tmp_path: Path
) -> None:
    fake, url = registry
    lock = tmp_path / "images.lock"
    digests = await _pin(lock, url)
    expected = {name: f"sha256:{hashlib.sha256(fake.index(_repository(name))).hexdigest()}" for name in NAMES}

    assert digests == expected
    assert tomllib.loads(lock.read_text()) == {"digests": expected}
    assert fake.scopes == [f"repository:{_repository(name)}:pull" for name in NAMES]
    assert _names(tmp_path) == [lock.name]


async def test_the_same_answers_write_the_same_file(
    registry: tuple[FakeRegistry, str], tmp_path: Path
) -> None:
    _, url = registry
    lock = tmp_path / "images.lock"
    await _pin(lock, url)
    first = lock.read_bytes()
    await _pin(lock, url)

    assert lock.read_bytes() == first


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ({"missing": "library/redis"}, "404"),
        ({"media_type": "application/vnd.oci.image.manifest.v1+json"}, "one platform"),
        ({"digest_header": "sha256:" + "0" * 64}, "another digest"),
        ({"gives_token": False}, "gave no token"),
    ],
)
async def test_a_registry_that_misbehaves_changes_nothing(
    registry: tuple[FakeRegistry, str], tmp_path: Path, spoil: dict[str, object], sentence: str
) -> None:
    fake, url = registry
    for name, value in spoil.items():
        setattr(fake, name, value)
    lock = tmp_path / "images.lock"
    lock.write_text(OLD)

    with pytest.raises(PinningFailed, match=sentence):
        await _pin(lock, url)
    assert lock.read_text() == OLD
    assert _names(tmp_path) == [lock.name]


def test_a_token_is_never_fetched_in_clear_from_a_registry_that_encrypts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = email.message.Message()
    headers["WWW-Authenticate"] = 'Bearer realm="http://elsewhere/token",service="s"'

    def refuse(url: str, _headers: dict[str, str]) -> tuple[bytes, object]:
        assert url.startswith("https://")
        raise urllib.error.HTTPError(url, 401, "Unauthorized", headers, None)

    monkeypatch.setattr("scripts.pin_images._get", refuse)
    with pytest.raises(PinningFailed, match="plain HTTP"):
        digest_of(Reference.parse("python:3.13-slim"))


def test_without_a_registry_one_sentence_says_so_and_nothing_changes(tmp_path: Path, free_port: int) -> None:
    lock = tmp_path / "images.lock"
    lock.write_text(OLD)
    command = [
        sys.executable,
        "scripts/pin_images.py",
        "--lock",
        str(lock),
        "--registry",
        f"http://127.0.0.1:{free_port}",
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert ran.returncode == 69
    assert ran.stdout == ""
    assert len(ran.stderr.strip().splitlines()) == 1
    assert "images.lock is unchanged" in ran.stderr
    assert lock.read_text() == OLD


def test_the_committed_lock_is_readable_and_names_only_images_of_the_contract() -> None:
    digests = tomllib.loads((ROOT / "images.lock").read_text())["digests"]

    assert set(digests) <= set(NAMES)
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests.values())
