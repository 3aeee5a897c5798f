"""`backup`: a consistent copy of what a stack keeps, while calls run."""

import datetime as dt
from pathlib import Path

from app import contract
from app.counted import counted
from app.version import VERSION
from infra import engine
from infra.site import GENERATED
from scripts.stack import parts
from scripts.stack.backup import archive, streams
from scripts.stack.backup.archive import Manifest, Part
from scripts.stack.backup.database import Database
from scripts.stack.cli import step
from scripts.stack.errors import StackError
from scripts.stack.session import Session

KEEP = 7
"""Backups that stay unless told otherwise."""
STAMP = "%Y-%m-%dT%H-%M-%SZ"


def backup(session: Session, into: Path | None, keep: int) -> int:
    """Write one more backup below `into`, and remove the oldest beyond `keep`."""
    if keep < 1:
        raise StackError("KEEP is a whole number of backups, 1 or more.")
    parts.require_engine()
    pulumi, site = session.open(), session.site
    database, server = Database.of(site), engine.healthy_one(site, contract.NAME)
    folder = into or site.root / GENERATED / "backups" / site.stack
    made = dt.datetime.now(dt.UTC).strftime(STAMP)
    partial, whole = folder / f"{made}{archive.PARTIAL}", folder / made
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial.mkdir(mode=0o700)
    with step("the database is dumped"):
        schema, before = database.schema, database.threads
        database.dump(partial / archive.DATABASE)
        # At least so many are in it, whatever is begun or deleted meanwhile.
        threads = min(before, database.threads)
    with step("the data volume is copied"):
        streams.save(partial / archive.DATA, server, "tar", "-C", contract.DATA_PATH, "-cf", "-", ".")
    with step("the state is exported"):
        state = partial / archive.STATE
        state.touch(mode=0o600)
        # As it is stored: secrets stay encrypted under the stack's passphrase.
        state.write_text(pulumi.ask("stack", "export"), encoding="utf-8")
    measured = {path.name: Part.of(path) for path in sorted(partial.iterdir())}
    Manifest(site.stack, made, VERSION, schema, threads, measured).write(partial)
    partial.rename(whole)
    for name, part in measured.items():
        print(f"  {name:<14} {part.bytes:>12,} bytes  sha256 {part.sha256[:16]}…")
    for gone in archive.rotate(folder, keep):
        print(f"  removed {gone.name} (KEEP={keep})")
    print(f"{whole} holds {counted(threads, 'thread')} of {site.stack}, as of schema {schema}.")
    return 0
