"""What is supplied, what is refused, and when nothing is done."""

from pathlib import Path

import pytest

from scripts.bootstrap import cache, images, plan, toolchain
from scripts.bootstrap.command import STEPS
from scripts.bootstrap.machine import NO_ANSWER, Answer
from scripts.bootstrap.plan import Plan
from scripts.bootstrap.refusal import EXIT_MISSING, Refusal

from .conftest import DOCKER_INFO, IMAGE_LIST, MakeMachine, docker_info

ALL = list(STEPS)
OFFICIAL = {"download.docker.com", "get.pulumi.com", "registry-1.docker.io", "pypi.org"}
REGISTRIES = {"pypi.org"}
BARE = {"programs": {}, "answers": {}}
PULUMI = ("/usr/local/bin/pulumi", "version")


def test_nothing_is_installed_and_no_host_is_asked_when_all_is_there(
    machine: MakeMachine, clone: Path
) -> None:
    ready = machine()
    assert plan.make(ready, clone, ALL) == Plan()
    assert ready.reached == []


def test_a_bare_debian_with_registries_only_gets_everything(machine: MakeMachine, clone: Path) -> None:
    todo = plan.make(machine(**BARE, hosts=REGISTRIES), clone, ALL)
    assert todo == Plan(engine=True, plugins=["buildx", "compose"], images=True, toolchain=True)


def test_only_what_is_missing_is_supplied(machine: MakeMachine, clone: Path) -> None:
    partly = machine(hosts=REGISTRIES)
    partly.answers[DOCKER_INFO] = docker_info(plugins=("compose",))
    partly.answers[IMAGE_LIST] = Answer(0, "python:3.13-slim\n")
    assert plan.make(partly, clone, ALL) == Plan(plugins=["buildx"], images=True)


@pytest.mark.parametrize(
    "change",
    [
        {"superuser": False},
        {"distribution": "fedora"},
        {"system": "darwin"},
        {"system": "wsl"},
        {"architecture": "riscv64"},
    ],
)
def test_other_machines_are_told_all_that_is_missing_at_once(
    machine: MakeMachine, clone: Path, change: dict[str, object]
) -> None:
    with pytest.raises(Refusal) as refusal:
        plan.make(machine(**BARE, hosts=REGISTRIES, **change), clone, ALL)
    assert refusal.value.code == EXIT_MISSING
    assert [sentence.split()[0:2] for sentence in refusal.value.sentences] == [
        ["Docker", "is"],
        ["The", "Pulumi"],
    ]


def test_a_debian_that_reaches_the_official_hosts_is_left_alone(machine: MakeMachine, clone: Path) -> None:
    with pytest.raises(Refusal) as refusal:
        plan.make(machine(**BARE, hosts=OFFICIAL), clone, ALL)
    assert "https://docs.docker.com/engine/install/debian/" in str(refusal.value)
    assert "https://get.pulumi.com" in str(refusal.value)


def test_without_any_network_the_network_is_named_too(machine: MakeMachine, clone: Path) -> None:
    with pytest.raises(Refusal, match="HTTPS_PROXY"):
        plan.make(machine(**BARE), clone, ALL)


def test_a_denied_socket_is_not_mended_by_installing(machine: MakeMachine, clone: Path) -> None:
    denied = machine(hosts=REGISTRIES)
    denied.answers[DOCKER_INFO] = docker_info(error="permission denied while trying to connect")
    with pytest.raises(Refusal, match="docker group"):
        plan.make(denied, clone, ALL)


def test_an_engine_elsewhere_is_not_replaced_by_one_here(machine: MakeMachine, clone: Path) -> None:
    remote = machine(hosts=REGISTRIES, environ={"DOCKER_HOST": "ssh://ci@builder"})
    remote.answers[DOCKER_INFO] = docker_info(error="Cannot connect")
    with pytest.raises(Refusal, match="DOCKER_HOST=ssh://ci@builder"):
        plan.make(remote, clone, ALL)


def test_an_old_pulumi_is_refused_with_the_reason(machine: MakeMachine, clone: Path) -> None:
    old = machine(hosts=OFFICIAL)
    old.answers[PULUMI] = Answer(0, "v3.237.9")
    with pytest.raises(Refusal, match=r"is 3\.237\.9, and 3\.238 or newer is needed.*after-hook"):
        plan.make(old, clone, ALL)


