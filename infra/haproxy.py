"""HAProxy's two configurations, rendered from what they depend on, and its status read back.

Directives: the HAProxy 3.0 configuration manual, https://docs.haproxy.org/3.0/configuration.html.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app import contract

CHECK_SECONDS = 0.5
FALLS = 6
NOTICE_SECONDS = CHECK_SECONDS * FALLS
"""After this a server that says it is leaving gets no new work. It still takes some for LAME_DUCK, so this
may be generous: when all old servers leave at the same instant, the new ones have long been found by then."""
SLOTS = 32
"""How many peers a name may resolve to: twice the most replicas, because an update runs old and new."""
CONNECTIONS = 4096
STREAM_SECONDS = 900
"""Silence on a request that is being answered: above the longest call (CALL_TIMEOUT, 600 s)."""
TUNNEL_SECONDS = 3600
"""Silence on a WebSocket; the server pings long before."""
STATUS_PATH = "/status"
BUSY = "The server is starting or is being updated: try again in a few seconds."
WORKS = "UP"


@dataclass(frozen=True)
class EdgeConfig:
    """The edge ends TLS with the `certificate` file and balances over the servers that `peers` resolves to.

    `lingers` bounds what a replaced edge may go on serving, in seconds.
    """

    peers: str
    certificate: str
    lingers: int

    def render(self) -> str:
        """Return the configuration's text."""
        return f"""\
# Written by infra/haproxy.py.
global
  log stdout format raw local0 notice
  maxconn {CONNECTIONS}
  hard-stop-after {self.lingers}s
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
{_RESOLVERS}
defaults
  mode http
  log global
  option dontlog-normal
  option log-separate-errors
  # Without the query: somebody may put a token there, though the server takes none.
  log-format "%ci %ST %ts %Tt ms %HM %HPO"
  timeout connect 2s
  timeout check 2s
  timeout queue 10s
  timeout http-request 10s
  timeout http-keep-alive 60s
  timeout client {STREAM_SECONDS}s
  timeout server {STREAM_SECONDS}s
  timeout tunnel {TUNNEL_SECONDS}s
  timeout client-fin 10s
  # A kept connection to a server may end just as it is used again: nobody would know whether the call ran.
  option http-server-close
  # Clients with an idle connection hear that it ends with their next answer, not by finding it closed.
  option idle-close-on-response
  http-error status 502 content-type text/plain string "{BUSY}"
  http-error status 503 content-type text/plain string "{BUSY}" hdr Retry-After 2
  http-error status 504 content-type text/plain string "The server did not answer in time."

frontend mcp
  bind :{contract.EDGE_PORT} accept-proxy ssl crt {self.certificate} alpn http/1.1
  # Set, not added to: what a client claims about itself is not passed on.
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto https
  http-response set-header Strict-Transport-Security "max-age=31536000"
  default_backend servers

backend servers
  balance leastconn
  option httpchk
  http-check send meth GET uri {contract.READINESS_PATH} ver HTTP/1.1 hdr Host localhost
  http-check expect status 200
  option redispatch 1
  retries 3
  # Only where nothing ran: no connection, and 503, which the server says before it executes anything.
  retry-on conn-failure 503
{_peers(self.peers, contract.PORT, falls=FALLS)}
{_STATUS}"""


@dataclass(frozen=True)
class DoorConfig:
    """The door passes connections on unread, with the client's address, to the edges behind `peers`."""

    peers: str

    def render(self) -> str:
        """Return the configuration's text."""
        more = f"port {contract.EDGE_STATUS_PORT} send-proxy-v2"
        return f"""\
# Written by infra/haproxy.py.
global
  log stdout format raw local0 notice
  maxconn {CONNECTIONS}
{_RESOLVERS}
defaults
  mode tcp
  log global
  option dontlog-normal
  option log-separate-errors
  timeout connect 2s
  timeout check 2s
  timeout queue 10s
  # Longer than the edge's own, which alone knows what goes on inside.
  timeout client {TUNNEL_SECONDS + 60}s
  timeout server {TUNNEL_SECONDS + 60}s

frontend door
  bind :{contract.PORT}
  default_backend edges

backend edges
  balance leastconn
  option httpchk
  http-check send meth GET uri {contract.EDGE_ALIVE_PATH}
  http-check expect status 200
  option redispatch 1
  retries 3
{_peers(self.peers, contract.EDGE_PORT, falls=2, more=more)}
{_STATUS}"""


def ask_status(container: str) -> Sequence[str]:
    """Return the `docker` arguments that make an HAProxy tell how it sees those behind it."""
    script = (
        f"exec 3<>/dev/tcp/127.0.0.1/{contract.EDGE_STATUS_PORT}; "
        f"printf 'GET {STATUS_PATH};csv HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
    )
    return ("exec", container, "bash", "-c", script)


def working(said: str) -> Collection[str]:
    """Return the addresses of those that get work, from a status answer (head and CSV, manual 9.1)."""
    _, _, table = said.replace("\r\n", "\n").partition("\n\n")
    rows = csv.DictReader(table.removeprefix("# ").splitlines())
    return {row["addr"].rpartition(":")[0] for row in rows if row["status"] == WORKS and row.get("addr")}


_RESOLVERS = """\

resolvers docker
  nameserver engine 127.0.0.11:53
  resolve_retries 3
  timeout resolve 500ms
  timeout retry 500ms
  hold valid 500ms
  # A name that is gone for a moment is not gone: what is connected stays, and checks decide.
  hold obsolete 2s
  hold nx 2s
  hold timeout 30s
  hold refused 30s
  hold other 30s
"""

_STATUS = f"""
frontend status
  mode http
  bind :{contract.EDGE_STATUS_PORT}
  timeout http-request 10s
  http-request return status 200 if {{ path {contract.EDGE_ALIVE_PATH} }}
  # How it sees those behind it is for its own container only.
  http-request deny unless {{ src 127.0.0.1 }}
  stats enable
  stats uri {STATUS_PATH}
  stats show-legends
"""


def _peers(name: str, port: int, *, falls: int, more: str = "") -> str:
    check = f"check inter {CHECK_SECONDS * 1000:.0f}ms fall {falls} rise 1 {more}".rstrip()
    resolved = "resolvers docker resolve-prefer ipv4 init-addr none"
    return f"  server-template peer {SLOTS} {name}:{port} {check} {resolved}\n"
