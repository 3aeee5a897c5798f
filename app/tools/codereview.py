"""`codereview`: findings about code, the gravest first, each with its place and its mend."""

from typing import Literal

from pydantic import Field

from app.tools.arguments import PromptArguments
from app.tools.consultations import Consultations
from app.tools.model_tool import ModelTool
from app.tools.workflow import workflow

Focus = Literal["quality", "security", "performance", "refactor", "tests"]

LOOKS: dict[Focus, str] = {
    "quality": "Look for what is wrong or will be: bugs, unhandled cases, races, leaks, wrong or missing "
    "error handling, misleading names, contracts that callers break, documentation that lies.",
    "security": "Look for what an attacker could use: injection of any kind, missing or wrong authorization, "
    "secrets in code or logs, path and URL tricks, unsafe parsing, weak or home-made cryptography, resource "
    "exhaustion, what dependencies bring in. Say for each who could use it, how, and what they would gain.",
    "performance": "Look for what costs time, memory or money as the load grows: complexity, work in loops, "
    "blocking calls, round trips, copies, missing bounds, caches that lie. Give the order of growth, and how "
    "to measure it.",
    "refactor": "Look for structure that makes the next change hard: mixed responsibilities, duplication, "
    "special cases that want a mechanism, wrong direction of dependencies, dead code. Give steps that each "
    "leave it working.",
    "tests": "Look at what is not tested and what the tests would not notice: branches, errors, boundaries, "
    "concurrency, tests that assert nothing or depend on time. Write the most valuable missing tests in "
    "full.",
}
"""What each focus asks the reviewer to look for."""

INSTRUCTIONS = """Review the code that was given: it stands in the files or in the message, perhaps as a diff.
{look}
Report findings only, the gravest first. For each one:
- severity: critical, high, medium or low, and how sure you are
- place: file and function, with the line quoted
- what is wrong, and an input or situation that shows it
- the mend, as code where it is short
Say nothing about style that a formatter settles. Do not invent findings: if it is sound, say so and say what
you checked. End with the one change you would make first."""


class CodeReviewArguments(PromptArguments):
    """What to review."""

    focus: Focus = Field(default="quality")


def codereview_tool(consultations: Consultations) -> ModelTool[CodeReviewArguments]:
    """Make the tool."""
    return workflow(
        consultations,
        name="codereview",
        title="Code review",
        description="Reviews code or a diff, given in files or in the prompt with what it is for: findings "
        "by severity with place, proof and mend. `focus` chooses what is looked for; security, performance, "
        "refactoring and test reviews are all here.",
        arguments=CodeReviewArguments,
        instructions=lambda arguments: INSTRUCTIONS.format(look=LOOKS[arguments.focus]),
    )
