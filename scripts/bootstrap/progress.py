"""What a person sees of slow work: a line at the start, signs of life, the seconds at the end."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.bootstrap.machine import last_line
from scripts.bootstrap.refusal import Refusal

TERMINAL_TICK_SECONDS = 1.0
LOG_TICK_SECONDS = 30.0
STOP_SECONDS = 10.0
"""How long a program that we end may take before it is killed."""


def say(text: str) -> None:
    """Print one line for a person. Never to stdout: `eval "$(make -s env)"` reads that."""
    print(text, file=sys.stderr, flush=True)


def _tick(done: threading.Event, title: str, start: float, now: Callable[[], str]) -> None:
    terminal = sys.stderr.isatty()
    while not done.wait(TERMINAL_TICK_SECONDS if terminal else LOG_TICK_SECONDS):
        seconds = time.monotonic() - start
        if terminal:
            print(f"\r\033[K  … {seconds:.0f} s {now()}", end="", file=sys.stderr, flush=True)
        else:
            say(f"  … {title}: {seconds:.0f} s so far {now()}".rstrip())
    if terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def step(title: str, about: str, now: Callable[[], str] = str) -> Iterator[None]:
    """Announce a step, show that it lives, and say how long it took.

    `about` is what the first time costs, `now` says what is being done at the moment.
    """
    say(f"• {title} ({about})")
    start = time.monotonic()
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(done, title, start, now), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
        ticker.join()
    say(f"  done in {time.monotonic() - start:.1f} s")


def run(
    command: Sequence[str],
    *,
    what: str,
    remedy: str,
    log: Path,
    timeout: float,
    environ: Mapping[str, str],
    cwd: Path | None = None,
) -> None:
    """Run a program into a log file, within `timeout` seconds.

    Raises:
        Refusal: it failed, was not there or took too long; one sentence names the remedy and the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(command)}\n".encode())
        sink.flush()
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=dict(environ), cwd=cwd
            )
        except OSError as error:
            raise Refusal(
                f"{what} failed, because {command[0]} cannot be started ({error}): {remedy}."
            ) from error
        try:
            code = child.wait(timeout)
        except subprocess.TimeoutExpired:
            _end(child)
            raise Refusal(
                f"{what} took longer than {timeout:.0f} s and was ended: {remedy}; its log is {log}."
            ) from None
        except BaseException:
            _end(child)
            raise
    if code != 0:
        why = last_line([log.read_text(errors="replace")]) or f"exit code {code}"
        raise Refusal(f"{what} failed ({why}): {remedy}; its log is {log}.")


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
