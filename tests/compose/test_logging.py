"""Logs to a central place: each overlay replaces the driver of every service, and brings lines there."""

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import contract

ROOT = Path(__file__).resolve().parents[2]
OVERLAYS = {path.stem: path for path in sorted((ROOT / "observability" / "logging").glob("*.yml"))}
ADDRESSES = {"syslog": "tcp://127.0.0.1:{}", "fluentd": "127.0.0.1:{}", "gelf": "udp://127.0.0.1:{}"}
SECRETS = dict.fromkeys(("AUTH_TOKEN", "STATE_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"), "value")
IMAGE = os.environ.get("REDIS_IMAGE") or contract.IMAGES["redis"]
WAIT_SECONDS = 30


def merged(name: str, address: str) -> dict[str, Any]:
    command = ["docker", "compose", "-f", "docker-compose.yml", "-f", str(OVERLAYS[name])]
    done = subprocess.run(
        [*command, "--profile", "observability", "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], f"{name.upper()}_ADDRESS": address, **SECRETS},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.mark.engine
@pytest.mark.parametrize("name", OVERLAYS)
def test_every_service_logs_there_and_keeps_no_option_of_another_driver(name: str) -> None:
    services = merged(name, ADDRESSES[name].format(1))
    base = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    assert services.keys() == base.keys()
    for service in services.values():
        assert service["logging"]["driver"] == name
        assert "max-size" not in service["logging"]["options"]


@contextlib.contextmanager
def receiver(*, datagrams: bool) -> Iterator[tuple[int, list[bytes], threading.Event]]:
    """Take what comes, until something has."""
    heard: list[bytes] = []
    news = threading.Event()
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(WAIT_SECONDS)
        if not datagrams:
            listener.listen()

        def take() -> None:
            with contextlib.suppress(OSError):
                peer = listener if datagrams else listener.accept()[0]
                with peer:
                    peer.settimeout(WAIT_SECONDS)
                    while data := peer.recv(65536):
                        heard.append(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
                        news.set()

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard, news


@pytest.mark.engine
@pytest.mark.parametrize("name", OVERLAYS)
def test_a_line_arrives_by_the_options_of_the_overlay(name: str) -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode
    ):  # fmt: skip - one question
        pytest.skip(f"the image {IMAGE} is not here, and any is needed to write a line with")
    canary = f"canary-{uuid.uuid4().hex}"
    with receiver(datagrams=name == "gelf") as (port, heard, news):
        logging = merged(name, ADDRESSES[name].format(port))[contract.NAME]["logging"]
        options = [f"--log-opt={key}={value}" for key, value in logging["options"].items()]
        command = [
            "docker",
            "run",
            "--rm",
            f"--name=exai-test-{canary[:20]}",
            f"--log-driver={name}",
            *options,
        ]
        subprocess.run(
            [*command, "--entrypoint=/bin/sh", IMAGE, "-c", f'echo \'{{"event":"{canary}"}}\''],
            check=True,
            capture_output=True,
            timeout=WAIT_SECONDS,
        )
        assert news.wait(WAIT_SECONDS)
        for _ in range(WAIT_SECONDS):
            if canary.encode() in b"".join(heard):
                break
            news.clear()
            news.wait(1)

    assert canary.encode() in b"".join(heard)
