"""Money: held before a call, settled after it, counted by day."""

from collections.abc import Iterable, Sequence

import orjson

from app.stores import reading
from app.stores.errors import NotFoundError
from app.stores.records import CallState, Grant, NewCall, Settlement, Spending, Statement
from app.stores.sqlite import clock
from app.stores.sqlite.connection import Connection

OPEN = (CallState.RESERVED, CallState.UNKNOWN)
"""A call in one of these still holds what it was granted."""


def reserve(db: Connection, job: str, call: NewCall) -> Grant:
    """Hold money for a further call of a running job."""
    if (grant := granted(db, call)) is not None:
        return grant
    owner = db.execute("SELECT * FROM jobs WHERE id = ? AND status = 'running'", (job,)).fetchone()
    if owner is None:
        raise NotFoundError("running job", job)
    grant = hold(db, call)
    if not grant.refused:
        open_call(db, owner["id"], owner["principal"], owner["project"], call, grant.granted)
    return grant


def granted(db: Connection, call: NewCall) -> Grant | None:
    """Return what a call was granted earlier, or None."""
    row = db.execute("SELECT granted FROM calls WHERE id = ?", (call.id,)).fetchone()
    return row and Grant(row["granted"], _left(db, call))


def hold(db: Connection, call: NewCall) -> Grant:
    """Take the money out of every limit, or out of none."""
    left = _left(db, call)
    amount = min([call.most, *left.values()])
    if amount < call.least:
        return Grant(0, left, refused=True)
    move(db, left, call.day, amount)
    return Grant(amount, {scope: rest - amount for scope, rest in left.items()})


def open_call(db: Connection, job: str, principal: str, project: str, call: NewCall, amount: int) -> None:
    """Note a call with what it was granted."""
    time = clock.now()
    scopes = orjson.dumps([limit.scope for limit in call.limits]).decode()
    db.execute(
        "INSERT INTO calls (id, job, principal, project, vendor, model, day, state, granted, input_cost, "
        "output_price, scopes, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?, ?, ?)",
        (call.id, job, principal, project, call.vendor, call.model, call.day, amount, call.input_cost,
         call.output_price, scopes, time, time),
    )  # fmt: skip


def move(db: Connection, scopes: Iterable[str], day: str, amount: int) -> None:
    """Add an amount, which may be negative, to what is spent and held in scopes on a day."""
    db.executemany(
        "INSERT INTO budgets VALUES (?, ?, ?) "
        "ON CONFLICT (scope, day) DO UPDATE SET amount = amount + excluded.amount",
        [(scope, day, amount) for scope in scopes],
    )


def settle(db: Connection, settlement: Settlement) -> None:
    """Replace what a call holds by what it costs, or mark that nobody knows."""
    call = db.execute("SELECT * FROM calls WHERE id = ?", (settlement.call,)).fetchone()
    if call is None:
        raise NotFoundError("call", settlement.call)
    if call["state"] not in OPEN:
        return
    time = clock.now()
    if settlement.state is CallState.UNKNOWN:
        # Counted now, because the pieces may go with the end of the job.
        db.execute(
            "UPDATE calls SET state = 'unknown', request_id = ?, outcome = ?, cost = ?, updated = ?, "
            "streamed = "
            "(SELECT coalesce(sum(bytes), 0) FROM pieces WHERE job = calls.job AND call = calls.id) "
            "WHERE id = ? AND state = 'reserved'",
            (settlement.request_id, settlement.outcome, settlement.cost, time, settlement.call),
        )
        return
    cost = 0 if settlement.state is CallState.RELEASED else settlement.cost
    move(db, orjson.loads(call["scopes"]), call["day"], cost - call["granted"])
    db.execute("UPDATE jobs SET cost = cost + ? WHERE id = ?", (cost, call["job"]))
    db.execute(
        "UPDATE calls SET state = ?, cost = ?, input_tokens = ?, cached_tokens = ?, output_tokens = ?, "
        "reasoning_tokens = ?, request_id = coalesce(?, request_id), outcome = ?, updated = ? WHERE id = ?",
        (settlement.state, cost, settlement.input_tokens, settlement.cached_tokens, settlement.output_tokens,
         settlement.reasoning_tokens, settlement.request_id, settlement.outcome, time, settlement.call),
    )  # fmt: skip
    if settlement.state is not CallState.RELEASED:
        db.execute(
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?) "
            "ON CONFLICT (day, principal, project, vendor, model) DO UPDATE SET calls = calls + 1, "
            "input_tokens = input_tokens + excluded.input_tokens, "
            "cached_tokens = cached_tokens + excluded.cached_tokens, "
            "output_tokens = output_tokens + excluded.output_tokens, cost = cost + excluded.cost",
            (call["day"], call["principal"], call["project"], call["vendor"], call["model"],
             settlement.input_tokens, settlement.cached_tokens, settlement.output_tokens, cost),
        )  # fmt: skip


def held(db: Connection, scopes: Sequence[str], day: str) -> dict[str, int]:
    """Return what is spent and held on a day in each scope."""
    amounts = {}
    for scope in scopes:
        row = db.execute("SELECT amount FROM budgets WHERE scope = ? AND day = ?", (scope, day)).fetchone()
        amounts[scope] = row["amount"] if row else 0
    return amounts


def spending(db: Connection, principal: str | None, since: str) -> list[Spending]:
    """Return what was spent from a day on."""
    rows = db.execute(
        "SELECT * FROM spending WHERE day >= ?1 AND (?2 IS NULL OR principal = ?2) "
        "ORDER BY day, principal, project, vendor, model",
        (since, principal),
    )
    return [reading.spending(row) for row in rows]


def statement(db: Connection, principal: str, scopes: Sequence[str], day: str) -> Statement:
    """Return what a principal is told of its account."""
    running = db.execute(
        # Few run; the index by principal would be read whole, however many jobs there ever were.
        "SELECT count(*) AS running FROM jobs INDEXED BY jobs_running "
        "WHERE principal = ? AND status = 'running'",
        (principal,),
    ).fetchone()["running"]
    return Statement(held(db, scopes, day), spending(db, principal, day), running)


def _left(db: Connection, call: NewCall) -> dict[str, int]:
    taken = held(db, [limit.scope for limit in call.limits], call.day)
    return {limit.scope: max(0, limit.nano_usd - taken[limit.scope]) for limit in call.limits}
