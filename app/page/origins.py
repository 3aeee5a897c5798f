"""Whether a request was made by our own page.

A cookie is sent to every port of a host, and `SameSite` knows no ports either: another page of the same
machine could send it along. `Origin` and `Sec-Fetch-Site` are what browsers let no page write.
Sources: RFC 6454; Fetch Metadata Request Headers (W3C).
"""

from aiohttp import hdrs, web

SITE = "Sec-Fetch-Site"
FOREIGN = "This was not asked by the page itself, and nothing was done: load the page again."


def is_own(request: web.Request) -> bool:
    """Tell whether a request comes from this origin; one that changes something must say so itself."""
    if request.headers.get(SITE, "same-origin") != "same-origin":
        return False
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return request.method in (hdrs.METH_GET, hdrs.METH_HEAD)
    return origin.lower().partition("://")[2] == request.headers.get(hdrs.HOST, "").lower()


def is_https(request: web.Request) -> bool:
    """Tell whether the browser came by https, which it says itself in `Origin`, whatever stands between."""
    origin = request.headers.get(hdrs.ORIGIN, "")
    return origin.lower().startswith("https://") or request.secure
