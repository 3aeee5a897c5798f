"""What the verbs need of `Pulumi.<stack>.yaml`; the rest of it is for the program's settings to judge."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.contract import NAME
from infra.site import Site
from infra.sources import PLACEHOLDER
from scripts.stack.errors import StackError

STACK_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class StackFile:
    """A stack file as it stands in the checkout."""

    root: Path
    stack: str
    document: dict[str, Any]

    @classmethod
    def read(cls, root: Path, stack: str) -> "StackFile":
        """Read the file of a stack.

        Raises:
            StackError: the name is no name for a stack, or the file is missing or not YAML.
        """
        if not STACK_NAME.fullmatch(stack):
            raise StackError(
                f"`{stack}` cannot name a stack: use at most 31 lower-case letters, digits and hyphens."
            )
        path = root / f"Pulumi.{stack}.yaml"
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StackError(
                f"There is no {path.name}: write one (a copy of Pulumi.dev.yaml will do), or choose a stack "
                f"that has one with STACK=…: {', '.join(known(root))}."
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise StackError(_not_yaml(path, error)) from None
        if not isinstance(document, dict) or not isinstance(document.get("config") or {}, dict):
            raise StackError(f"{path.name} holds no settings: it needs a `config:` mapping, if an empty one.")
        return cls(root, stack, document)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.root / f"Pulumi.{self.stack}.yaml"

    @property
    def site(self) -> Site:
        """The names and paths that the program will use for this stack."""
        prefix = str(self._setting("prefix") or self.stack)
        return Site(self.root, self.stack, prefix, shared=self.is_production)

    @property
    def is_production(self) -> bool:
        """Whether its plan is shown before it is applied, and its passphrase is the team's own."""
        return bool(self._setting("environment") == "production")

    @property
    def salt(self) -> str | None:
        """What the passphrase is checked against; None in a stack that nobody has created yet."""
        salt: str | None = self.document.get("encryptionsalt")
        return salt

    @property
    def has_other_provider(self) -> bool:
        """Whether a key service encrypts its secrets instead of a passphrase."""
        provider = self.document.get("secretsprovider")
        return bool(provider) and provider != "passphrase"

    def without_secrets(self) -> dict[str, Any]:
        """Return its settings with a placeholder for each encrypted value, and nothing of its encryption."""
        return {"config": _placeholders(self.document.get("config") or {})}

    @property
    def config(self) -> dict[str, Any]:
        """Its settings by full key, some of them perhaps encrypted."""
        return dict(self.document.get("config") or {})

    def _setting(self, key: str) -> Any:
        return self.config.get(f"{NAME}:{key}")


def known(root: Path) -> list[str]:
    """List the stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def _not_yaml(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1}: {getattr(error, 'problem', '')})" if mark else ""
    return f"{path.name} is not YAML{where}: mend that line, or take the file from git again."


def _placeholders(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return PLACEHOLDER
        return {key: _placeholders(item) for key, item in value.items()}
    return [_placeholders(item) for item in value] if isinstance(value, list) else value
