"""The requests a server may put to its client, as the specification shapes them."""

from typing import Any

from app.protocol.call import Call

Question = dict[str, Any]
STRING = {"type": "string"}


def elicitation(message: str, properties: dict[str, Any], *, required: bool = True) -> Question:
    """Ask a person to fill in a form."""
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(properties)
    return {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}


def sampling(prompt: str, max_tokens: int = 100) -> Question:
    """Ask the client's model."""
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": max_tokens}}


def roots() -> Question:
    """Ask which folders the client works in."""
    return {"method": "roots/list", "params": {}}


async def ask(call: Call, question: Question) -> dict[str, Any]:
    """Put one question and return its answer."""
    answer: dict[str, Any] = (await call.ask({"question": question}))["question"]
    return answer


def spoken(answer: dict[str, Any]) -> str:
    """Return the text of a model's answer."""
    return str(answer.get("content", {}).get("text", ""))
