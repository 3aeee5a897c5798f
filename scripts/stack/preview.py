"""`preview`: what `up` would do. It needs no engine, and no passphrase for a stack nobody has created."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from infra import engine
from infra.engine import EngineError
from scripts.stack import environment, ground
from scripts.stack.cli import Pulumi, arguments_for_this_terminal
from scripts.stack.errors import StackError
from scripts.stack.session import Session

THROW_AWAY = "throw-away"
PROJECT = "Pulumi.yaml"


def preview(session: Session, *flags: str) -> int:
    """Show the plan, against the stack's state where there is one.

    Without an engine the plan is made from the state alone: drift cannot be seen then.
    """
    ground.judge(session)
    with _existing_or_empty(session) as (pulumi, arguments):
        refresh = () if _engine_answers() else ("--refresh=false",)
        return pulumi.show("preview", *arguments, *refresh, *flags, *arguments_for_this_terminal())


@contextmanager
def _existing_or_empty(session: Session) -> Iterator[tuple[Pulumi, Sequence[str]]]:
    """Give the stack itself if its backend knows it, else an empty one in a backend that is thrown away."""
    existing = _existing(session)
    if existing is not None:
        yield existing, ()
        return
    with tempfile.TemporaryDirectory(prefix="preview-") as folder:
        # A copy, because creating a stack writes a salt into its file; secrets are placeholders.
        copy = Path(folder) / session.file.path.name
        copy.write_text(yaml.safe_dump(session.file.without_secrets()), encoding="utf-8")
        (Path(folder) / PROJECT).write_text((session.file.root / PROJECT).read_text(encoding="utf-8"))
        backend = Path(folder) / "state"
        backend.mkdir()
        variables = {
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": THROW_AWAY,
            "PULUMI_CONFIG_PASSPHRASE_FILE": "",
            "PULUMI_STACK": session.file.stack,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **environment.engine_host(),
        }
        pulumi = Pulumi(session.file, variables)
        pulumi.ask("stack", "init", session.file.stack, "--cwd", folder)
        yield pulumi, ("--config-file", str(copy))


def _existing(session: Session) -> Pulumi | None:
    try:
        pulumi = session.pulumi
    except StackError:
        # No passphrase: without one there is no state to look into either.
        return None
    return pulumi if pulumi.resources() is not None else None


def _engine_answers() -> bool:
    if os.environ.get("DOCKER_HOST", "").startswith("ssh://"):
        return False
    try:
        engine.ask("version", "--format", "{{.Server.Version}}")
    except EngineError:
        return False
    return True
