"""`logs`: what the stack's containers say, each line with its container's name."""

import asyncio
import contextlib
import sys

from scripts.stack import parts
from scripts.stack.errors import StackError
from scripts.stack.session import Session

LINE_BYTES = 1 << 20
"""A longer line is cut in pieces."""


def logs(session: Session, *, service: str | None, tail: int, follow: bool) -> int:
    """Show the last lines, and go on until Ctrl-C if `follow`."""
    parts.require_engine()
    names = [one.name for one in parts.containers(session.site)]
    if service:
        names = [name for name in names if name == session.site.container(service)]
    if not names:
        raise StackError(
            f"No container of the stack {session.file.stack} is there: "
            f"`{session.site.make('up')}` makes them."
        )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_all(names, tail=tail, follow=follow))
    return 0


async def _all(names: list[str], *, tail: int, follow: bool) -> None:
    width = max(len(name) for name in names)
    await asyncio.gather(*(_one(name, width, tail=tail, follow=follow) for name in names))


async def _one(name: str, width: int, *, tail: int, follow: bool) -> None:
    arguments = ["logs", "--tail", str(tail), *(["--follow"] if follow else []), name]
    process = await asyncio.create_subprocess_exec(
        "docker",
        *arguments,
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
