"""`token`: the token that clients send."""

from scripts.stack.errors import StackError
from scripts.stack.session import Session


def token(session: Session) -> int:
    """Print the token and nothing else."""
    path = session.site.secrets / "auth_token"
    try:
        print(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        raise StackError(
            f"The stack {session.file.stack} has no token yet: `{session.site.make('up')}` generates it."
        ) from None
    return 0
