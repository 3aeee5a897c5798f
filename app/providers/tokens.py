"""How many tokens a request has: an upper bound for money, an estimate for what fits."""

from app.providers.requests import Message, Request

PER_MESSAGE = 16
"""Tokens that the form of one message takes beside its text, at most."""
MEDIA_TOKENS = 4_096


def upper_bound(request: Request) -> int:
    """Return a figure that the vendor will not exceed: no token is shorter than a byte."""
    return sum(
        len(m.text.encode()) + len((m.reasoning or "").encode()) + PER_MESSAGE + MEDIA_TOKENS * len(m.media)
        for m in request.messages
    )


def estimate(request: Request) -> int:
    """Return about what the vendor will count."""
    return sum(map(of_message, request.messages))


def of_message(message: Message) -> int:
    """Return about what one message counts."""
    return (
        of_text(message.text)
        + of_text(message.reasoning or "")
        + PER_MESSAGE
        + MEDIA_TOKENS * len(message.media)
    )


def of_text(text: str) -> int:
    """Return about what a text counts: four Latin letters a token, or one and a half other characters."""
    ascii_count = len(text.encode("ascii", "ignore"))
    return (ascii_count + 3) // 4 + (len(text) - ascii_count) * 2 // 3
