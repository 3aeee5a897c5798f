"""Prompts: one a workflow, filled in with what was given and nothing else."""

import pytest

from app.tools.prompts import FORMS
from tests.app.jobs.conftest import Bench

REQUIRED = {
    "review": {"what": "the diff of HEAD"},
    "debug": {"symptom": "EPIPE"},
    "plan": {"goal": "a plan"},
    "think": {"question": "to be?"},
    "consensus": {"question": "tabs?"},
    "ask-documents": {"files": "a.pdf"},
    "research": {"question": "what is new?"},
    "continue": {"thread": "thread_0"},
    "background": {"question": "long"},
}
TOOL = {
    "review": "codereview",
    "debug": "debug",
    "plan": "planner",
    "think": "thinkdeep",
    "consensus": "consensus",
    "ask-documents": "documents",
    "research": "chat",
    "continue": "chat",
    "background": "jobs",
}


async def test_every_workflow_is_listed_with_its_arguments(bench: Bench) -> None:
    listed = (await bench.client().result("prompts/list"))["prompts"]

    assert [prompt["name"] for prompt in listed] == list(REQUIRED)
    for prompt in listed:
        required = {argument["name"] for argument in prompt["arguments"] if argument["required"]}
        assert required == set(REQUIRED[prompt["name"]])
        assert all(argument.get("description") for argument in prompt["arguments"])


@pytest.mark.parametrize(("name", "given"), REQUIRED.items())
async def test_a_prompt_names_its_tool_and_what_was_filled_in(
    bench: Bench, name: str, given: dict[str, str]
) -> None:
    result = await bench.client().result("prompts/get", {"name": name, "arguments": given})

    (message,) = result["messages"]
    text = message["content"]["text"]
    assert message["role"] == "user"
    assert f"`{TOOL[name]}`" in text
    assert all(value in text for value in given.values())
    assert "  " not in text
    assert "Pass" not in text or name == "continue"


async def test_what_was_chosen_is_passed_on(bench: Bench) -> None:
    given = {"what": "x", "focus": "security", "model": "glm", "project": "p"}

    result = await bench.client().result("prompts/get", {"name": "review", "arguments": given})

    assert (
        "Pass `focus`: `security`, `model`: `glm`, `project`: `p`."
        in result["messages"][0]["content"]["text"]
    )


@pytest.mark.parametrize("form", FORMS)
async def test_what_is_missing_is_a_sentence(bench: Bench, form: type) -> None:
    error = await bench.client().refused("prompts/get", {"name": form.name, "arguments": {}})

    assert error["code"] == -32602
    assert "Field required" in error["message"]
