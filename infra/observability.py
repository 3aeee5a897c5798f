"""Prometheus and Grafana: what the servers measure, kept, watched and shown. Nothing else needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from app import contract
from infra.engine import LOOPBACK
from infra.image import official
from infra.network import BRIDGE, Network, network
from infra.secret import Credentials, Secret
from infra.settings import Settings
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Published, Running, Workload

FOLDER = "observability"
"""The folder of the checkout with the files of both; compose mounts the same ones."""
STOP_SECONDS = 30
SCRATCH_MIB = 16
BOARDS_PATH = f"{contract.GRAFANA_CONFIG_PATH}/boards"
PROVISIONING_PATH = f"{contract.GRAFANA_CONFIG_PATH}/provisioning"
PROMETHEUS_FILES = {
    f"{contract.PROMETHEUS_CONFIG_PATH}/prometheus.yml": "prometheus.yml",
    f"{contract.PROMETHEUS_CONFIG_PATH}/exai.yml": "rules/exai.yml",
}
GRAFANA_FILES = {
    f"{PROVISIONING_PATH}/datasources/prometheus.yml": "grafana/provisioning/datasources/prometheus.yml",
    f"{PROVISIONING_PATH}/dashboards/exai.yml": "grafana/provisioning/dashboards/exai.yml",
    f"{BOARDS_PATH}/exai.json": "grafana/dashboards/exai.json",
}
"""Files of FOLDER by where each container has them."""
GRAFANA_ENVIRONMENT = {
    "GF_AUTH_ANONYMOUS_ENABLED": "true",
    "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
    "GF_AUTH_BASIC_ENABLED": "false",
    "GF_AUTH_DISABLE_LOGIN_FORM": "true",
    "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
    "GF_ANALYTICS_REPORTING_ENABLED": "false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
    "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": f"{BOARDS_PATH}/exai.json",
    "GF_PATHS_LOGS": f"{contract.GRAFANA_DATA_PATH}/log",
}
"""Who reaches the loopback address may look and change nothing: no account, and no password to keep."""


@dataclass(frozen=True)
class ObservabilityArgs:
    """`engine` runs plain containers, on a Swarm too; `prometheus` and `grafana` are their images."""

    engine: Engine
    site: Site
    prometheus: str
    grafana: str
    network: Network
    credentials: Credentials
    settings: Settings


class Observability(pulumi.ComponentResource):
    """Prometheus on the backend network, and Grafana, which shows what it has, on the loopback address.

    Grafana's way in is a network of its own: on the servers' it would be one whose word about a client's
    address they believe. `parts` is what runs.
    """

    parts: tuple[Running, ...]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("exai:infra:Observability", name, None, opts)
        prometheus = args.engine.run(self._prometheus(args), pulumi.ResourceOptions(parent=self))
        after = pulumi.ResourceOptions(parent=self, depends_on=list(prometheus.resources))
        self.parts = (prometheus, args.engine.run(self._grafana(args), after))
        self.register_outputs({})

    def _prometheus(self, args: ObservabilityArgs) -> Workload:
        data = volume("prometheus", args.site, protect=args.settings.protect, parent=self)
        return Workload(
            service=contract.PROMETHEUS_SERVICE,
            image=official("prometheus", args.site, args.prometheus, parent=self),
            user=f"{contract.PROMETHEUS_USER_ID}:{contract.PROMETHEUS_USER_ID}",
            # Program and arguments apart: the image's entrypoint is the program itself.
            entrypoint=contract.PROMETHEUS_COMMAND[:1],
            command=contract.PROMETHEUS_COMMAND[1:],
            probe=contract.PROBE_PROMETHEUS,
            limits=args.settings.prometheus,
            reached_on=args.network.backend,
            secrets=(_token(args.credentials),),
            files=_files(args.site.root, PROMETHEUS_FILES),
            volumes={contract.PROMETHEUS_DATA_PATH: data},
            keeps_data=True,
            stop_seconds=STOP_SECONDS,
        )

    def _grafana(self, args: ObservabilityArgs) -> Workload:
        data = volume("grafana", args.site, protect=args.settings.protect, parent=self)
        return Workload(
            service=contract.GRAFANA_SERVICE,
            image=official("grafana", args.site, args.grafana, parent=self),
            user=f"{contract.GRAFANA_USER_ID}:{contract.GRAFANA_USER_ID}",
            environment=dict(GRAFANA_ENVIRONMENT),
            probe=contract.PROBE_GRAFANA,
            limits=args.settings.grafana,
            reached_on=network("grafana", args.site, BRIDGE, internal=False, parent=self),
            also_on=(args.network.backend,),
            files=_files(args.site.root, GRAFANA_FILES),
            volumes={contract.GRAFANA_DATA_PATH: data},
            keeps_data=True,
            scratch={"/tmp": SCRATCH_MIB},  # noqa: S108 - a path in the container, not here
            published=Published(args.settings.grafana_port, contract.GRAFANA_PORT, LOOPBACK),
            stop_seconds=STOP_SECONDS,
        )


def _token(credentials: Credentials) -> Secret:
    """Return the token of Prometheus' own client, else a copy of `authToken` that Prometheus can read."""
    own = credentials.optional(contract.METRICS_TOKEN)
    if own:
        return own[0]
    return credentials.put(contract.METRICS_TOKEN, pulumi.Output.from_input(credentials.text("auth_token")))


def _files(root: Path, places: Mapping[str, str]) -> Mapping[str, pulumi.Input[str]]:
    """Return the texts of files of the checkout by where they go."""
    return {place: (root / FOLDER / file).read_text(encoding="utf-8") for place, file in places.items()}
