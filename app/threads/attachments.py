"""Files as a model is shown them: text inside the message, what it can see beside it, the rest by name."""

import hashlib
from collections.abc import Mapping, Sequence

from app.providers.records import Model
from app.providers.requests import Media
from app.stores.records import File

_TEXTUAL = ("text/", "application/json", "application/xml", "application/toml", "application/yaml")


def is_text(media_type: str) -> bool:
    """Whether a file of this type is shown as text."""
    return media_type.startswith(_TEXTUAL)


def kind_of(media_type: str) -> str:
    """Return what a model must be able to see to be shown such a file: text, image, video or file."""
    if is_text(media_type):
        return "text"
    kind = media_type.partition("/")[0]
    return kind if kind in ("image", "video") else "file"


def reading_id(file_id: str) -> str:
    """Return the id of the file that holds the text of a document, made from the document's own."""
    return hashlib.sha256(f"the text of {file_id}".encode()).hexdigest()


def as_shown(
    prompt: str, ids: Sequence[str], files: Mapping[str, File], model: Model
) -> tuple[str, tuple[Media, ...]]:
    """Return a prompt with its files' text in front, and the media this model can see.

    A document, and what the model cannot see, is shown as what was read of it, if `files` holds that. Else it
    is named, so that nobody guesses at it; a file that is gone is named too.
    """
    blocks: list[str] = []
    media: list[Media] = []
    for file_id in ids:
        file, reading = files.get(file_id), files.get(reading_id(file_id))
        seen = file is not None and kind_of(file.media_type) in {"image", "video"} & set(model.media)
        if reading is not None and not seen:
            file = reading
        if file is None or file.content is None:
            blocks.append(f"[A file that was here has been removed: {file_id[:12]}]")
        elif is_text(file.media_type):
            blocks.append(fenced(file.name, file.content.decode("utf-8", "replace")))
        elif kind_of(file.media_type) in model.media:
            media.append(Media(file.media_type, file.content, file.name))
        else:
            blocks.append(f"[{file.name} ({file.media_type}) is attached, and {model.id} cannot see it]")
    return "\n\n".join([*blocks, prompt]), tuple(media)


def fenced(name: str, text: str) -> str:
    """Mark text as the content of a file, so that it is read as data and not as a message.

    Text that holds the closing mark itself gets marks that it does not hold.
    """
    safe = name.replace('"', "'").replace("\n", " ")
    mark = f' mark="{hashlib.sha256(text.encode()).hexdigest()[:12]}"' if "</file" in text else ""
    return f'<file name="{safe}"{mark}>\n{text}\n</file{mark}>'
