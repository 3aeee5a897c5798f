"""A number with its noun, as sentences that a person reads count things."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return `1 call`, `2 calls`, `1,200 calls`; `many` where the plural is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
