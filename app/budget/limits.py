"""How much each client, and each project of a client, may spend on one day."""

from datetime import UTC, datetime
from decimal import Decimal

from app.providers.records import NANO_USD_PER_USD
from app.settings import ServerFile
from app.stores.records import Grant, Limit, NewCall


class Budgets:
    """The limits as they are now; `replace` takes other ones over from the next call on."""

    def __init__(self, file: ServerFile) -> None:
        self._default = 0
        self._clients: dict[str, int] = {}
        self._projects: dict[str, int] = {}
        self.replace(file)

    def replace(self, file: ServerFile) -> None:
        """Take the budgets of another server.toml."""
        self._default = nano_usd(file.budget.default_usd_per_day)
        self._clients = {
            name: nano_usd(client.budget_usd_per_day)
            for name, client in file.clients.items()
            if client.budget_usd_per_day is not None
        }
        self._projects = {
            name: nano_usd(project.budget_usd_per_day) for name, project in file.projects.items()
        }

    def limits(self, principal: str, project: str) -> tuple[Limit, ...]:
        """Return what a call must fit into, the client's own limit first."""
        own = Limit(client_scope(principal), self._clients.get(principal, self._default))
        if project not in self._projects:
            return (own,)
        return own, Limit(project_scope(principal, project), self._projects[project])


def client_scope(principal: str) -> str:
    """Name the budget of a client."""
    return f"client:{principal}"


def project_scope(principal: str, project: str) -> str:
    """Name the budget of one project of a client."""
    return f"project:{principal}/{project}"


def nano_usd(usd: Decimal) -> int:
    """Turn USD into integer nano-USD; digits below are dropped, so that a limit is never exceeded."""
    return int(usd * NANO_USD_PER_USD)


def as_usd(nano: int) -> str:
    """Write nano-USD for people: two digits at least, and as many more as it takes to say something."""
    value = Decimal(nano) / NANO_USD_PER_USD
    for digits in (2, 4, 6, 9):
        if value == 0 or abs(value) >= Decimal(1).scaleb(1 - digits):
            return f"{value:.{digits}f}"
    return f"{value:.9f}"


def today() -> str:
    """Return the day that budgets count, as UTC date."""
    return datetime.now(UTC).date().isoformat()


def too_little(call: NewCall, grant: Grant) -> str:
    """Say which budget refuses a call, and what can be done."""
    tightest = min(call.limits, key=lambda limit: grant.left.get(limit.scope, 0))
    left = as_usd(max(0, grant.left.get(tightest.scope, 0)))
    kind, _, name = tightest.scope.partition(":")
    setting = (
        f"clients.{name}.budget_usd_per_day"
        if kind == "client"
        else f"projects.{name.partition('/')[2]}.budget_usd_per_day"
    )
    return (
        f"The {kind} {name!r} has {left} USD of its {as_usd(tightest.nano_usd)} USD left today, and this "
        f"call to {call.model} may cost {as_usd(call.least)} USD: choose a cheaper model, send less, wait "
        f"for the next day (UTC), or have {setting} raised in server.toml."
    )
