"""How much each client, and each project of a client, may spend on one day."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from app.providers.records import NANO_USD_PER_USD
from app.stores.records import Limit


class Budgets:
    """The limits as they are now; `replace` takes other ones over from the next call on."""

    def __init__(self, default_usd: Decimal) -> None:
        self._default = nano_usd(default_usd)
        self._clients: dict[str, int] = {}
        self._projects: dict[str, int] = {}

    def replace(
        self, default_usd: Decimal, clients: Mapping[str, Decimal | None], projects: Mapping[str, Decimal]
    ) -> None:
        """Take budgets in USD a day: of clients by name, and of each client's project by its name."""
        self._default = nano_usd(default_usd)
        self._clients = {name: nano_usd(usd) for name, usd in clients.items() if usd is not None}
        self._projects = {name: nano_usd(usd) for name, usd in projects.items()}

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
