"""Tools that end a round with `input_required`, as the stateless revision does it."""

from typing import Any

from app.protocol.tools import Call, Tool, ToolResult
from tests.conformance.fixture_server import content
from tests.conformance.fixture_server.questions import STRING, elicitation, roots, sampling, spoken
from tests.conformance.fixture_server.simple_tools import Nothing, plain

NAME = elicitation("What is your name?", {"name": STRING})


async def _elicitation(call: Call, _arguments: Nothing) -> ToolResult:
    answer = (await call.ask({"user_name": NAME}))["user_name"]
    return content.said(f"Hello, {_filled(answer, 'name')}!")


async def _sampling(call: Call, _arguments: Nothing) -> ToolResult:
    asked = await call.ask({"capital_question": sampling("What is the capital of France?")})
    return content.said(spoken(asked["capital_question"]))


async def _roots(call: Call, _arguments: Nothing) -> ToolResult:
    known = (await call.ask({"client_roots": roots()}))["client_roots"].get("roots", [])
    return content.said(f"{len(known)} roots: {', '.join(str(root.get('uri')) for root in known)}")


async def _request_state(call: Call, _arguments: Nothing) -> ToolResult:
    call.state.setdefault("rounds", 0)
    call.state["rounds"] += 1
    await call.ask({"confirm": elicitation("Please confirm", {"ok": {"type": "boolean"}})})
    return content.said("state-ok" if call.state["rounds"] > 1 else "the state was lost")


async def _multiple(call: Call, _arguments: Nothing) -> ToolResult:
    answers = await call.ask(
        {"user_name": NAME, "greeting": sampling("Generate a greeting", 50), "client_roots": roots()}
    )
    return content.said(f"{spoken(answers['greeting'])} {_filled(answers['user_name'], 'name')}")


async def _multi_round(call: Call, _arguments: Nothing) -> ToolResult:
    first = await call.ask({"step1": elicitation("Step 1: What is your name?", {"name": STRING})})
    second = await call.ask({"step2": elicitation("Step 2: What is your favorite color?", {"color": STRING})})
    return content.said(f"{_filled(first['step1'], 'name')} likes {_filled(second['step2'], 'color')}")


async def _capabilities(call: Call, _arguments: Nothing) -> ToolResult:
    """Ask only for what the client declared."""
    possible = {
        "elicitation": ("name", NAME),
        "sampling": ("greeting", sampling("Generate a greeting", 50)),
        "roots": ("client_roots", roots()),
    }
    questions = dict(question for name, question in possible.items() if name in call.capabilities)
    answers = await call.ask(questions) if questions else {}
    return content.said(f"{len(answers)} questions were answered.")


def _filled(answer: dict[str, Any], field: str) -> Any:
    return answer.get("content", {}).get(field)


def tools() -> list[Tool[Any]]:
    handlers = {
        "elicitation": _elicitation,
        "sampling": _sampling,
        "list_roots": _roots,
        "request_state": _request_state,
        "multiple_inputs": _multiple,
        "multi_round": _multi_round,
        "tampered_state": _elicitation,
        "capabilities": _capabilities,
    }
    return [plain(f"test_input_required_result_{name}", handler) for name, handler in handlers.items()]
