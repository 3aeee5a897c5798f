"""The version of this application, readable where the package is not installed but mounted."""

VERSION = "0.1.0"
"""Equal to `project.version` in pyproject.toml; a test compares them."""


def version_key(version: str) -> tuple[int, ...]:
    """Turn a dotted version into numbers that compare in order; `1.10.0` is after `1.9.0`.

    A suffix such as `rc1` is ignored.

    Raises:
        ValueError: when a part does not begin with a digit.
    """
    numbers = []
    for part in version.split(".")[:3]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits))
    return tuple(numbers)
