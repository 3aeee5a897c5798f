"""The verbs' own decisions, without Pulumi and without an engine."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.development import PASSPHRASE, SALT
from scripts.stack import environment, locks
from scripts.stack.cli import Pulumi, sentence
from scripts.stack.errors import StackError
from scripts.stack.stackfile import StackFile

ROOT = Path(__file__).resolve().parents[3]


def _file(root: Path, stack: str, document: object) -> StackFile:
    (root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    return StackFile.read(root, stack)


def _config(**settings: object) -> dict[str, object]:
    return {"config": {f"exai-mcp-server:{key}": value for key, value in settings.items()}}


def test_the_committed_development_stack_opens_with_the_published_passphrase() -> None:
    assert StackFile.read(ROOT, "dev").salt == SALT


def test_the_published_passphrase_beats_one_that_is_meant_for_other_projects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of another project")

    assert environment.variables(StackFile.read(ROOT, "dev"))["PULUMI_CONFIG_PASSPHRASE"] == PASSPHRASE


def test_production_without_a_passphrase_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        StackError, match=r"^The stack prod is encrypted with a passphrase of its own, and none is"
    ):
        environment.variables(_file(tmp_path, "prod", _config(environment="production")))


def test_production_takes_the_teams_passphrase_and_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "/somewhere")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://team")
    file = _file(tmp_path, "prod", _config(environment="production"))

    variables = environment.variables(file)

    assert "PULUMI_CONFIG_PASSPHRASE" not in variables
    assert "PULUMI_BACKEND_URL" not in variables
    assert not environment.keeps_state_here(file)


@pytest.mark.parametrize(("given", "set_to"), [(None, environment.COLLECT_SELDOM), ("50", None)])
def test_pulumi_collects_garbage_seldom_unless_somebody_has_said_how_often(
    monkeypatch: pytest.MonkeyPatch, given: str | None, set_to: str | None
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    if given is not None:
        monkeypatch.setenv("GOGC", given)

    assert environment.variables(StackFile.read(ROOT, "dev")).get("GOGC") == set_to


@pytest.mark.parametrize(
    ("deployment", "interrupted"),
    [
        ({"resources": [{"id": "a"}, {}]}, False),
        ({"resources": [{"id": "a"}], "pending_operations": []}, False),
        ({"resources": [{"id": "a"}], "pending_operations": [{"type": "creating"}]}, True),
    ],
)
def test_the_state_says_what_it_has_and_whether_an_update_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deployment: object, interrupted: bool
) -> None:
    state = json.dumps({"version": 3, "deployment": deployment})
    cli = tmp_path / "pulumi"
    cli.write_text(f"#!/bin/sh\ncat <<'END'\n{state}\nEND\n")
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    pulumi = Pulumi(_file(tmp_path, "prod", _config()), {})

    assert pulumi.interrupted() is interrupted
    assert pulumi.ids() == {"a"}


def test_a_key_service_needs_no_passphrase(tmp_path: Path) -> None:
    file = _file(tmp_path, "prod", {"secretsprovider": "awskms://x", **_config(environment="production")})

    assert "PULUMI_CONFIG_PASSPHRASE" not in environment.variables(file)


def test_the_state_of_a_clone_is_kept_from_other_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)

    backend = environment.variables(_file(tmp_path, "dev", _config()))["PULUMI_BACKEND_URL"]

    assert backend == (tmp_path / ".exai" / "state").as_uri()
    assert (tmp_path / ".exai" / "state").stat().st_mode & 0o777 == 0o700


def test_names_come_from_the_prefix(tmp_path: Path) -> None:
    assert _file(tmp_path, "dev", _config()).site.container("redis") == "dev-redis"
    assert _file(tmp_path, "dev", _config(prefix="mine")).site.container("redis") == "mine-redis"


def test_a_copy_for_a_preview_holds_no_secret_and_no_encryption(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "prod",
        {"encryptionsalt": "v1:x", **_config(key={"secure": "v1:abc"}, logging={"driver": "local"})},
    )

    assert file.without_secrets() == _config(key="placeholder-of-a-secret", logging={"driver": "local"})


@pytest.mark.parametrize(
    ("stack", "text", "sentence_"),
    [
        ("Dev", "", "`Dev` cannot name a stack"),
        ("absent", None, "There is no Pulumi.absent.yaml: write one .* dev"),
        ("bad", "a: 1\nb: [", r"^Pulumi.bad.yaml is not YAML \(line 2: .*\): mend that line[^\n]*$"),
        ("list", "config: [1]", "Pulumi.list.yaml holds no settings"),
        ("empty", "", "Pulumi.empty.yaml holds no settings"),
    ],
)
def test_a_stack_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, stack: str, text: str | None, sentence_: str
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    if text is not None:
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(text)

    with pytest.raises(StackError, match=sentence_):
        StackFile.read(tmp_path, stack)


@pytest.mark.parametrize(
    ("said", "starts"),
    [
        ("error: getting secrets manager: incorrect passphrase", "The passphrase does not open this stack"),
        ("error: the stack is currently locked by 1 lock(s).", "Another update of this stack is running"),
        ("error: something else", "Pulumi refused: error: something else"),
    ],
)
def test_what_pulumi_says_becomes_a_sentence(said: str, starts: str) -> None:
    assert sentence(said).startswith(starts)


def _lock(folder: Path, pid: int, hostname: str) -> Path:
    path = (
        folder / ".pulumi" / "locks" / "organization" / "exai-mcp-server" / "dev" / f"{pid}-{hostname}.json"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": pid, "hostname": hostname, "username": "x"}))
    return path


def test_only_locks_of_dead_processes_of_this_machine_are_cleared(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours, here = _lock(tmp_path, ended.pid, socket.gethostname()), socket.gethostname()
    elsewhere = _lock(tmp_path, ended.pid, f"not-{here}")

    assert list(locks.clear_stale(tmp_path.as_uri(), "dev")) == [ended.pid]
    assert not ours.exists()
    assert elsewhere.exists()


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="process names are read from /proc")
def test_the_lock_of_a_process_id_that_was_given_out_again_is_cleared(tmp_path: Path) -> None:
    lock = _lock(tmp_path, os.getpid(), socket.gethostname())

    assert list(locks.clear_stale(tmp_path.as_uri(), "dev")) == [os.getpid()]
    assert not lock.exists()


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="process states are read from /proc")
def test_the_lock_of_a_process_that_only_waits_to_be_asked_about_is_cleared(tmp_path: Path) -> None:
    script = "import pathlib; pathlib.Path('/proc/self/comm').write_text('pulumi')"
    ended = subprocess.Popen([sys.executable, "-c", script])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    _lock(tmp_path, ended.pid, socket.gethostname())

    cleared = list(locks.clear_stale(tmp_path.as_uri(), "dev"))
    ended.wait()

    assert cleared == [ended.pid]


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="process names are read from /proc")
def test_the_lock_of_a_living_update_is_never_touched(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys; pathlib.Path('/proc/self/comm').write_text('pulumi'); "
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as living:
        assert living.stdout is not None
        living.stdout.readline()
        lock = _lock(tmp_path, living.pid, socket.gethostname())

        cleared = list(locks.clear_stale(tmp_path.as_uri(), "dev"))
        living.communicate()

    assert cleared == []
    assert lock.exists()


def test_a_remote_backend_minds_its_own_locks() -> None:
    assert list(locks.clear_stale("s3://team/state", "dev")) == []


@pytest.mark.parametrize("verb", ["up", "down", "destroy", "preview", "drift", "logs", "ps", "token", "env"])
def test_every_verb_refuses_an_unknown_stack_with_one_line(verb: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.stack", verb, "--stack", "nobody"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("There is no Pulumi.nobody.yaml: write one")
    assert len(done.stderr.splitlines()) == 1
