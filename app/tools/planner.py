"""`planner`: from a goal to steps that can be done and checked."""

from app.tools.arguments import PromptArguments
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool
from app.tools.workflow import workflow

INSTRUCTIONS = """Make a plan for the goal that is described.
Begin with the goal in one sentence, what is out of scope, and the assumptions that the plan stands on.
Then the steps in order. Each one: what is done, what it needs, what exists afterwards, how one sees that it
worked, and how to go back. Each leaves things working. Put what could end the plan first.
Name the decisions that are still open, with your recommendation for each, and the risks with what would show
them early. Say which steps can go on at once.
If the thread holds an earlier plan, change that one and say what changed and why, and do not begin anew."""


class PlannerArguments(PromptArguments):
    """What to plan."""


def planner_tool(consultations: Consultations) -> ModelTool[PlannerArguments]:
    """Make the tool."""
    return workflow(
        consultations,
        name="planner",
        title="Planner",
        description="Turns a goal into a plan: ordered steps with checks and ways back, open decisions, "
        "risks. Go on in the thread to revise it.",
        arguments=PlannerArguments,
        instructions=lambda _: INSTRUCTIONS,
    )
