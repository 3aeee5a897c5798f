"""Changes `[clients]` of server.toml in place: everything else of the file stays as it was written.

Each change is checked as the server will check it before it is written, and the file is replaced whole,
so a running server reads either the old one or the new one.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, MutableMapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.exceptions

from app.replacement import replace_file
from app.settings import ConfigurationError, server_file

TOKEN_BYTES = 32
FILE_MODE = 0o644
"""It holds digests only; the server's user, which may be another, must be able to read it."""


class ClientError(Exception):
    """The change cannot be made; one sentence that says why and what to do."""


def add(
    config_dir: Path,
    name: str,
    *,
    tools: list[str] | None = None,
    rate: int | None = None,
    budget_usd_per_day: Decimal | None = None,
) -> str:
    """Add a client and return its new token, which is kept nowhere.

    Raises:
        ClientError: there is such a client, or the file cannot be written.
        ConfigurationError: the file, or what was given, is wrong.
    """
    with _changed(config_dir) as clients:
        if name in clients:
            raise ClientError(f"there is a client '{name}' already: rotate it, or choose another name")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        client = tomlkit.table()
        client.add("token_sha256", _digest(token))
        if tools:
            client.add("tools", tools)
        if rate is not None:
            client.add("rate", rate)
        if budget_usd_per_day is not None:
            client.add("budget_usd_per_day", float(budget_usd_per_day))
        clients[name] = client
    return token


def rotate(config_dir: Path, name: str) -> str:
    """Give a client another token and return it; its name, and so all it owns, stays.

    Raises:
        ClientError: there is no such client, or the file cannot be written.
        ConfigurationError: the file is wrong.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with _changed(config_dir, mended=f"clients.{name}.token_sha256") as clients:
        _must_know(clients, name)
        clients[name]["token_sha256"] = _digest(token)
    return token


def revoke(config_dir: Path, name: str) -> None:
    """Remove a client.

    Raises:
        ClientError: there is no such client, or the file cannot be written.
        ConfigurationError: the file is wrong.
    """
    with _changed(config_dir) as clients:
        _must_know(clients, name)
        del clients[name]


@contextlib.contextmanager
def _changed(config_dir: Path, mended: str = "") -> Iterator[MutableMapping[str, Any]]:
    """Yield the table of clients, then check the file and write it; `mended` may be wrong before."""
    path = config_dir / server_file.FILE_NAME
    try:
        config_dir.mkdir(parents=True, exist_ok=True)
        with _locked(config_dir):
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            _check(text, path, mended)
            document = tomlkit.parse(text)
            if "clients" not in document:
                # A super table: `[clients.NAME]` is written, no bare `[clients]` above it.
                document["clients"] = tomlkit.table(is_super_table=True)
            yield document["clients"]
            text = tomlkit.dumps(document)
            server_file.parse(text, path)
            replace_file(path, text, path.stat().st_mode & 0o777 if path.exists() else FILE_MODE)
    except OSError as error:
        raise ClientError(
            f"{path} cannot be written ({error.strerror}): run this where the file is yours, "
            "or name its folder with --config-dir"
        ) from error


def _check(text: str, path: Path, mended: str) -> None:
    try:
        server_file.parse(text, path)
    except ConfigurationError as error:
        rest = [fault for fault in error.faults if not mended or mended not in fault]
        if rest:
            raise ConfigurationError(rest) from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let two commands change the file one after the other; the lock ends with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _must_know(clients: MutableMapping[str, Any], name: str) -> None:
    if name == server_file.DEFAULT_CLIENT:
        raise ClientError(f"the token of '{name}' is AUTH_TOKEN: change that, and restart the server")
    if name not in clients:
        known = ", ".join(sorted(clients)) or "none"
        raise ClientError(f"there is no client '{name}' (there are: {known})")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
