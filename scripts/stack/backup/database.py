"""The stack's own PostgreSQL: dumped and restored by its own programs, inside its own container."""

from dataclasses import dataclass
from pathlib import Path

from app import contract
from infra import engine
from infra.engine import EngineError
from infra.site import Site
from scripts.stack.backup import streams
from scripts.stack.errors import StackError

SCHEMA = "exai"
OWNER = ("--username", contract.POSTGRES_USER, "--dbname", contract.POSTGRES_DATABASE)
DUMP = ("pg_dump", *OWNER, "--schema", SCHEMA, "--format=custom", "--no-owner", "--no-privileges")
"""One snapshot: calls that run meanwhile are in it whole or not at all."""
RESTORE = ("pg_restore", *OWNER, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
ASIDE = f"{SCHEMA}_before_restore"
"""Where what was there waits until the restored is whole."""
STATEMENT_SECONDS = 300.0
QUERY = ("psql", *OWNER, "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command")


@dataclass(frozen=True)
class Database:
    """The healthy container that it is in."""

    container: str

    @classmethod
    def of(cls, site: Site) -> "Database":
        """Find it.

        Raises:
            StackError: there is none on this engine.
        """
        try:
            return cls(engine.healthy_one(site, contract.POSTGRES_SERVICE))
        except EngineError as error:
            raise StackError(f"{error} If the stack is down, `{site.make('up')}` brings it up.") from None

    def number(self, query: str) -> int:
        """Ask for one number."""
        return int(engine.ask("exec", self.container, *QUERY, query).strip() or 0)

    @property
    def schema(self) -> int:
        """The version of the schema; 0 where there is none yet."""
        if not self.number(f"SELECT count(*) FROM pg_tables WHERE schemaname = '{SCHEMA}'"):  # noqa: S608 - a constant
            return 0
        return self.number(f"SELECT coalesce(max(version), 0) FROM {SCHEMA}.schema_version")  # noqa: S608 - as above

    @property
    def threads(self) -> int:
        """How many threads it holds."""
        return self.number(f"SELECT count(*) FROM {SCHEMA}.threads") if self.schema else 0  # noqa: S608 - as above

    def dump(self, path: Path) -> None:
        """Write everything that is kept, as of one moment."""
        streams.save(path, self.container, *DUMP)

    def restore(self, path: Path) -> None:
        """Put a dump in the place of what is there, which comes back if the dump does not go in whole.

        Raises:
            StackError: it did not.
        """
        there = self.schema > 0
        if there:
            self._do(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE; ALTER SCHEMA {SCHEMA} RENAME TO {ASIDE}")
        try:
            streams.feed(path, self.container, *RESTORE)
        except StackError:
            if there:
                self._do(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; ALTER SCHEMA {ASIDE} RENAME TO {SCHEMA}")
            raise
        if there:
            self._do(f"DROP SCHEMA {ASIDE} CASCADE")

    def _do(self, statements: str) -> None:
        engine.ask("exec", self.container, *QUERY, statements, seconds=STATEMENT_SECONDS)
