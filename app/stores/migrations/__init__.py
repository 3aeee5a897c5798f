"""Numbered SQL, expand first and contract later, and the rule that decides who may run on the result.

A file is `NNNN_name.sql`; its first line is `-- oldest application: X.Y.Z`, the oldest release that still
works on the schema after it. The previous release must always be at or above that mark, so that a
rollback works.
"""

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files

from msgspec import Struct

from app import contract
from app.stores.errors import SchemaTooNewError
from app.version import VERSION, version_key

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_HEADER = re.compile(r"-- oldest application: (\d+\.\d+\.\d+)\s*\n")


class Migration(Struct, frozen=True):
    """One step; `version` counts from 1 without gaps."""

    version: int
    name: str
    oldest_application: str
    sql: str


def load(dialect: str) -> tuple[Migration, ...]:
    """Read the migrations of `sqlite` or `postgres`, in order.

    Raises:
        ValueError: when a file has no header, or a number is missing or taken twice.
    """
    found = []
    for entry in (files(__name__) / dialect).iterdir():
        if match := _NAME.fullmatch(entry.name):
            sql = entry.read_text(encoding="utf-8")
            header = _HEADER.match(sql)
            if not header:
                raise ValueError(
                    f"{entry.name} does not begin with `-- oldest application: X.Y.Z`: add the line"
                )
            found.append(Migration(int(match[1]), match[2], header[1], sql))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(
            f"the {dialect} migrations are not numbered 1 to {len(found)} without gaps: renumber them"
        )
    return tuple(found)


def pending(migrations: Sequence[Migration], applied: Iterable[int]) -> list[Migration]:
    """Return what is still to be run, in order."""
    done = set(applied)
    return [migration for migration in migrations if migration.version not in done]


def script(migrations: Sequence[Migration]) -> str:
    """Return steps as one PostgreSQL script that a person runs whole, together with their bookkeeping.

    Run again it fails at its first statement that is done already, and changes nothing. PostgREST is told to
    look for new functions. Of no steps it is empty.
    """
    if not migrations:
        return ""
    steps = (
        f"{one.sql.rstrip()}\n\n"
        "INSERT INTO exai.schema_version (version, name, oldest_application, applied_by)\n"
        f"VALUES ({one.version}, '{one.name}', '{one.oldest_application}', '{VERSION}');\n"
        for one in migrations
    )
    header = f"-- {contract.NAME} {VERSION}, schema version {migrations[-1].version}\nBEGIN;\n"
    return "\n".join([header, *steps, "NOTIFY pgrst, 'reload schema';\nCOMMIT;\n"])


def check(
    applied: Sequence[tuple[int, str]], migrations: Sequence[Migration], application: str = VERSION
) -> int:
    """Return the schema's version, or refuse it; `applied` holds (version, oldest application) pairs.

    A schema that is newer than our migrations is fine as long as none of them demands a later application.

    Raises:
        SchemaTooNewError: when one does.
    """
    version = max((number for number, _ in applied), default=0)
    oldest = max((mark for _, mark in applied), key=version_key, default=application)
    if version > len(migrations) and version_key(application) < version_key(oldest):
        raise SchemaTooNewError(
            f"The database's schema has version {version}, which needs release {oldest} or later, "
            f"and this is {application}: start release {oldest}, "
            "or restore the backup made before it was installed."
        )
    return version
