"""One way to break each rule, in every kind of resource that can; the keys are the rules' names."""

from collections.abc import Callable, Mapping
from types import FunctionType

import pulumi
from hardened import container, image, service, volume

SOCKET = {"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"}
FOLDER = {"type": "bind", "source": "/srv/app", "target": "/app"}


def none() -> None:
    container()
    service()
    volume()
    image(build_args={"PYTHON_IMAGE": "python:3.13-slim"})


def privileged() -> None:
    container(privileged=True)


def host_namespace() -> None:
    container(network_mode="host")
    service(task={"networks_advanceds": [{"name": "host"}]})


def engine_socket() -> None:
    container(mounts=[SOCKET])
    service(spec={"mounts": [SOCKET]})


def host_path() -> None:
    container(volumes=[{"host_path": "/srv/app", "container_path": "/app"}])
    service(spec={"mounts": [FOLDER]})


def memory_limit() -> None:
    container(memory=None)
    service(task={"resources": {"limits": {"nano_cpus": 500_000_000}}})


def cpu_limit() -> None:
    container(cpus=None)
    service(task={"resources": {"limits": {"memory_bytes": 64 << 20}}})


def health_check() -> None:
    container(healthcheck=None)
    service(spec={"healthcheck": {"tests": ["NONE"]}})


def loopback_only() -> None:
    container(ports=[{"internal": 6379, "external": 6379}])
    service(endpoint_spec={"ports": [{"target_port": 6379, "published_port": 6379}]})


def image_by_content() -> None:
    container(image="redis:8")
    service(spec={"image": "redis:8"})


def late_image() -> None:
    """Only while the update runs is it known what these run."""
    container(image=pulumi.Output.from_input("redis:8"))
    service(spec={"image": pulumi.Output.from_input("redis:8")})


def secret_in_environment() -> None:
    container(envs=["AUTH_TOKEN=0123456789"])
    service(spec={"env": {"AUTH_TOKEN": "0123456789"}})


def secret_in_build() -> None:
    image(build_args={"AUTH_TOKEN": "0123456789"})


def log_limit() -> None:
    container(log_opts={})
    service(task={"log_driver": None})


def read_only_root() -> None:
    container(read_only=False)
    service(spec={"read_only": False})


def capabilities() -> None:
    container(capabilities={"drops": ["ALL"], "adds": ["CAP_NET_ADMIN"]})
    service(spec={"cap_drops": None})


def new_privileges() -> None:
    container(security_opts=[])
    service(spec={"commands": ["redis-server"]})


def numeric_user() -> None:
    container(user="0:0")
    service(spec={"user": "redis"})


def protected_volume() -> None:
    volume(pulumi.ResourceOptions(protect=False))


def every() -> None:
    """Break every rule in one program."""
    for name, breach in BREACHES.items():
        if name not in {"none", "every", "late-image"}:
            breach()


BREACHES: Mapping[str, Callable[[], None]] = {
    name.replace("_", "-"): declare
    for name, declare in list(globals().items())
    if isinstance(declare, FunctionType) and declare.__module__ == __name__
}
