"""A WebSocket client with one call in flight, in nothing but the standard library: `python -m bench.peer`."""

import argparse
import json
import os
import socket
import struct
import sys

from bench.dialects import BARE_WEBSOCKET, FIRST_ID, MCP_WEBSOCKET, Dialect

PATIENCE_SECONDS = 30.0
TEXT_BYTES = 64


class Peer:
    """Speaks to 127.0.0.1, frame by frame."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._read = self._socket.makefile("rb")
        upgrade = (
            f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Protocol: mcp\r\nAuthorization: Bearer {token}\r\n\r\n"
        )
        self._socket.sendall(upgrade.encode())
        status = self._read.readline()
        if b" 101 " not in status:
            sys.exit(f"The server refused the upgrade: {status.decode(errors='replace').strip()}")
        while self._read.readline() not in (b"\r\n", b""):
            pass

    def send(self, message: str) -> None:
        """Send one text frame, masked (RFC 6455 section 5.3)."""
        payload, key = message.encode(), os.urandom(4)
        masked = bytes(byte ^ key[index & 3] for index, byte in enumerate(payload))
        short = len(payload) < 126
        length = bytes([0x80 | len(payload)]) if short else b"\xfe" + struct.pack("!H", len(payload))
        self._socket.sendall(b"\x81" + length + key + masked)

    def receive(self) -> bytes:
        """Return the next text frame, at most 64 KiB."""
        first, length = self._read.read(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._read.read(2))
        payload = self._read.read(length)
        if first != 0x81:
            sys.exit(f"The server sent no text frame but {payload[:200]!r}.")
        return payload


def talk(port: int, token: str, calls: int, dialect: Dialect) -> None:
    """Open a session and make so many calls, each after the answer to the one before."""
    peer = Peer(port, token)
    for message in dialect.opening:
        peer.send(json.dumps(message))
        if "id" in message:
            peer.receive()
    request = dialect.request(TEXT_BYTES)
    for number in range(FIRST_ID, FIRST_ID + calls):
        peer.send(request.replace(str(FIRST_ID), str(number)))
        reply = peer.receive()
        if dialect.expect.encode() not in reply:
            sys.exit(f"Not the reply to a call: {reply[:400].decode(errors='replace')}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("token")
    parser.add_argument("calls", type=int)
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    talk(options.port, options.token, options.calls, BARE_WEBSOCKET if options.bare else MCP_WEBSOCKET)
