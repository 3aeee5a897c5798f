"""The places of a page that are written from the code, between two comments that name what stands there."""

import re
from collections.abc import Callable, Mapping

BLOCK = re.compile(r"(<!-- ([a-z_-]+): written by make reference -->\n).*?(<!-- end -->)", re.DOTALL)
END = "<!-- end -->"

Sources = Mapping[str, Callable[[], str]]
"""What stands in each block, by its name; a text ends with a line break."""


def names(page: str) -> list[str]:
    """Return the names of a page's blocks, in their order."""
    return [name for _, name, _ in BLOCK.findall(page)]


def written(page: str, sources: Sources) -> str:
    """Return the page with every block as the code has it now; what is between them stays.

    Raises:
        KeyError: a block of this name is not known.
    """
    return BLOCK.sub(lambda found: f"{found[1]}{sources[found[2]]()}{found[3]}", page)


def table(*rows: tuple[str, ...]) -> str:
    """Return a table, the first row being its head. A bar within a cell is escaped."""
    head, *body = (tuple(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *body))
