"""The stack's secrets as files: made when missing, mounted, never in configuration, plan or state."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from app import contract
from infra.site import Site
from infra.sources import variable

TOKEN_BYTES = 32
FOLDER_MODE = 0o700
"""Keeps other users of the host out."""
OWNED_MODE = 0o400
"""For a file that belongs to its one reader; the server accepts nothing wider in production."""
OPEN_MODE = 0o644
"""Where files cannot be given away: a bind mount does not translate users, and containers must read them."""
GENERATED = ("auth_token", "state_key", "postgres_password", "redis_password")
VENDOR_KEYS = ("kimi_api_key", "glm_api_key")
READ_BY_A_STORE = frozenset({"postgres_password", "redis_password"})
"""Every other secret is read by the server."""
NOT_ROOT = (
    "In production each secret file belongs to the container user that reads it, and only root can give "
    "files away: run this as root (sudo), or set `exai-mcp-server:environment: development` under `config:` "
    "in {file}."
)
FINGERPRINT_DIGITS = 16
NOT_YET = "not generated yet"


@dataclass(frozen=True)
class SecretFiles:
    """The secrets of one stack, by the names of the contract between the parts.

    A real update writes what is missing; a preview writes nothing and works without. Vendor keys come from
    the environment or `.env` and go with them.
    """

    folder: Path
    vendor_keys: Mapping[str, str]

    @classmethod
    def of(cls, site: Site, *, production: bool = False) -> "SecretFiles":
        """Take the stack's secrets, and make the missing ones unless this is a preview.

        Raises:
            pulumi.RunError: this is an update that cannot write them so that their readers may read them.
        """
        found = {name: variable(name.upper(), site.root) for name in VENDOR_KEYS}
        files = cls(site.secrets, {name: text for name, text in found.items() if text})
        if not pulumi.runtime.is_dry_run():
            require_owners(site, production=production)
            files.write()
        return files

    def path(self, name: str) -> Path:
        """Where the file of a secret is on the host."""
        return self.folder / name

    @property
    def present_vendor_keys(self) -> Sequence[str]:
        """The vendor keys that the user has; the server runs without them and says so."""
        return tuple(self.vendor_keys)

    def write(self) -> None:
        """Bring the folder up to date; a file whose content is right is left alone."""
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.folder.chmod(FOLDER_MODE)
        for name in GENERATED:
            self._write(name, self._text(name) or secrets.token_urlsafe(TOKEN_BYTES))
        for name, text in {**self._urls(), **self.vendor_keys}.items():
            self._write(name, text)
        for name in set(VENDOR_KEYS) - set(self.vendor_keys):
            self.path(name).unlink(missing_ok=True)

    def fingerprint(self, names: Sequence[str]) -> str:
        """Return a digest that changes when one of these secrets does.

        Keyed with the state key, so that nothing can be guessed from it: it stands in labels and state.
        """
        key = self._text("state_key")
        if not key:
            return NOT_YET
        contents = "\0".join(f"{name}={self._expected(name)}" for name in sorted(names))
        return hmac.new(key.encode(), contents.encode(), hashlib.sha256).hexdigest()[:FINGERPRINT_DIGITS]

    def _expected(self, name: str) -> str:
        """Return what the next update would have the file hold, so that a preview foresees the change."""
        return {**self._urls(), **self.vendor_keys}.get(name) or self._text(name) or NOT_YET

    def _urls(self) -> Mapping[str, str]:
        database = (
            f"postgresql://{contract.POSTGRES_USER}:{self._text('postgres_password')}"
            f"@{contract.POSTGRES_SERVICE}:{contract.POSTGRES_PORT}/{contract.POSTGRES_DATABASE}"
        )
        cache = f"redis://:{self._text('redis_password')}@{contract.REDIS_SERVICE}:{contract.REDIS_PORT}/0"
        return {"database_url": database, "redis_url": cache}

    def _text(self, name: str) -> str:
        try:
            return self.path(name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        path = self.path(name)
        if self._text(name) != text:
            path.write_text(text, encoding="utf-8")
        if may_give_away():
            reader = contract.STORE_USER_ID if name in READ_BY_A_STORE else contract.USER_ID
            os.chown(path, reader, reader)
            path.chmod(OWNED_MODE)
        else:
            path.chmod(OPEN_MODE)


def may_give_away() -> bool:
    """Whether this process may change whose a file is."""
    return os.geteuid() == 0


def require_owners(site: Site, *, production: bool) -> None:
    """Make sure that the secret files can be what the stack's environment asks for.

    Raises:
        pulumi.RunError: production, and this process cannot give files to their readers.
    """
    if production and not may_give_away():
        raise pulumi.RunError(NOT_ROOT.format(file=site.file))
