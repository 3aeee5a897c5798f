"""`up`: create or change the stack; it ends with a real MCP call that was answered."""

import os
import sys

from scripts.stack import parts
from scripts.stack.cli import Pulumi, arguments_for_this_terminal, step
from scripts.stack.errors import StackError
from scripts.stack.session import Session

NETWORKS = "**docker:index/network:Network**"
NETWORK_COUNT = 2


def up(session: Session) -> int:
    """Bring the stack up; production shows its plan and asks first."""
    with step("the engine answers"):
        parts.require_engine()
    with step("the stack is selected"):
        pulumi = session.open()
    status = _with_a_plan(pulumi) if session.file.is_production else _at_once(session, pulumi)
    if status:
        raise StackError("The update failed; what is above says why. `make up` again picks up from here.")
    parts.prune_networks(session.site)
    _tell(pulumi)
    return 0


def _with_a_plan(pulumi: Pulumi) -> int:
    """Apply what was shown, to somebody or, with YES=1, to the log."""
    agreed = os.environ.get("YES") == "1"
    if not agreed and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StackError("Nobody is there to ask about the plan: `make preview` shows it, YES=1 applies it.")
    with step("pulumi up"):
        return pulumi.show("up", "--diff", *(("--yes",) if agreed else ()), *arguments_for_this_terminal())


def _at_once(session: Session, pulumi: Pulumi) -> int:
    """Look for drift, then apply.

    Two steps instead of Pulumi's own refresh, because the provider waits two seconds for each look at a
    network. A network that was removed is noticed by counting; then everything is refreshed.
    """
    if pulumi.resources():
        whole = len(parts.networks(session.site)) < NETWORK_COUNT
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
    with step("pulumi up"):
        return pulumi.show(
            "up",
            "--yes",
            "--skip-preview",
            "--refresh=false",
            "--suppress-outputs",
            *arguments_for_this_terminal(),
        )


def _tell(pulumi: Pulumi) -> None:
    outputs = pulumi.json("stack", "output")
    print(
        f"""
The server is up and has answered an MCP call.
  URL        {outputs["url"]}
  WebSocket  {outputs["websocketUrl"]}
  token      in {outputs["tokenFile"]} (`make -s token` prints it)
  Claude Code, in this folder:
  {outputs["claude"]}"""
    )
