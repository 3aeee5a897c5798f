"""`up`: create or change the stack; it ends with a real MCP call that was answered."""

import os
import sys

from app.contract import NAME
from infra.credentials import VENDOR_KEYS
from infra.exports import addresses, beginnings
from infra.settings import Settings
from scripts.stack import ground, pack, parts, tables
from scripts.stack.cli import Outcome, Pulumi, step
from scripts.stack.errors import StackError
from scripts.stack.preview import WORDS, basis, make
from scripts.stack.session import Session

NETWORKS = "**docker:index/network:Network**"
NETWORK_COUNT = 2
"""And one more, of Grafana."""


def up(session: Session) -> int:
    """Bring the stack up; production shows its plan and asks first."""
    with step("the engine answers"):
        parts.require_engine()
    with step("settings, names and port are looked at"):
        settings = ground.look(session)
    with step("the stack is selected"):
        pulumi = session.open()
    may_differ = _agree_on_the_plan(session) or pulumi.interrupted() if session.file.is_production else True
    if may_differ and pulumi.resources():
        _look_for_drift(session, pulumi, NETWORK_COUNT + settings.observability)
    _apply(session, pulumi).require_success("The update failed", session.site.make("up"))
    parts.prune_networks(session.site)
    if session.file.is_production:
        parts.remove_unknown(session.site, pulumi.ids())
    _tell(session, settings)
    return 0


def _agree_on_the_plan(session: Session) -> bool:
    """Show the plan to somebody or, with YES=1, to the log; every attribute of it is in `preview --diff`.

    Returns whether what runs may differ from the state: drift was found, or could not be looked for.
    """
    if os.environ.get("YES") != "1" and not sys.stdin.isatty():
        raise StackError(
            f"Nobody is there to ask about the plan: `{session.site.make('preview')}` shows it, "
            "YES=1 applies it."
        )
    with step("the plan is made"), basis(session) as found:
        made = make(session, found)
    print(tables.text(made, session.file.stack, WORDS[found.against]))
    if made.refusals:
        raise StackError("Nothing was changed.")
    session.confirm("Apply it?")
    return bool(made.drift) or found.against != "engine"


def _look_for_drift(session: Session, pulumi: Pulumi, networks: int) -> None:
    """Bring the state to what runs.

    A step of its own instead of Pulumi's own refresh, because the provider waits two seconds for each look
    at a network. A network that was removed is noticed by counting; then everything is refreshed.
    """
    whole = len(parts.networks(session.site)) < networks
    with step("drift is looked for"):
        pulumi.ask(
            "refresh",
            "--yes",
            "--skip-preview",
            "--suppress-progress",
            # What an interrupted update was creating is looked for by name, not by the state.
            "--clear-pending-creates",
            *(() if whole else ("--exclude", NETWORKS)),
        )


def _apply(session: Session, pulumi: Pulumi) -> Outcome:
    """Apply; what runs is what the state says."""
    with step("pulumi up"):
        flags = ("--yes", "--skip-preview", "--refresh=false", "--suppress-outputs")
        return pulumi.run("up", *flags, *pack.flags(session.file))


def _tell(session: Session, settings: Settings) -> None:
    """Say what the stack's outputs say, without another start of Pulumi to ask for them."""
    outputs, make = {**addresses(settings), **beginnings(session.site, settings)}, session.site.make
    printed = f"`{make('token').replace('make', 'make -s')}` prints it"
    token = f"in {outputs['tokenFile']} ({printed})" if "tokenFile" in outputs else printed
    print(
        f"""
The server is up and has answered an MCP call.
  URL        {outputs["url"]}
  WebSocket  {outputs["websocketUrl"]}
  token      {token}
  Claude Code {outputs["connect"]}   (CLIENT=codex, gemini, vscode, cursor, … for others)"""
    )
    if "grafana" in outputs:
        print(f"  Grafana    {outputs['grafana']}")
    if session.file.is_production:
        if not any(f"{NAME}:{key}" in session.file.config for key in ("kimiApiKey", "glmApiKey")):
            print(
                f"No vendor key yet: `pulumi config set --secret {NAME}:kimiApiKey` (or glmApiKey), then "
                f"`{make('up')}`."
            )
    elif not any((session.site.secrets / name).exists() for name in VENDOR_KEYS):
        print(f"No vendor key yet: put KIMI_API_KEY=… or GLM_API_KEY=… into .env and run `{make('up')}`.")
