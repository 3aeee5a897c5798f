"""What every answer of the page has in common: the headers that keep a browser strict, and JSON.

Nothing is loaded from anywhere else, nothing inline is run, no text ever becomes markup (Trusted Types with
no policy), and nobody may frame the page. Sources: CSP Level 3, Trusted Types, Fetch.
"""

from typing import Any

import orjson
from aiohttp import web

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

PRIVATE = {**HEADERS, "Cache-Control": "no-store"}
"""Of whatever belongs to one client."""


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with JSON; times become ISO 8601."""
    return web.Response(
        status=status,
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z),
        content_type="application/json",
        headers={**PRIVATE, **(headers or {})},
    )


def refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> web.Response:
    """Answer `{"error": "<what, why, what to do>"}`."""
    return answer({"error": sentence}, status, headers)


def document(html: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with a page."""
    return web.Response(
        status=status,
        text=html,
        content_type="text/html",
        charset="utf-8",
        headers={**PRIVATE, **(headers or {})},
    )
