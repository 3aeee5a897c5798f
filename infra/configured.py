"""Production's secrets, from the stack's encrypted configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from app.settings.secret import Secret as Hidden
from infra import sources
from infra.credentials import SecretFiles
from infra.secret import Credentials, Sealed
from infra.settings import Settings
from infra.site import Site
from infra.sources import OF_THE_SERVER

OF_EVERY_STACK = ("auth_token", "state_key", "database_url", "redis_url")


@dataclass(frozen=True)
class ConfiguredSecrets:
    """The secrets of one stack. `pulumi config set --secret` sets each, and sets it again to change it.

    In a plan, what is not set or cannot be decrypted is a placeholder.
    """

    texts: Mapping[str, Hidden]

    def get(self, name: str) -> Sealed:
        """Return a secret that the settings have made sure of."""
        return Sealed(name, pulumi.Output.secret(self.text(name)))

    def optional(self, name: str) -> Sequence[Sealed]:
        """Return a secret if it is set."""
        return [self.get(name)] if name in self.texts else []

    def others(self) -> Sequence[Sealed]:
        """Return what is set of the server's other secrets; it runs without them and says so."""
        return [self.get(name) for name in OF_THE_SERVER if name in self.texts and name not in OF_EVERY_STACK]

    def text(self, name: str) -> str:
        """Return a secret itself."""
        return self.texts[name].reveal() if name in self.texts else sources.PLACEHOLDER

    def put(self, name: str, text: pulumi.Output[str]) -> Sealed:
        """Make a secret of a text."""
        return Sealed(name, pulumi.Output.secret(text))


def credentials_of(site: Site, settings: Settings, config: pulumi.Config) -> Credentials:
    """Return where this stack's secrets come from."""
    if settings.is_production:
        return ConfiguredSecrets(sources.read(config.name).secrets)
    return SecretFiles.of(site)
