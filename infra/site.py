"""Where a stack lives and what its parts are called: the one place that makes names, labels and paths."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app import contract

GENERATED = ".exai"
"""Everything a clone makes for itself: environment, state, secrets; ignored by git, mode 0700."""

STACK_LABEL = "exai.stack"
CHECKOUT_LABEL = "exai.checkout"
SERVICE_LABEL = "exai.service"
SECRETS_LABEL = "exai.secrets"
"""A keyed digest of the secrets a container reads, so that a changed secret replaces its readers."""
CONTENT_LABEL = "exai.content"
"""A digest of the files that a volume was filled with."""

CHECKOUT_DIGITS = 12
SHARED = "any"
"""Instead of a checkout, where the state and therefore the stack belong to all who may open it."""
DEFAULT_STACK = "dev"
"""The stack that `make` means when none is named."""
SERVICES = (
    contract.NAME,
    contract.REDIS_SERVICE,
    contract.POSTGRES_SERVICE,
    contract.EDGE_SERVICE,
    contract.DOOR_SERVICE,
)
OBSERVERS = (contract.PROMETHEUS_SERVICE, contract.GRAFANA_SERVICE)
"""What a stack runs besides, where it asks for it."""


@dataclass(frozen=True)
class Site:
    """One stack in one checkout, or in each of several that share its state (`shared`: production).

    `prefix` is what makes names unique on an engine; two checkouts of one machine share the engine, so a
    label also says which checkout a container belongs to (a digest of its path, not the path).
    """

    root: Path
    stack: str
    prefix: str
    shared: bool = False

    @property
    def file(self) -> str:
        """Name of the stack's settings file."""
        return f"Pulumi.{self.stack}.yaml"

    def make(self, verb: str) -> str:
        """Return the command line of a verb for this stack, for sentences that advise it."""
        return f"make {verb}" if self.stack == DEFAULT_STACK else f"make {verb} STACK={self.stack}"

    @property
    def generated(self) -> Path:
        """The folder of what this clone made for itself."""
        return self.root / GENERATED

    @property
    def secrets(self) -> Path:
        """The folder of this stack's secret files."""
        return self.generated / "secrets" / self.stack

    @property
    def authorities(self) -> Path | None:
        """The bundle of a network that intercepts TLS, if the bootstrap found one; None elsewhere."""
        bundle = self.generated / "ca.crt"
        return bundle if bundle.is_file() else None

    @property
    def checkout(self) -> str:
        """Names this checkout without telling where it is."""
        if self.shared:
            return SHARED
        return hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:CHECKOUT_DIGITS]

    @property
    def labels(self) -> Mapping[str, str]:
        """What every part of this stack is marked with."""
        return {STACK_LABEL: self.prefix, CHECKOUT_LABEL: self.checkout}

    def labels_of(self, service: str) -> Mapping[str, str]:
        """What the containers of one service are marked with."""
        return {**self.labels, SERVICE_LABEL: service}

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of what this stack runs, in the order of the architecture's picture."""
        return tuple(self.container(service) for service in SERVICES)

    def container(self, service: str) -> str:
        """Name of a service's container; on the stack's own networks the bare service name answers too."""
        return f"{self.prefix}-{service}"

    def volume(self, purpose: str) -> str:
        """Name of a volume; fixed, so that a stack that was taken down finds its data again."""
        return f"{self.prefix}-{purpose}"


def volumes_label(site: Site) -> str:
    """Return the mark of the machine that has a stack's volumes; it stays when the stack is taken down."""
    return f"exai.volumes.{site.prefix}"
