"""Long texts in parts: clients cut off or refuse what is long, and then nobody knows that there was more."""

PAGE_BYTES = 32 * 1024
"""About 8,000 tokens, in any language: clients warn at 10,000 and cut at 25,000."""

SOFT_SHARE = 0.75
"""A part may end this early if a paragraph or a line does."""


def pages(text: str, size: int = PAGE_BYTES) -> list[str]:
    """Split a text into parts of at most `size` bytes in UTF-8, between paragraphs or lines where that goes.

    Joined, the parts are the text.
    """
    parts: list[str] = []
    rest = text
    while len(rest) * 4 > size and len(encoded := rest.encode("utf-8", "surrogatepass")) > size:
        part = encoded[:size].decode("utf-8", "ignore")
        soft = int(len(part) * SOFT_SHARE)
        for end in ("\n\n", "\n", " "):
            at = part.rfind(end, soft)
            if at >= 0:
                part = part[: at + len(end)]
                break
        parts.append(part)
        rest = rest[len(part) :]
    return [*parts, rest] if rest or not parts else parts


def page(text: str, number: int, rest: str) -> str:
    """Return one part of a text; if there are several, with a line that says so and how to get the `rest`.

    A number past the last part is the last part. `rest` may hold `{page}`, the number of the next one.
    """
    parts = pages(text)
    number = min(max(number, 1), len(parts))
    part = parts[number - 1]
    if len(parts) == 1:
        return part
    told = f"[Part {number} of {len(parts)}."
    told += f" The next: {rest.format(page=number + 1)}]" if number < len(parts) else " This is the end.]"
    return f"{part.rstrip()}\n\n{told}"
