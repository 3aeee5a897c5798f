"""What would keep an update waiting for the program, and is needed by nobody (ADR 32)."""

import atexit
import gc
from typing import Any

import pulumi


def keep_pace() -> None:
    """Leave out what the SDK says to nobody, and the search for cycles at Python's end.

    The SDK tells the engine of its every step: over two hundred calls in an update of thirty resources, each
    waited for. Only `--debug` shows them, and still shows what the engine and the provider say.
    """
    pulumi.log.debug = _unsaid
    # Python would look through all that was imported before it ends, and the update is over only then.
    atexit.register(gc.freeze)


def _unsaid(*_: Any, **__: Any) -> None:
    """Take what `pulumi.log.debug` takes."""
