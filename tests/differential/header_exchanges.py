"""Exchanges that differ in their HTTP headers, methods and sessions."""

import random
from collections.abc import Iterator

from tests.differential.exchange import HTTP, Exchange, Headers, Step, call, encoded, initialize, request

PING = encoded(request("ping"))
ECHO = encoded(call("echo", {"text": "a"}))
BOTH = "application/json, text/event-stream"


def exchanges(_chance: random.Random) -> Iterator[Exchange]:
    for accept in (BOTH, "text/event-stream,application/json", f"{BOTH};q=0.9, */*;q=0.1"):
        yield _post("header/accept/both", {"Accept": accept})
    for accept in ("*/*", "application/*, text/*"):
        yield _post("header/accept/wildcards", {"Accept": accept})
    yield _post("header/accept/absent", {"Accept": None})
    for accept in ("application/json", "text/event-stream"):
        yield _post("header/accept/one-of-two", {"Accept": accept})
    for accept in ("text/html", "application/jsonx, text/event-stream"):
        yield _post("header/accept/neither", {"Accept": accept})
    yield _post("header/accept/refused-by-q", {"Accept": "application/json;q=0, text/event-stream"})
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/json;a=b"):
        yield _post("header/content-type/json", {"Content-Type": kind})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json-rpc", "json", ""):
        yield _post("header/content-type/other", {"Content-Type": kind})
    yield _post("header/revision/absent", {"MCP-Protocol-Version": None})
    for revision in ("2024-11-05", "2025-03-26", "2025-06-18"):
        yield _post("header/revision/another-known", {"MCP-Protocol-Version": revision})
    for revision in ("1999-01-01", "nonsense", "2025-11-25 x"):
        yield _post("header/revision/unknown", {"MCP-Protocol-Version": revision})
    yield _post("header/revision/empty", {"MCP-Protocol-Version": ""})
    yield _post("header/session/absent", {"Mcp-Session-Id": None})
    for session in ("nonsense", "0" * 32):
        yield _post("header/session/unknown", {"Mcp-Session-Id": session})
    yield _post("header/session/empty", {"Mcp-Session-Id": ""})
    yield _post("header/session/non-ascii", {"Mcp-Session-Id": "sé"})
    yield _post(
        "header/session/initialize-in-an-unknown-one",
        {"Mcp-Session-Id": "nonsense"},
        encoded(initialize("2025-11-25")),
    )
    for origin in ("http://localhost:3000", "http://127.0.0.1"):
        yield _post(f"header/origin/{origin.partition('//')[2].replace(':', '-')}", {"Origin": origin})
    for origin in (
        "http://evil.example",
        "null",
        "http://127.0.0.1.evil.example",
        "file://",
        "http://localhost.evil:80",
    ):
        yield _post("header/origin/foreign", {"Origin": origin})
    yield _post("header/origin/tls-on-loopback", {"Origin": "https://localhost:8443"})
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil:1"):
        yield _post("header/host/foreign", {"Host": host})
    yield _post("header/host/localhost", {"Host": "localhost:9999"})
    yield _post("header/host/localhost-without-port", {"Host": "localhost"})
    yield _post("header/unknown", {"X-Whatever": "1", "Mcp-Method": "tools/paint", "Mcp-Name": "x"})
    for method in ("PUT", "PATCH"):
        yield Exchange(f"http/method/{method}", (Step(PING, method=method),), transports=(HTTP,))
    yield Exchange("http/method/OPTIONS", (Step("", method="OPTIONS"),), transports=(HTTP,))
    yield Exchange("http/method/HEAD", (Step("", method="HEAD"),), transports=(HTTP,))
    yield Exchange(
        "http/get/without-events", (Step("", {"Accept": "application/json"}, "GET"),), transports=(HTTP,)
    )
    yield Exchange(
        "http/get/unknown-session", (Step("", {"Mcp-Session-Id": "nonsense"}, "GET"),), transports=(HTTP,)
    )
    yield Exchange("http/get/no-session", (Step("", {"Mcp-Session-Id": None}, "GET"),), transports=(HTTP,))
    yield Exchange("http/delete/then-ping", (Step("", method="DELETE"), Step(PING)), transports=(HTTP,))
    yield Exchange(
        "http/delete/twice", (Step("", method="DELETE"), Step("", method="DELETE")), transports=(HTTP,)
    )
    yield Exchange(
        "http/delete/unknown-session",
        (Step("", {"Mcp-Session-Id": "nonsense"}, "DELETE"),),
        transports=(HTTP,),
    )
    yield Exchange(
        "http/delete/no-session", (Step("", {"Mcp-Session-Id": None}, "DELETE"),), transports=(HTTP,)
    )


def _post(pattern: str, headers: Headers, body: str = ECHO) -> Exchange:
    return Exchange(pattern, (Step(body, headers),), transports=(HTTP,))
