"""`python -m scripts.stack VERB --stack NAME`: the table of verbs."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from infra.engine import EngineError
from infra.site import Site
from scripts.stack.backup.making import KEEP, backup
from scripts.stack.backup.restoring import restore
from scripts.stack.connect import connect
from scripts.stack.destroy import destroy
from scripts.stack.down import down
from scripts.stack.drift import drift
from scripts.stack.env import env
from scripts.stack.errors import StackError
from scripts.stack.logs import logs
from scripts.stack.preview import preview
from scripts.stack.ps import ps
from scripts.stack.session import ROOT, Session
from scripts.stack.swarm_init import swarm_init
from scripts.stack.token import token
from scripts.stack.up import up

LINES = 100
FORMS = {
    "json": "the digest, for machines (docs/plan.md)",
    "markdown": "a comment for a pull request",
    "diff": "every attribute, as Pulumi shows it",
}
FAILED = 1
INTERRUPTED = 130
"""The exit status shells use for it."""
Verb = Callable[[Session, argparse.Namespace], int]
VERBS: dict[str, tuple[str, Verb]] = {
    "up": ("create or change the stack, then make a real MCP call", lambda session, _: up(session)),
    "down": ("remove containers and networks; volumes stay", lambda session, _: down(session)),
    "destroy": ("remove everything, after naming it (YES=1: unasked)", lambda session, _: destroy(session)),
    "preview": (
        "show what `up` would do; needs no engine",
        lambda session, given: preview(session, given.form, given.state),
    ),
    "drift": ("compare what runs with the state", lambda session, _: drift(session)),
    "logs": (
        "show what the containers say",
        lambda session, given: logs(
            session, service=given.service, tail=given.tail, follow=not given.no_follow
        ),
    ),
    "ps": ("list the containers", lambda session, _: ps(session)),
    "connect": (
        "show what an MCP client needs; what follows is for `exai-mcp connect`",
        lambda session, given: connect(session, given.client, given.more),
    ),
    "token": ("print the client token", lambda session, _: token(session)),
    "swarm-init": (
        "make this engine the manager of a Swarm",
        lambda session, given: swarm_init(session, given.address),
    ),
    "backup": (
        "copy what the stack keeps, while it runs",
        lambda session, given: backup(session, given.into, given.keep),
    ),
    "restore": (
        "put a backup into a stack that is up",
        lambda session, given: restore(session, given.folder),
    ),
    "env": ("print the environment for a bare `pulumi up`", lambda session, _: env(session)),
}


def main() -> int:
    """Run one verb; what goes wrong is one sentence on stderr."""
    given = _arguments()
    try:
        return VERBS[given.verb][1](Session.of(given.stack), given)
    except (StackError, EngineError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        again = Site(ROOT, given.stack, given.stack).make(given.verb)
        print(f"Interrupted: `{again}` goes on from there.", file=sys.stderr)
        return INTERRUPTED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.stack", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, (help_, _) in VERBS.items():
        verb = verbs.add_parser(name, help=help_)
        verb.add_argument("--stack", default="dev", help="which Pulumi.<stack>.yaml (default: dev)")
        if name == "preview":
            verb.set_defaults(form="text")
            for form, shows in FORMS.items():
                verb.add_argument(f"--{form}", dest="form", action="store_const", const=form, help=shows)
            verb.add_argument(
                "--state", metavar="FILE", help="what `pulumi stack export` wrote; - reads it here"
            )
        if name == "connect":
            verb.add_argument("client", help="claude-code, codex, gemini, vscode, …")
        if name == "swarm-init":
            verb.add_argument("--address", help="where other machines reach this one (default: alone)")
        if name == "backup":
            verb.add_argument("--into", type=Path, metavar="FOLDER", help="default: .exai/backups/<stack>")
            verb.add_argument("--keep", type=int, default=KEEP, help=f"how many stay (default: {KEEP})")
        if name == "restore":
            verb.add_argument("folder", type=Path, help="one backup: the folder with manifest.json")
        if name == "logs":
            verb.add_argument("service", nargs="?", help="one of them only, such as redis")
            verb.add_argument("--tail", type=int, default=LINES, help="how many lines of the past")
            verb.add_argument("--no-follow", action="store_true", help="end with the last line")
    given, more = parser.parse_known_args()
    if more and given.verb != "connect":
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    given.more = more
    return given


if __name__ == "__main__":
    sys.exit(main())
