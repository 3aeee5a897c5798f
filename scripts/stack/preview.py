"""`preview`: what `up` would do. It needs no engine, and no passphrase for a stack nobody has created."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from infra import engine
from infra.elsewhere import ELSEWHERE
from infra.engine import EngineError
from scripts.stack import environment, exported, ground, pack, plan, tables
from scripts.stack.cli import Pulumi, arguments_for_this_terminal
from scripts.stack.errors import StackError
from scripts.stack.plan import Plan
from scripts.stack.session import Session

THROW_AWAY = "throw-away"
PROJECT = "Pulumi.yaml"
REFUSED = 1
GIVEN_UP = "LOSE_VOLUMES"
"""Names the volumes whose loss is meant, with commas between."""
Form = Literal["text", "json", "markdown", "diff"]
WORDS = {
    "nothing": "of a stack that nobody has created yet",
    "export": "against the exported state",
    "state": "against its state, drift not looked for",
    "engine": "against its state and what runs",
}


@dataclass(frozen=True)
class Basis:
    """What a plan is made from: the CLI, the arguments that go with it, and what is compared with."""

    pulumi: Pulumi
    arguments: Sequence[str]
    against: str


def preview(session: Session, form: Form = "text", state: str | None = None) -> int:
    """Show the plan, against an exported state if one is given, else the stack's own where there is one.

    Without an engine the plan is made from the state alone: drift cannot be seen then.
    """
    ground.judge(session)
    with basis(session, state) as found:
        if form == "diff":
            flags = (*found.arguments, *pack.flags(session.file), "--diff", *arguments_for_this_terminal())
            return found.pulumi.show("preview", *flags)
        made = make(session, found)
    stack = session.file.stack
    if form == "json":
        print(json.dumps(made.digest(stack, found.against), indent=2, ensure_ascii=False))
    else:
        show = tables.markdown if form == "markdown" else tables.text
        print(show(made, stack, WORDS[found.against]))
    return REFUSED if made.refusals else 0


def make(session: Session, found: Basis) -> Plan:
    """Make the plan; nothing is shown."""
    watched = found.pulumi.watch("preview", *found.arguments, *pack.flags(session.file))
    names = frozenset(name.strip() for name in os.environ.get(GIVEN_UP, "").split(","))
    made = plan.read(watched.events, given_up=names)
    if watched.status and not made.refusals:
        made.errors.append(f"Pulumi ended with {watched.status} and gave no reason: add --diff to see more.")
    return made


@contextmanager
def basis(session: Session, state: str | None = None) -> Iterator[Basis]:
    """Give what the plan is made from: the stack itself, an exported state of it, or an empty stack."""
    if state is not None:
        with _thrown_away(session, exported.read(state, session.file.stack)) as found:
            yield found
        return
    existing = _existing(session)
    if existing is None:
        with _thrown_away(session, None) as found:
            yield found
    elif _engine_answers():
        yield Basis(existing, (), "engine")
    else:
        yield Basis(existing, ("--refresh=false",), "state")


@contextmanager
def _thrown_away(session: Session, state: Mapping[str, object] | None) -> Iterator[Basis]:
    """Give a stack in a backend that is thrown away, empty or with a state made elsewhere."""
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
            **({} if state is None else {ELSEWHERE: "1"}),
            **environment.engine_host(),
        }
        pulumi = Pulumi(session.file, variables)
        pulumi.ask("stack", "init", session.file.stack, "--cwd", folder)
        if state is not None:
            file = Path(folder) / "export.json"
            salt = yaml.safe_load(copy.read_text(encoding="utf-8"))["encryptionsalt"]
            file.write_text(json.dumps(exported.for_import(state, salt)), encoding="utf-8")
            pulumi.ask("stack", "import", "--file", str(file), "--cwd", folder)
        arguments = ("--config-file", str(copy), "--refresh=false")
        yield Basis(pulumi, arguments, "nothing" if state is None else "export")


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
