"""The policy pack, as every plan and update that the verbs make is given it."""

from collections.abc import Sequence

from scripts.stack.stackfile import StackFile

EXECUTABLE = "policy/run"
DEVELOPMENT = "policy/development.json"


def flags(stack: StackFile) -> Sequence[str]:
    """Return the arguments for Pulumi: absolute paths, as it looks for relative ones nowhere.

    Development is let off what its configuration names; every other stack is bound by all of it.
    """
    pack = ("--policy-pack", str(stack.root / EXECUTABLE))
    return pack if stack.is_production else (*pack, "--policy-pack-config", str(stack.root / DEVELOPMENT))
