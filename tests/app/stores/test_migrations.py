"""The migrations on disk are in order, and both dialects have the same steps."""

import pytest

from app.stores import SchemaTooNewError, migrations
from app.version import VERSION, version_key


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_every_migration_admits_this_release(dialect: str) -> None:
    found = migrations.load(dialect)

    assert found
    assert all(version_key(migration.oldest_application) <= version_key(VERSION) for migration in found)


def test_both_dialects_have_the_same_steps() -> None:
    sqlite, postgres = (
        [(migration.version, migration.name) for migration in migrations.load(dialect)]
        for dialect in ("sqlite", "postgres")
    )
    assert sqlite == postgres


@pytest.mark.parametrize(
    ("applied", "refused"),
    [([], False), ([(1, "0.1.0")], False), ([(1, "0.1.0"), (99, "0.1.0")], False), ([(99, "0.10.0")], True)],
)
def test_only_the_mark_decides_who_may_run(applied: list[tuple[int, str]], *, refused: bool) -> None:
    steps = migrations.load("sqlite")
    if refused:
        with pytest.raises(SchemaTooNewError):
            migrations.check(applied, steps, "0.9.0")
    else:
        assert migrations.check(applied, steps, "0.9.0") == max((number for number, _ in applied), default=0)
