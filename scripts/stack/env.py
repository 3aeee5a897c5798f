"""`env`: what a bare `pulumi up` needs, as lines for a shell to evaluate."""

import shlex
import shutil
import sys

from scripts.stack import environment
from scripts.stack.session import Session


def env(session: Session) -> int:
    """Print the exports, and create the stack if nobody has, so that the next command can be `pulumi up`.

    A passphrase that the caller has set stays in the caller's environment and is not printed.
    """
    for name, text in environment.variables(session.file).items():
        print(f"export {name}={shlex.quote(text)}" if text else f"unset {name}")
    if shutil.which("pulumi"):
        session.pulumi.select()
    else:
        print("pulumi is not on PATH yet: `make up` says how to get it.", file=sys.stderr)
    return 0
