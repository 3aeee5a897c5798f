"""The guard: nothing is upgraded, read or run for whoever may not call."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import pytest

from app.transports.guard import Guard
from app.transports.throttle import Throttle
from tests.transports.peers import initialize
from tests.transports.server import TOKEN, Running, running

GOOD = {"Authorization": f"Bearer {TOKEN}"}
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(
    http: aiohttp.ClientSession, server: Running, headers: dict[str, str], path: str = "/mcp"
) -> tuple[int, aiohttp.typedefs.LooseHeaders, Any]:
    """Ask for a WebSocket upgrade, and return the status, headers and body of what comes instead."""
    async with http.get(server.server.make_url(path), headers=UPGRADE | headers) as response:
        if response.status == 101:
            return 101, response.headers, None
        body = await response.json() if response.content_type == "application/json" else await response.text()
        return response.status, response.headers, body


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "LOCALHOST:8079", "[::1]:8079"])
async def test_loopback_names_are_served_on_any_port(
    http: aiohttp.ClientSession, server: Running, host: str
) -> None:
    assert (await ask(http, server, GOOD | {"Host": host}))[0] == 101


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8079",
        "localhost@evil.example",
        "xlocalhost",
        "localhost:99999999",
        "localhost:1:2",
        "127.0.0.2",
        "[::2]",
    ],
)
async def test_a_foreign_host_is_421(http: aiohttp.ClientSession, server: Running, host: str) -> None:
    status, _, body = await ask(http, server, GOOD | {"Host": host})

    assert status == 421
    assert body["error"].endswith(".")


async def test_metrics_may_be_asked_for_by_any_name_but_never_without_the_token(
    http: aiohttp.ClientSession, server: Running
) -> None:
    by_address = {"Host": "172.18.0.4:8079"}
    evil = {"Origin": "http://evil.example"}

    assert (await ask(http, server, GOOD | by_address, "/metrics"))[0] == 404  # this server has none
    assert (await ask(http, server, by_address, "/metrics"))[0] == 401
    assert (await ask(http, server, GOOD | by_address | evil, "/metrics"))[0] == 403
    assert (await ask(http, server, GOOD | by_address, "/metrics/"))[0] == 421


@pytest.mark.parametrize(
    ("allowed", "host", "status"),
    [
        ("mcp.example.com", "mcp.example.com", 101),
        ("mcp.example.com", "MCP.example.com", 101),
        ("mcp.example.com", "mcp.example.com:8079", 421),
        ("mcp.example.com:8079", "mcp.example.com:8079", 101),
        ("mcp.example.com:*", "mcp.example.com:1234", 101),
        ("mcp.example.com:*", "mcp.example.com.evil:1", 421),
    ],
)
async def test_configured_hosts_match_exactly(
    http: aiohttp.ClientSession, allowed: str, host: str, status: int
) -> None:
    async with running(guard={"allowed_hosts": [allowed]}) as server:
        assert (await ask(http, server, GOOD | {"Host": host}))[0] == status


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost:3000", "https://127.0.0.1:8079", "http://[::1]:5173", "https://app.example.com"],
)  # fmt: skip
async def test_our_own_origins_are_admitted(http: aiohttp.ClientSession, origin: str) -> None:
    async with running(guard={"allowed_origins": ["https://app.example.com"]}) as server:
        assert (await ask(http, server, GOOD | {"Origin": origin}))[0] == 101


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.com", "http://localhost:1.evil",
     "https://app.example.com.evil", "https://app.example.com:444", "http://app.example.com", "file://", "chrome-extension://abc",
     "http://localhost@evil.example", "http://evil.example#localhost", "http://localhost/path"],
)  # fmt: skip
async def test_a_foreign_origin_is_403(http: aiohttp.ClientSession, origin: str) -> None:
    async with running(guard={"allowed_origins": ["https://app.example.com"]}) as server:
        status, _, body = await ask(http, server, GOOD | {"Origin": origin})

        assert status == 403
        assert "ALLOWED_ORIGINS" in body["error"]


async def test_the_same_rules_hold_for_posts(http: aiohttp.ClientSession, server: Running) -> None:
    for headers, status in (
        ({"Host": "evil"}, 421),
        ({"Origin": "null"}, 403),
        ({"Authorization": "Bearer x"}, 401),
    ):
        async with http.post(server.url, json=initialize(), headers=GOOD | headers) as response:
            assert response.status == status


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        f"Token {TOKEN}",
        TOKEN,
        "Bearer wrong",
        f"Bearer {TOKEN}x",
    ],
)
async def test_no_token_or_a_wrong_one_is_401_with_a_plain_challenge(
    http: aiohttp.ClientSession, server: Running, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    status, answered, body = await ask(http, server, headers)

    assert status == 401
    assert dict(answered)["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in str(body)


async def test_two_authorization_headers_are_refused(http: aiohttp.ClientSession, server: Running) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    async with http.post(server.url, headers=headers) as response:
        assert response.status == 401


async def test_the_scheme_is_read_in_any_case(http: aiohttp.ClientSession, server: Running) -> None:
    assert (await ask(http, server, {"Authorization": f"bearer {TOKEN}"}))[0] == 101


@pytest.mark.parametrize("parameter", ["token", "access_token", "TOKEN", "api_key"])
async def test_a_token_in_the_url_is_refused_even_if_it_is_right(
    http: aiohttp.ClientSession, server: Running, parameter: str
) -> None:
    status, _, body = await ask(http, server, GOOD, f"/mcp?{parameter}={TOKEN}")

    assert status == 400
    assert TOKEN not in body["error"]


@pytest.mark.parametrize(
    "path",
    ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
     "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
)  # fmt: skip
async def test_oauth_discovery_is_404_without_a_token(
    http: aiohttp.ClientSession, server: Running, path: str
) -> None:
    status, headers, _ = await ask(http, server, {}, path)

    assert status == 404
    assert "WWW-Authenticate" not in dict(headers)


async def test_probes_need_no_token_and_no_host_of_ours(http: aiohttp.ClientSession, server: Running) -> None:
    async with http.get(server.server.make_url("/health"), headers={"Host": "10.0.0.7"}) as response:
        assert response.status == 200


async def test_wrong_tokens_are_throttled_but_proven_clients_of_the_address_are_not(
    http: aiohttp.ClientSession,
) -> None:
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    async with running(guard={"throttle": throttle}) as server:
        assert (await ask(http, server, GOOD))[0] == 101
        statuses = [(await ask(http, server, {"Authorization": f"Bearer wrong{n}"}))[0] for n in range(8)]
        status, headers, _ = await ask(http, server, {"Authorization": "Bearer another"})

        assert statuses == [401] * 5 + [429] * 3
        assert status == 429
        assert dict(headers)["Retry-After"] == "60"
        assert (await ask(http, server, GOOD))[0] == 101
        now[0] = 61.0
        assert (await ask(http, server, {"Authorization": "Bearer wrong"}))[0] == 401


async def test_a_right_token_never_seen_before_waits_with_its_throttled_address(
    http: aiohttp.ClientSession, server: Running
) -> None:
    for n in range(5):
        await ask(http, server, {"Authorization": f"Bearer wrong{n}"})

    assert (await ask(http, server, GOOD))[0] == 429


async def test_ten_thousand_addresses_do_not_grow_the_throttle() -> None:
    throttle = Throttle(max_addresses=100, clock=lambda: 0.0)
    for n in range(10_000):
        throttle.failed(f"10.0.{n // 256}.{n % 256}")

    assert len(throttle._failures) == 100


async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(http: aiohttp.ClientSession) -> None:
    async def hammer(server: Running) -> list[int]:
        return [
            (
                await ask(
                    http, server, {"Authorization": "Bearer no", "X-Forwarded-For": f"spoof, 192.0.2.{n}"}
                )
            )[0]
            for n in range(7)
        ]

    async with running(guard={"trusted_proxies": ["127.0.0.0/8", "::1/128"]}) as server:
        assert await hammer(server) == [401] * 7
    async with running() as server:
        assert await hammer(server) == [401] * 5 + [429] * 2


async def test_too_many_connections_are_503(http: aiohttp.ClientSession) -> None:
    async with running(guard={"max_connections": 2}) as server:
        sockets = [await http.ws_connect(server.websocket_url, headers=GOOD) for _ in range(2)]
        status, headers, _ = await ask(http, server, GOOD)

        assert status == 503
        assert dict(headers)["Retry-After"]
        async with http.get(server.server.make_url("/health")) as response:
            assert response.status == 200
        await sockets[0].close()
        assert (await ask(http, server, GOOD))[0] == 101
        await sockets[1].close()


async def test_one_client_cannot_take_every_connection(http: aiohttp.ClientSession) -> None:
    async with running(guard={"max_connections_per_client": 1}) as server:
        socket = await http.ws_connect(server.websocket_url, headers=GOOD)

        assert (await ask(http, server, GOOD))[0] == 503
        other = {"Authorization": "Bearer another-token-for-tests"}
        assert (await ask(http, server, other))[0] == 101
        await socket.close()


async def test_a_preflight_from_an_allowed_page_is_answered_without_a_token(
    http: aiohttp.ClientSession, server: Running
) -> None:
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,mcp-session-id",
    }
    async with http.options(server.url, headers=headers) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "authorization" in response.headers["Access-Control-Allow-Headers"]
    async with http.options(server.url, headers=headers | {"Origin": "http://evil.example"}) as response:
        assert response.status == 403


async def test_an_allowed_page_may_read_the_session_id(http: aiohttp.ClientSession, server: Running) -> None:
    headers = GOOD | {"Origin": "http://localhost:3000", "Accept": "application/json, text/event-stream"}
    async with http.post(server.url, json=initialize(), headers=headers) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "Mcp-Session-Id" in response.headers["Access-Control-Expose-Headers"]


async def test_revoked_clients_are_refused_from_the_next_request_on(http: aiohttp.ClientSession) -> None:
    guard = Guard(clients={"a": hashlib.sha256(b"one").digest()})
    guard.replace_clients({"a": hashlib.sha256(b"two").digest()})
    app = aiohttp.web.Application(middlewares=[guard.middleware])
    server = aiohttp.test_utils.TestServer(app)
    await server.start_server()
    statuses = []
    for token in ("one", "two"):
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(server.make_url("/nothing"), headers=headers) as response:
            statuses.append(response.status)
    await server.close()

    assert statuses == [401, 404]


def test_a_digest_of_the_wrong_size_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'a'"):
        Guard(clients={"a": b"plain token"})


async def test_the_anonymous_principal_is_for_requests_without_a_token_only(
    http: aiohttp.ClientSession,
) -> None:
    async with running(guard={"anonymous": "suite"}) as server:
        assert (await ask(http, server, {}))[0] == 101
        assert (await ask(http, server, {"Authorization": "Bearer wrong"}))[0] == 401
