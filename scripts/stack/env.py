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
    lines = [
        f"export {name}={shlex.quote(text)}" if text else f"unset {name}"
        for name, text in environment.variables(session.file).items()
    ]
    if shutil.which("pulumi"):
        session.pulumi.select()
    else:
        print(f"pulumi is not on PATH yet: `{session.site.make('up')}` says how to get it.", file=sys.stderr)
    print("\n".join(lines))
    return 0
