"""A client's configuration file: read, changed in one place, backed up and replaced whole."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from app.connecting import jsonc
from app.connecting.clients import McpClient, Target, question
from app.replacement import replace_file

LARGEST_BYTES = 16 * 1024**2
"""No settings file comes near; a larger one is not what it seems."""
PRIVATE = 0o600
TRANSPORT = frozenset(
    {"type", "url", "httpUrl", "serverUrl", "headers", "http_headers", "env_http_headers"}
    | {"bearer_token_env_var", "command", "args", "env", "cwd", "source"}
)
"""What says how a server is reached, in any of the formats; an entry has those of one transport only."""


class FileError(Exception):
    """The file cannot be used; one sentence with what, why and what to do."""


def changed(text: str, client: McpClient, target: Target, path: Path) -> str:
    """Return a client's file with the server in it; everything else stays as it is.

    What somebody added to our entry (a timeout, say) stays too, unless it belongs to another transport.

    Raises:
        FileError: the text is not in the client's format, or has something else in the servers' place.
    """
    entry, where = client.entry(target), (*client.keys, target.name)
    try:
        if path.suffix == ".toml":
            return _toml(text, where, entry)
        found = _json(text, where, entry)
        return jsonc.with_item(found, client.inputs, question(client), "id") if client.inputs else found
    except jsonc.NotJsonError as error:
        raise FileError(f"{path} {error}, and nothing was changed: correct it, or move it away.") from error
    except TOMLKitError as error:
        raise FileError(
            f"{path} is not TOML ({error}), and nothing was changed: correct it, or move it away."
        ) from error


def read(path: Path) -> str:
    """Return the text of a file, "" when there is none; line ends stay as they are.

    Raises:
        FileError: it cannot be read.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise FileError(f"{path} is larger than {LARGEST_BYTES} bytes, so it was left alone.")
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read ({error}): correct it, or move it away.") from error


def write(path: Path, text: str, *, private: bool, now: datetime | None = None) -> Path | None:
    """Replace a file whole, and keep the one before beside it; return the backup, None when there was none.

    `private` makes a new file readable by its owner only, and an old one as well.

    Raises:
        FileError: the folder or the file cannot be written; then the old file is untouched.
    """
    # A file that is a link into somebody's dotfiles stays one.
    path = path.resolve()
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = None
        mode = PRIVATE if private else 0o644
        if path.exists():
            backup = path.with_name(f"{path.name}.{moment}.backup")
            shutil.copy2(path, backup)
            mode = PRIVATE if private else path.stat().st_mode & 0o777
            if private:
                backup.chmod(PRIVATE)
        replace_file(path, text, mode)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}): correct its rights.") from error
    return backup


def _json(text: str, where: Sequence[str], entry: dict[str, Any]) -> str:
    before = jsonc.find(text, where)
    if isinstance(before, dict) and not _stale(before, entry):
        # Key by key, so that comments inside the entry stay.
        for key, value in entry.items():
            if before.get(key) != value:
                text = jsonc.with_member(text, (*where, key), value)
        return text
    kept = {key: value for key, value in before.items() if key not in TRANSPORT} if before else {}
    return jsonc.with_member(text, where, entry | kept)


def _toml(text: str, where: Sequence[str], entry: dict[str, Any]) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    for key in where[:-1]:
        if key not in table:
            # Without a heading of its own, so that only the server's is seen.
            table[key] = tomlkit.table(is_super_table=True)
        table = table[key]
        if not isinstance(table, dict):
            raise jsonc.NotJsonError(f"has {key} as something else than a table")
    before = table.get(where[-1])
    if isinstance(before, dict):
        for key in _stale(before, entry):
            del before[key]
        before.update(entry)
    else:
        written = tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table()
        written.update(entry)
        table[where[-1]] = written
    return tomlkit.dumps(document)


def _stale(before: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    return [key for key in before if key in TRANSPORT and key not in entry]
