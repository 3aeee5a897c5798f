"""`restore`: a backup put back into a stack that is up, on this machine or another."""

import os
import time
from pathlib import Path

from app import contract
from app.counted import counted
from app.stores import migrations
from infra import engine
from infra.site import Site
from scripts.stack import parts
from scripts.stack.backup import archive, streams
from scripts.stack.backup.archive import Manifest
from scripts.stack.backup.database import Database
from scripts.stack.cli import step
from scripts.stack.errors import StackError
from scripts.stack.session import Session

VERIFY = ("python", "-m", "app", "audit", "verify")
VERIFY_SECONDS = 600.0
RESTART_SECONDS = 300.0


def restore(session: Session, folder: Path) -> int:
    """Check a backup, put it back, and check what was put back; only a whole backup changes anything."""
    parts.require_engine()
    site, manifest = session.site, Manifest.read(folder)
    with step("the backup is checked"):
        manifest.check(folder)
    newest = len(migrations.load("postgres"))
    if manifest.schema > newest:
        raise StackError(
            f"{folder} has schema {manifest.schema} of release {manifest.release}, and this checkout knows "
            f"{newest}: restore it with that release, then update."
        )
    database, server = Database.of(site), engine.healthy_one(site, contract.NAME)
    if there := database.threads:
        if os.environ.get("FORCE") != "1":
            raise StackError(
                f"The stack {site.stack} holds {counted(there, 'thread')}, which a restore would replace: "
                "restore into a fresh stack, or set FORCE=1 to mean it."
            )
        session.confirm(f"Replace {counted(there, 'thread')} of {site.stack} by those of {manifest.made}?")
    began = time.monotonic()
    with step("the database is restored"):
        database.restore(folder / archive.DATABASE)
    with step("the data volume is restored"):
        streams.feed(folder / archive.DATA, server, "tar", "-C", contract.DATA_PATH, "-xf", "-")
    if manifest.schema < newest:
        with step("the server is started again, which brings the schema up to date"):
            _start_again(site)
            server = engine.healthy_one(site, contract.NAME)
    with step("what was restored is checked"):
        said = engine.ask("exec", server, *VERIFY, seconds=VERIFY_SECONDS)
        found = database.threads
    print(said, end="")
    if found < manifest.threads:
        raise StackError(
            f"{found:,} of {counted(manifest.threads, 'thread')} came back: the backup is whole, so look at "
            "the database's log."
        )
    print(
        f"{counted(found, 'thread')} came back and the audit log is whole, in "
        f"{time.monotonic() - began:.1f} s. The state in {archive.STATE} was left "
        "alone: `pulumi stack import` takes it."
    )
    return 0


def _start_again(site: Site) -> None:
    names = [one.name for one in parts.services(site) if one.name == site.container(contract.NAME)]
    if names:
        engine.ask("service", "update", "--force", "--quiet", *names, seconds=RESTART_SECONDS)
        return
    for one in engine.of_stack(site, contract.NAME):
        engine.ask("restart", one.id, seconds=RESTART_SECONDS)
        _until_healthy(one.id)


def _until_healthy(container: str) -> None:
    deadline = time.monotonic() + RESTART_SECONDS
    while engine.health(container) != "healthy":
        if time.monotonic() > deadline:
            raise StackError(
                f"The server is not healthy {RESTART_SECONDS:g} s after its restart: see its logs."
            )
        time.sleep(0.5)
