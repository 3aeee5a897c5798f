"""`debug`: from a symptom to its cause, by hypotheses that can be tested."""

from app.tools.arguments import PromptArguments
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool
from app.tools.workflow import workflow

INSTRUCTIONS = """Find the cause of the failure that is described; the code and the logs are the evidence.
1. Restate what happens, what should happen, and since when or under what condition.
2. List the hypotheses, the likeliest first. For each: what in the material speaks for it (quote it), what
speaks against it, and one observation or command that would decide.
3. Follow the likeliest to the root: not the line that throws, but why it is reached with that state.
4. Give the mend, a test that fails without it, and what else the same cause may have broken.
If the material does not suffice, say exactly what to look at next instead of guessing."""


class DebugArguments(PromptArguments):
    """What fails."""


def debug_tool(consultations: Consultations) -> ModelTool[DebugArguments]:
    """Make the tool."""
    return workflow(
        consultations,
        name="debug",
        title="Debug",
        description="Finds the cause of a failure from symptom, code and logs: ranked hypotheses with "
        "evidence, how to decide between them, the mend and a test. Say what happens, what should, and what "
        "was tried; go on in the thread with what you find.",
        arguments=DebugArguments,
        instructions=lambda _: INSTRUCTIONS,
    )
