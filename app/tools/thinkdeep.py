"""`thinkdeep`: one model thinks as hard as it can, and shows what its conclusion rests on."""

from app.providers.records import Effort
from app.tools.arguments import PromptArguments
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool
from app.tools.workflow import workflow

INSTRUCTIONS = """Think the problem through before you answer.
Write these parts, each as short as it can be and no shorter:
1. The problem as you understand it, with what is assumed and what is missing.
2. The possible answers, the unlikely ones too, with what speaks for and against each.
3. Where each would fail: edge cases, scale, time, people, cost, security.
4. Your conclusion, how sure you are in per cent, and what would change your mind.
5. What to do next, the cheapest test of the conclusion first.
If the question rests on a mistake, say so first. Do not agree out of politeness."""


class ThinkDeepArguments(PromptArguments):
    """What to think about."""


def thinkdeep_tool(consultations: Consultations) -> ModelTool[ThinkDeepArguments]:
    """Make the tool."""
    return workflow(
        consultations,
        name="thinkdeep",
        title="Think deeply",
        description="One model thinks as hard as it can about a hard or costly question and answers with "
        "assumptions, alternatives, failure cases, a conclusion and how sure it is. Takes minutes; dearer "
        "than chat.",
        arguments=ThinkDeepArguments,
        instructions=lambda _: INSTRUCTIONS,
        effort=Effort.MAX,
    )
