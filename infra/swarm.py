"""Runs workloads as services of a Docker Swarm, on one machine or many."""

import asyncio
import base64
from collections.abc import Iterator

import pulumi
import pulumi_docker as docker

from app import contract
from infra import cluster, service
from infra.network import OVERLAY
from infra.rollout import Rollout, account, settled
from infra.secret import Sealed
from infra.settings import Settings
from infra.site import Site
from infra.workload import Running, Workload

SECRET_MODE = 0o400
CONFIG_MODE = 0o444


class Swarm:
    """The engine for a Swarm.

    Replicas are updated one at a time, each started and healthy before its predecessor is told to stop; if
    one fails, all go back. One of a kind stops before its successor starts, and comes back if that fails.
    """

    network_driver = OVERLAY
    lingers = 3600
    """Swarm does not wait for what it replaces."""

    def __init__(self, site: Site, settings: Settings, *, node: str) -> None:
        self._site = site
        self._settings = settings
        self._node = node
        self._names: list[str] = []
        self._changed: set[str] = set()

    def run(self, workload: Workload, opts: pulumi.ResourceOptions) -> Running:
        """Declare the service with its secrets and configs; it counts as made when all of its tasks work."""
        name = self._site.container(workload.service)
        self._names.append(name)
        rollout = Rollout(name, self._site, self._settings, self._changed)
        labels = self._site.labels_of(workload.service)
        container = service.container(workload, labels)
        container.secrets = list(self._secrets(name, workload, opts))
        container.configs = list(self._configs(name, workload, opts))
        made = docker.Service(
            name,
            name=name,
            labels=[docker.ServiceLabelArgs(label=label, value=value) for label, value in labels.items()],
            mode=service.mode(workload),
            endpoint_spec=service.endpoint(workload),
            task_spec=service.task(workload, container, self._settings.logging, self._node),
            update_config=service.update(workload, self._settings.monitor),
            rollback_config=service.rollback(workload, self._settings.monitor),
            opts=pulumi.ResourceOptions.merge(
                opts,
                # A change that the binding cannot make in place clashes over the name otherwise.
                pulumi.ResourceOptions(
                    delete_before_replace=True,
                    hooks=rollout.hooks(home=self._node if workload.keeps_data else None),
                ),
            ),
        )
        return Running(made.name, made.id, (made,))

    def peers(self, service: str) -> str:
        """Return the name under which Swarm's DNS lists every healthy task."""
        return f"tasks.{self._site.container(service)}"

    def changed(self) -> bool:
        """Whether a service was made or changed in this update."""
        return bool(self._changed)

    async def settled(self) -> None:
        """Wait until every service of the stack has the tasks it wants."""
        await settled(self._names, self._settings.healthy_within)

    async def undo(self) -> None:
        """Put the services that were changed in this update back to what they were."""
        for found in await asyncio.to_thread(cluster.of_stack, self._site):
            if found.name in self._changed and found.before is not None:
                await asyncio.to_thread(cluster.roll_back, found.name)

    def account(self, service: str, what: str) -> str:
        """Return a sentence about the service, and the last lines of its latest task."""
        name = self._site.container(service)
        return account(name, what, cluster.tasks(name))

    def _secrets(
        self, name: str, workload: Workload, opts: pulumi.ResourceOptions
    ) -> Iterator[docker.ServiceTaskSpecContainerSpecSecretArgs]:
        """Names are left to Pulumi: a secret cannot change, so another text is another secret."""
        uid, gid = workload.user.split(":")
        for secret in workload.secrets:
            assert isinstance(secret, Sealed)  # noqa: S101 - files of the host are for development
            made = docker.Secret(
                f"{name}-{secret.name.replace('_', '-')}",
                data=secret.text.apply(_encoded),
                labels=[
                    docker.SecretLabelArgs(label=label, value=value)
                    for label, value in self._site.labels.items()
                ],
                opts=pulumi.ResourceOptions(parent=opts.parent),
            )
            yield docker.ServiceTaskSpecContainerSpecSecretArgs(
                secret_id=made.id,
                secret_name=made.name,
                file_name=f"{contract.SECRETS_PATH}/{secret.name}",
                file_uid=uid,
                file_gid=gid,
                file_mode=SECRET_MODE,
            )

    def _configs(
        self, name: str, workload: Workload, opts: pulumi.ResourceOptions
    ) -> Iterator[docker.ServiceTaskSpecContainerSpecConfigArgs]:
        uid, gid = workload.user.split(":")
        for path, text in workload.files.items():
            made = docker.ServiceConfig(
                f"{name}-{path.rpartition('/')[2].replace('.', '-')}",
                data=pulumi.Output.from_input(text).apply(_encoded),
                labels=[
                    docker.ServiceConfigLabelArgs(label=label, value=value)
                    for label, value in self._site.labels.items()
                ],
                opts=pulumi.ResourceOptions(parent=opts.parent),
            )
            yield docker.ServiceTaskSpecContainerSpecConfigArgs(
                config_id=made.id,
                config_name=made.name,
                file_name=path,
                file_uid=uid,
                file_gid=gid,
                file_mode=CONFIG_MODE,
            )


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
