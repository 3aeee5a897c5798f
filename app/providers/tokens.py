"""How many tokens a request has, before a vendor counts them: a true upper bound, and an estimate.

The bound is what money is reserved by. Both vendors' tokenizers work on bytes, so a text never has more
tokens than UTF-8 bytes; what the chat template adds is bounded by constants; an image is counted by the
finest grid that is documented; and no prompt is longer than its model's context, since the vendor refuses it.
"""

from collections.abc import Iterable

import orjson
from msgspec import structs

from app.providers import dialect
from app.providers.image_size import size_of
from app.providers.requests import Media, Message, Request

PER_MESSAGE = 32
"""Role marks and separators of the chat templates; the open models of both vendors use fewer than ten."""
PER_REQUEST = 64
"""The template's own beginning and end."""
FOR_FUNCTIONS = 1024
"""What the template says about functions beside their definitions."""

PATCH_PIXELS = 14
"""One token for each 14 x 14 pixels of an image: docs.baseten.co says so of Kimi K2.5 and K2.6. The vendor
itself documents no formula (platform.kimi.ai, vision), and merging patches can only make it fewer."""
LEAST_IMAGE_TOKENS = 2048
"""Small pictures are enlarged first, and older vision models of GLM count 1,600 for each, however small."""
UNKNOWN_IMAGE_TOKENS = 65_536
"""Of an image whose size cannot be read, and of a video or a file, where the model states no context."""

_ASCII_PER_TOKEN = 4.0
_OTHER_PER_TOKEN = 1.2
"""Characters a token, as people count for both vendors: English about four, Chinese one to two."""


def most_input(request: Request) -> int:
    """Return how many tokens the prompt can have at most."""
    text = sum(_most(message) for message in _sent(request)) + PER_REQUEST
    if request.functions:
        text += FOR_FUNCTIONS + sum(_bytes(orjson.dumps(f.parameters)) for f in request.functions)
        text += sum(_bytes(f.name) + _bytes(f.description) + PER_MESSAGE for f in request.functions)
    if request.json_schema is not None:
        text += _bytes(orjson.dumps(request.json_schema)) + FOR_FUNCTIONS
    media = sum(_most_of(medium, request) for message in request.messages for medium in message.media)
    context = request.model.context
    return min(text + media, context) if context else text + media


def estimate(request: Request) -> int:
    """Return about how many tokens the prompt has, for fitting a conversation into a context."""
    texts: list[str] = []
    for message in _sent(request):
        texts += _texts(message)
    texts += [orjson.dumps(function.parameters).decode() for function in request.functions]
    media = sum(_most_of(medium, request) // 4 for message in request.messages for medium in message.media)
    return estimate_text("".join(texts)) + media + 8 * len(request.messages)


def estimate_text(text: str) -> int:
    """Return about how many tokens a text has."""
    ascii_characters = len(text.encode("ascii", "ignore"))
    return round(ascii_characters / _ASCII_PER_TOKEN + (len(text) - ascii_characters) / _OTHER_PER_TOKEN)


def most_tokens(text: str) -> int:
    """Return how many tokens a text can have at most: its bytes in UTF-8."""
    return _bytes(text)


def _sent(request: Request) -> Iterable[Message]:
    """Return the messages with what is really sent of them: reasoning is replayed to some models only."""
    for message in request.messages:
        dropped = message.reasoning is not None and not dialect.replays(message, request)
        yield structs.replace(message, reasoning=None) if dropped else message


def _texts(message: Message) -> list[str]:
    calls = [text for call in message.tool_calls for text in (call.id, call.name, call.arguments)]
    return [message.text, message.reasoning or "", message.tool_call or "", *calls]


def _most(message: Message) -> int:
    return PER_MESSAGE + sum(map(_bytes, _texts(message))) + PER_MESSAGE * len(message.tool_calls)


def _most_of(medium: Media, request: Request) -> int:
    size = size_of(medium.content) if medium.media_type.startswith("image/") else None
    if size is None:
        return request.model.context or UNKNOWN_IMAGE_TOKENS
    width, height = size
    patches = -(-width // PATCH_PIXELS) * -(-height // PATCH_PIXELS)
    return max(patches, LEAST_IMAGE_TOKENS) + PER_MESSAGE


def _bytes(text: str | bytes) -> int:
    return len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
