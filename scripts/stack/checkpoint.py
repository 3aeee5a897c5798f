"""A checkpoint of the file backend that was cut off while it was written, and the one before it."""

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.contract import NAME
from scripts.stack.errors import StackError


def mend_torn(backend: str, stack: str) -> bool:
    """Put the last whole checkpoint in the place of a torn one; return whether that was needed.

    Pulumi copies the checkpoint to `.bak` before it writes the next, and keeps a file of attributes beside
    each; whoever is killed in between leaves one that is no JSON. Attributes are dispensable; what a lost
    step did is found by the refresh of the next update.

    Raises:
        StackError: neither is whole.
    """
    if not backend.startswith("file://"):
        return False
    folder = Path(unquote(urlsplit(backend).path)) / ".pulumi" / "stacks" / NAME
    checkpoint = folder / f"{stack}.json"
    backup = checkpoint.with_name(f"{checkpoint.name}.bak")
    attributes = _drop_torn_attributes(checkpoint) | _drop_torn_attributes(backup)
    if not checkpoint.is_file() or _whole(checkpoint):
        return attributes
    if not (backup.is_file() and _whole(backup)):
        raise StackError(
            f"The state of {stack} was cut off while it was written, and so was the copy before it: restore "
            f"{checkpoint} from a backup (.pulumi/backups beside it keeps one of each update)."
        )
    shutil.copyfile(backup, checkpoint)
    return True


def _drop_torn_attributes(file: Path) -> bool:
    attributes = file.with_name(f"{file.name}.attrs")
    if not attributes.is_file() or _whole(attributes):
        return False
    attributes.unlink()
    return True


def _whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True
