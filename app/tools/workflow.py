"""Tools that are one question with instructions of their own: what they share."""

from collections.abc import Callable
from typing import TypeVar

from app.protocol.tools import Call
from app.providers.records import Effort
from app.tools.arguments import PromptArguments
from app.tools.consultation import MATERIAL, Consultation
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool, Plan

A = TypeVar("A", bound=PromptArguments)


def workflow(
    consultations: Consultations,
    *,
    name: str,
    title: str,
    description: str,
    arguments: type[A],
    instructions: Callable[[A], str],
    effort: Effort = Effort.HIGH,
) -> ModelTool[A]:
    """Make such a tool; `effort` is meant where the caller names none."""

    async def plan(call: Call, given: A) -> Plan:
        consultation = Consultation(
            name, f"{MATERIAL}\n\n{instructions(given)}", given.prompt, given, given.given, effort
        )
        return await consultations.plan(call, consultation)

    return ModelTool(name, title, description, arguments, plan)
