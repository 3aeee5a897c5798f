"""Logins of the stores, given to them from outside while they run: a new password restarts nothing.

The stores hold no secret of the stack. Their own passwords are ones that nobody knows, and each has room for
the password of yesterday beside that of today, because servers of both run while an update goes on.
Everything is said to a store over standard input inside its container: nothing is on a command line, in a log
or in a file of ours.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pulumi

from app import contract
from infra import engine
from infra.secret import Credentials
from infra.settings import Settings
from infra.site import Site
from infra.workload import Running

PASSING_SECONDS = 900
"""How long a password still opens the door after an update has replaced it: longer than a server may
drain."""
READY_SECONDS = 60
"""For a store that is being started again by its engine just now."""
POLL_SECONDS = 0.5
DIGITS = 8

_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1")
_AS_OWNER = ("--username", contract.POSTGRES_USER, contract.POSTGRES_DATABASE)
_GIVE_SQL = """
-- A statement that fails is not written to the log: it holds the password.
SET log_min_error_statement TO panic;
SELECT format('CREATE ROLE %I IN ROLE %I', :'login', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \\gexec
ALTER ROLE :"login" WITH LOGIN PASSWORD :'password' VALID UNTIL 'infinity';
-- Whatever it makes belongs to the owner, so that the next login finds it its own.
ALTER ROLE :"login" SET role TO :'owner';
"""
_RETIRE_SQL = """
SELECT format('ALTER ROLE %I VALID UNTIL %L', rolname, now() + :'seconds' * interval '1 second')
  FROM pg_authid
  WHERE rolcanlogin AND rolpassword IS NOT NULL AND rolname <> :'login'
    AND (rolvaliduntil IS NULL OR rolvaliduntil = 'infinity') \\gexec
"""
_REDIS = f'export REDISCLI_AUTH="$(cat {contract.REDIS_PASSWORD_PATH})"; redis-cli -e'
_USER = f"ACL SETUSER {contract.REDIS_USER}"
_RIGHTS = "on '~*' '&*' +@all -@admin"


def postgres_login(password: str) -> str:
    """Name the role that has this password: each has a role of its own, since a role has only one."""
    return f"{contract.POSTGRES_USER}_{hashlib.sha256(password.encode()).hexdigest()[:DIGITS]}"


def postgres_give(container: str, password: str) -> None:
    """Let this password in.

    Raises:
        EngineError: the database could not be asked, or refused.
    """
    values = {"login": postgres_login(password), "owner": contract.POSTGRES_USER, "password": password}
    _sql(container, values, _GIVE_SQL)


def postgres_retire(container: str, password: str) -> None:
    """Give every other password an end; what is connected by then stays."""
    _sql(container, {"login": postgres_login(password), "seconds": str(PASSING_SECONDS)}, _RETIRE_SQL)


def redis_give(container: str, password: str) -> None:
    """Let this password in."""
    script = f"{_REDIS} -x {_USER} {_RIGHTS} && redis-cli -e ACL SAVE"
    _shell(container, script, f"#{_digest(password)}")


def redis_retire(container: str, password: str) -> None:
    """Give every other password an end, if there is one, by a process that waits inside the container."""
    script = (
        f"{_REDIS} ACL GETUSER {contract.REDIS_USER} | grep -cE '^[0-9a-f]{{64}}$' | grep -qx 1 && exit; "
        f"sleep {PASSING_SECONDS}; "
        f"redis-cli -e {_USER} resetpass '#{_digest(password)}' && redis-cli -e ACL SAVE"
    )
    engine.ask("exec", "--detach", container, "sh", "-c", script)


def once_open(store: Running, url: str, open_up: Callable[[], Awaitable[None]]) -> pulumi.Output[str]:
    """Return the URL of a store, known once the store has been opened to its password.

    A plan opens nothing and knows the URL at once: or whatever reads it would seem to change with the store.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(url)

    async def opened(_: str) -> str:
        await open_up()
        return url

    return store.id.apply(opened)


async def assured(give: Callable[[str, str], None], site: Site, service: str, password: str) -> None:
    """Make sure of a login as soon as the store is healthy.

    Raises:
        pulumi.RunError: the store could not be asked, or refused.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            container = await asyncio.to_thread(engine.healthy_one, site, service)
            await asyncio.to_thread(give, container, password)
        except engine.EngineError as error:
            if time.monotonic() > deadline:
                raise pulumi.RunError(f"{service} did not take the server's password. {error}") from error
        else:
            return
        await asyncio.sleep(POLL_SECONDS)


async def retire(site: Site, settings: Settings, credentials: Credentials) -> None:
    """Give the passwords before the present ones an end, in the stores that this stack runs."""
    stores = {
        "postgres": (contract.POSTGRES_SERVICE, postgres_retire),
        "redis": (contract.REDIS_SERVICE, redis_retire),
    }
    for store, (service, end) in stores.items():
        if store in settings.external:
            continue
        try:
            container = await asyncio.to_thread(engine.healthy_one, site, service)
            await asyncio.to_thread(end, container, credentials.text(f"{store}_password"))
        except engine.EngineError as error:
            pulumi.log.warn(f"A former password of {service} stays valid until the next update. {error}")


def in_url(password: str) -> str:
    """Write a password as a URL needs it."""
    return quote(password, safe="")


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _sql(container: str, values: dict[str, str], statements: str) -> None:
    sets = "".join(f"\\set {name} {_quoted(text)}\n" for name, text in values.items())
    engine.ask("exec", "--interactive", container, *_PSQL, *_AS_OWNER, text=f"{sets}{statements}")


def _quoted(text: str) -> str:
    """Quote for a variable of psql, which knows C's escapes and the doubled quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _shell(container: str, script: str, text: str) -> None:
    engine.ask("exec", "--interactive", container, "sh", "-c", script, text=text)
