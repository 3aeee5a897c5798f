"""Every platform gets one sentence a fault, with the official way for that platform."""

import re

import pytest

from scripts.bootstrap import sentences

from .conftest import MakeMachine

WAYS = [
    ("darwin", "", "docker-desktop", "brew install pulumi/tap/pulumi"),
    ("wsl", "ubuntu", "WSL integration", "https://get.pulumi.com"),
    ("linux", "debian", "https://docs.docker.com/engine/install/debian/", "https://get.pulumi.com"),
    ("linux", "ubuntu", "https://docs.docker.com/engine/install/ubuntu/", "https://get.pulumi.com"),
    ("linux", "fedora", "https://docs.docker.com/engine/install/fedora/", "https://get.pulumi.com"),
    ("linux", "arch", "pacman -S docker", "pacman -S pulumi"),
    ("linux", "gentoo", "https://docs.docker.com/engine/install/", "https://get.pulumi.com"),
    ("freebsd", "", "https://docs.docker.com/desktop/", "https://www.pulumi.com/docs/"),
]


@pytest.mark.parametrize(("system", "distribution", "engine", "pulumi"), WAYS)
def test_each_platform_has_its_official_way(
    machine: MakeMachine, system: str, distribution: str, engine: str, pulumi: str
) -> None:
    here = machine(system=system, distribution=distribution)
    assert engine in sentences.engine_absent(here)
    assert pulumi in sentences.pulumi_absent(here)


@pytest.mark.parametrize(("system", "distribution"), [way[:2] for way in WAYS])
def test_every_sentence_is_one_line_with_a_remedy(
    machine: MakeMachine, system: str, distribution: str
) -> None:
    here = machine(system=system, distribution=distribution)
    for sentence in (
        sentences.engine_absent(here),
        sentences.engine_denied(here),
        sentences.engine_stopped(here, "no answer"),
        sentences.engine_silent(here),
        sentences.plugin_absent(here, "compose"),
        sentences.pulumi_absent(here),
        sentences.pulumi_absent(here, root_builds=True),
        sentences.pulumi_old(here, "3.1.0", "3.238"),
        sentences.images_absent(["redis:8"]),
        sentences.offline(),
    ):
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert re.search(r"[:,;] .", sentence)


@pytest.mark.parametrize(
    ("facts", "way"),
    [
        ({"system": "darwin"}, "open -a Docker"),
        ({"system": "wsl"}, "Docker Desktop on Windows"),
        ({"systemd": True}, "systemctl start docker"),
        ({"systemd": False}, "sudo dockerd"),
        ({"environ": {"DOCKER_HOST": "tcp://10.0.0.1:2376"}}, "unset DOCKER_HOST"),
    ],
)
def test_an_engine_that_does_not_answer_is_started_the_way_it_was_installed(
    machine: MakeMachine, facts: dict[str, object], way: str
) -> None:
    assert way in sentences.engine_stopped(machine(**facts), "no answer")
