"""What stands under a constant of a module, which is how this code base says what a constant is."""

import ast
import inspect
from itertools import pairwise
from types import ModuleType


def under_constants(module: ModuleType, of: str | None = None) -> dict[str, str]:
    """Return the strings that follow assignments of a module, or of its class `of`, by the names assigned.

    Line breaks within a string become spaces.
    """
    body = ast.parse(inspect.getsource(module)).body
    if of is not None:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == of)
    found = {}
    for assigned, said in pairwise(body):
        match assigned, said:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found
