"""Fetching over a real TLS connection, and all the ways in which none is made."""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.files.errors import FileRefusedError
from app.files.fetching import HttpsFetch
from app.files.urls import Address

HOST = "files.example"
BODY = b"what is fetched" * 100


@dataclass
class Site:
    """An HTTPS server of the tests: how often somebody connected, and what was asked."""

    port: int
    trust: ssl.SSLContext
    connected: int = 0
    asked: list[web.Request] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str, host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"


class Names(AbstractResolver):
    """Resolves every name to the next of some lists of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        self.asked.append(host)
        found = self.answers.pop(0)
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in found
        ]

    async def close(self) -> None:
        pass


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for the host that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    cert, key = certificate(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))
    found = Site(listener.getsockname()[1], ssl.create_default_context(cafile=str(cert)))

    async def answer(request: web.Request) -> web.StreamResponse:
        found.asked.append(request)
        match request.path:
            case "/onward":
                raise web.HTTPFound("/elsewhere")
            case "/missing":
                raise web.HTTPNotFound
            case "/silent":
                await found.hold.wait()
        return web.Response(body=BODY)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    make: Any = runner.server

    def counted() -> Any:
        found.connected += 1
        return make()

    server = await asyncio.get_running_loop().create_server(counted, sock=listener, ssl=serving)
    yield found
    found.hold.set()
    server.close()
    await runner.cleanup()


def anywhere(_: Address) -> bool:
    return True


def fetch(site: Site, names: Names, **more: Any) -> HttpsFetch:
    return HttpsFetch(resolver=lambda: names, tls=lambda: site.trust, **more)


async def test_a_file_is_fetched_over_tls_with_nothing_of_ours(site: Site) -> None:
    names = Names(["127.0.0.1"])

    body, onward = await fetch(site, names, permits=anywhere).get(site.url("/a?x=1"), most=10_000)

    assert (body, onward) == (BODY, None)
    (request,) = site.asked
    assert request.path_qs == "/a?x=1"
    assert {"Authorization", "Cookie", "Referer"} & set(request.headers) == set()


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["169.254.169.254"]])
async def test_a_name_that_leads_inside_is_not_connected_to(site: Site, answers: list[str]) -> None:
    with pytest.raises(FileRefusedError, match="is not on the public Internet"):
        await fetch(site, Names(answers)).get(site.url("/a"), most=10_000)

    assert site.connected == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "0.0.0.1", "2130706433", "127.1"]
)
async def test_an_address_in_place_of_a_name_is_judged_too(site: Site, host: str) -> None:
    with pytest.raises(FileRefusedError):
        await fetch(site, Names()).get(site.url("/a", host), most=10_000)

    assert site.connected == 0


async def test_the_address_that_was_judged_is_the_one_connected_to(site: Site) -> None:
    names, judged = Names(["127.0.0.1"], ["127.0.0.2"]), list[str]()

    def permits(address: Address) -> bool:
        judged.append(str(address))
        return True

    await fetch(site, names, permits=permits).get(site.url("/a"), most=10_000)

    assert names.asked == [HOST]
    assert judged == ["127.0.0.1"]
    assert site.connected == 1


async def test_a_redirect_is_reported_and_not_followed(site: Site) -> None:
    body, onward = await fetch(site, Names(["127.0.0.1"]), permits=anywhere).get(site.url("/onward"), most=9)

    assert (body, onward) == (b"", "/elsewhere")
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("path", "most", "sentence"),
    [
        ("/missing", 10_000, "The URL answered 404: correct it, or send the content."),
        ("/a", 100, "The URL's file is larger than 100 bytes"),
    ],
)
async def test_what_is_no_file_is_one_sentence(site: Site, path: str, most: int, sentence: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        await fetch(site, Names(["127.0.0.1"]), permits=anywhere).get(site.url(path), most=most)

    assert str(caught.value).startswith(sentence)


async def test_a_host_that_says_nothing_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.files.fetching.FETCH_SECONDS", 0.2)

    with pytest.raises(FileRefusedError, match="did not answer within"):
        await fetch(site, Names(["127.0.0.1"]), permits=anywhere).get(site.url("/silent"), most=10_000)


async def test_a_certificate_nobody_vouches_for_is_not_trusted(site: Site) -> None:
    untrusting = HttpsFetch(resolver=lambda: Names(["127.0.0.1"]), permits=anywhere)

    with pytest.raises(FileRefusedError, match="cannot be reached"):
        await untrusting.get(site.url("/a"), most=10_000)

    assert site.asked == []


async def test_no_proxy_is_used_since_nobody_could_tell_where_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    body, _ = await fetch(site, Names(["127.0.0.1"]), permits=anywhere).get(site.url("/a"), most=10_000)

    assert body == BODY
