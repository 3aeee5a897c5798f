"""Development's secrets as files: made when missing, mounted, never in configuration, plan or state."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from app import contract
from infra.secret import HostFile
from infra.site import Site
from infra.sources import variable

TOKEN_BYTES = 32
FOLDER_MODE = 0o700
"""Keeps other users of the host out."""
OWNED_MODE = 0o400
"""For a file that belongs to its one reader."""
OPEN_MODE = 0o644
"""Where files cannot be given away: a bind mount does not translate users, and containers must read them."""
KEPT_MODE = 0o600
"""For a file that no container reads."""
GENERATED = ("auth_token", "state_key", "postgres_password", "redis_password")
VENDOR_KEYS = ("kimi_api_key", "glm_api_key")
OURS_ALONE = frozenset({"postgres_password", "redis_password"})
"""The stores get them from this program; every other secret is a file of its one reader."""
READERS = {contract.METRICS_TOKEN: contract.PROMETHEUS_USER_ID}
"""Who reads a file that is not the server's, by number of user and group."""
FINGERPRINT_DIGITS = 16
NOT_YET = "not generated yet"


@dataclass(frozen=True)
class SecretFiles:
    """The secrets of one stack, by the names of the contract between the parts.

    A real update writes what is missing; a preview writes nothing and works without. Vendor keys come from
    the environment or `.env` and go with them.
    """

    folder: Path
    keys: Mapping[str, str]

    @classmethod
    def of(cls, site: Site) -> "SecretFiles":
        """Take the stack's secrets, and make the missing ones unless this is a preview."""
        found = {name: variable(name.upper(), site.root) for name in VENDOR_KEYS}
        files = cls(site.secrets, {name: text for name, text in found.items() if text})
        if not pulumi.runtime.is_dry_run():
            files.write()
        return files

    def get(self, name: str) -> HostFile:
        """Return one of the files."""
        return HostFile(name, self.path(name), self.fingerprint(name, self.keys.get(name) or self.text(name)))

    def optional(self, _name: str) -> Sequence[HostFile]:
        """Return nothing: what a stack may have besides is for production."""
        return []

    def others(self) -> Sequence[HostFile]:
        """Return the vendor keys that the user has; the server runs without them and says so."""
        return [self.get(name) for name in self.keys]

    def put(self, name: str, text: pulumi.Output[str]) -> HostFile:
        """Write a file once its text is known, unless this is a preview."""

        def written(text: str) -> str:
            if not pulumi.runtime.is_dry_run():
                self._write(name, text)
            return self.fingerprint(name, text)

        return HostFile(name, self.path(name), text.apply(written))

    def path(self, name: str) -> Path:
        """Where the file of a secret is on the host."""
        return self.folder / name

    def text(self, name: str) -> str:
        """Return the content of a file; empty if it is not there yet."""
        try:
            return self.path(name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def write(self) -> None:
        """Bring the folder up to date; a file whose content is right is left alone."""
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.folder.chmod(FOLDER_MODE)
        for name in GENERATED:
            self._write(name, self.text(name) or secrets.token_urlsafe(TOKEN_BYTES))
        for name, text in self.keys.items():
            self._write(name, text)
        for name in set(VENDOR_KEYS) - set(self.keys):
            self.path(name).unlink(missing_ok=True)

    def fingerprint(self, name: str, text: str) -> str:
        """Return a digest that changes when this secret does.

        Keyed with the state key, so that nothing can be guessed from it: it stands in labels and state.
        """
        key = self.text("state_key")
        if not key or not text:
            return NOT_YET
        return hmac.new(key.encode(), f"{name}={text}".encode(), hashlib.sha256).hexdigest()[
            :FINGERPRINT_DIGITS
        ]

    def _write(self, name: str, text: str) -> None:
        path = self.path(name)
        if self.text(name) != text:
            path.write_text(text, encoding="utf-8")
        if name in OURS_ALONE:
            path.chmod(KEPT_MODE)
        elif os.geteuid() == 0:
            os.chown(path, READERS.get(name, contract.USER_ID), READERS.get(name, contract.GROUP_ID))
            path.chmod(OWNED_MODE)
        else:
            path.chmod(OPEN_MODE)
