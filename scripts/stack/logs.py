"""`logs`: what the stack's containers say, each line with the name of who said it."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence

from infra.site import Site
from scripts.stack import parts
from scripts.stack.errors import StackError
from scripts.stack.session import Session

LINE_BYTES = 1 << 20
"""A longer line is cut in pieces."""


def logs(session: Session, *, service: str | None, tail: int, follow: bool) -> int:
    """Show the last lines, and go on until Ctrl-C if `follow`."""
    parts.require_engine()
    speakers = _speakers(session.site, service)
    if not speakers:
        raise StackError(
            f"No container of the stack {session.file.stack} is there: "
            f"`{session.site.make('up')}` makes them."
        )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_all(speakers, tail=tail, follow=follow))
    return 0


def _speakers(site: Site, service: str | None) -> Mapping[str, Sequence[str]]:
    """Name who speaks, with the arguments that let them: services on every machine, and containers here."""
    wanted = None if service is None else site.container(service)
    services = [one.name for one in parts.services(site) if wanted in {None, one.name}]
    containers = [one.name for one in parts.beside(site) if service in {None, one.service}]
    return dict.fromkeys(services, ("service", "logs", "--raw")) | dict.fromkeys(containers, ("logs",))


async def _all(speakers: Mapping[str, Sequence[str]], *, tail: int, follow: bool) -> None:
    width = max(len(name) for name in speakers)
    flags = ("--tail", str(tail), *(["--follow"] if follow else []))
    await asyncio.gather(*(_one(name, (*how, *flags), width) for name, how in speakers.items()))


async def _one(name: str, arguments: Sequence[str], width: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "docker",
        *arguments,
        name,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None  # noqa: S101 - asked for with PIPE just above
    while piece := await process.stdout.read(LINE_BYTES):
        for line in piece.decode(errors="replace").splitlines():
            sys.stdout.write(f"{name:<{width}} | {line}\n")
        sys.stdout.flush()
    await process.wait()
