"""`token`: the token that clients send."""

from app.contract import NAME
from scripts.stack.errors import StackError
from scripts.stack.session import Session


def token(session: Session) -> int:
    """Print the token and nothing else."""
    if session.file.is_production:
        print(session.pulumi.ask("config", "get", f"{NAME}:authToken", "--stack", session.file.stack).strip())
        return 0
    path = session.site.secrets / "auth_token"
    try:
        print(path.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        raise StackError(
            f"The stack {session.file.stack} has no token yet: `{session.site.make('up')}` generates it."
        ) from None
    return 0