def test_an_old_pulumi_stays_where_registries_only_answer(machine: MakeMachine, clone: Path) -> None:
    old = machine(hosts=REGISTRIES)
    old.answers[PULUMI] = Answer(0, "v3.100.0")
    assert plan.make(old, clone, ALL) == Plan(toolchain=True)


def test_what_the_cache_holds_needs_no_network(machine: MakeMachine, clone: Path) -> None:
    warm = machine()
    del warm.programs["pulumi"]
    warm.answers[IMAGE_LIST] = Answer(0, "")
    cache.entry(warm.cache, "toolchain", toolchain.key(warm, clone)).mkdir(parents=True)
    for name in ("python", "postgres", "redis", "haproxy"):
        cache.entry(warm.cache, f"image-{name}", images.key(warm, clone, name)).mkdir()
    assert plan.make(warm, clone, ALL) == Plan(images=True, toolchain=True)
    assert warm.reached == []


def test_the_engine_pulls_for_itself_where_a_registry_answers(machine: MakeMachine, clone: Path) -> None:
    fresh = machine(hosts=OFFICIAL)
    fresh.answers[IMAGE_LIST] = Answer(0, "")
    assert plan.make(fresh, clone, ALL) == Plan()
    fresh.reached.clear()
    assert plan.make(fresh, clone, ALL) == Plan()
    assert fresh.reached == [], "the answer is believed for a day"


def test_an_offline_laptop_whose_stack_is_there_is_not_stopped(machine: MakeMachine, clone: Path) -> None:
    aboard = machine(superuser=False)
    aboard.answers[IMAGE_LIST] = Answer(0, "postgres:17\nredis:8\n")
    assert plan.make(aboard, clone, ALL) == Plan()


def test_missing_images_name_the_variables_where_they_cannot_be_built(
    machine: MakeMachine, clone: Path
) -> None:
    other = machine(superuser=False, hosts=REGISTRIES)
    other.answers[IMAGE_LIST] = Answer(0, "postgres:17\n")
    with pytest.raises(Refusal, match=r"python:3\.13-slim, redis:8, haproxy:3\.0.*PYTHON_IMAGE"):
        plan.make(other, clone, ALL)


def test_an_image_that_a_variable_replaces_is_not_missing(machine: MakeMachine, clone: Path) -> None:
    names = ("PYTHON_IMAGE", "POSTGRES_IMAGE", "REDIS_IMAGE", "HAPROXY_IMAGE")
    own = machine(superuser=False, hosts=REGISTRIES, environ=dict.fromkeys(names, "registry.example/one"))
    own.answers[IMAGE_LIST] = Answer(0, "")
    assert plan.make(own, clone, ALL) == Plan()


def test_missing_plugins_alone_are_a_hint(
    machine: MakeMachine, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = machine(superuser=False, hosts=OFFICIAL)
    without.answers[DOCKER_INFO] = docker_info(plugins=("buildx",))
    assert plan.make(without, clone, ALL) == Plan()
    assert "compose plugin is missing" in capsys.readouterr().err


def test_the_python_step_needs_no_engine(machine: MakeMachine, clone: Path) -> None:
    bare = machine(**BARE)
    assert plan.make(bare, clone, ["python"]) == Plan()
    assert bare.asked == []


@pytest.mark.parametrize("environ", [{}, {"DOCKER_HOST": "tcp://127.0.0.1:2375"}])
def test_an_engine_that_says_nothing_is_named_with_the_wait_and_no_plugin_is_blamed(
    machine: MakeMachine, clone: Path, environ: dict[str, str]
) -> None:
    silent = machine(hosts=REGISTRIES, environ=environ)
    silent.answers[DOCKER_INFO] = Answer(NO_ANSWER)
    with pytest.raises(Refusal) as refusal:
        plan.make(silent, clone, ALL)
    (sentence,) = refusal.value.sentences
    assert "does not answer within 15 s" in sentence
    assert environ.get("DOCKER_HOST", "at its usual address") in sentence


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"hosts": REGISTRIES}, True),
        ({"hosts": OFFICIAL}, False),
        ({"hosts": REGISTRIES, "distribution": "fedora"}, False),
    ],
)
def test_a_plain_user_is_told_of_the_build_that_root_would_get(
    machine: MakeMachine, clone: Path, facts: dict[str, object], told: bool
) -> None:
    without = machine(superuser=False, **facts)
    del without.programs["pulumi"]
    with pytest.raises(Refusal) as refusal:
        plan.make(without, clone, ALL)
    assert ("as root, for whom it builds the CLI" in str(refusal.value)) is told
