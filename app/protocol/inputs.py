"""Answers of the client in the stateless revision: brought by the next request, kept in a seal.

A call that needs answers ends with `input_required`; the client repeats it with them under a new
id, and the handler runs again from its start. What was answered in earlier rounds, and whatever the
handler put into `call.state`, travels along in `requestState`.
Source: specification 2026-07-28, basic/patterns/mrtr.
"""

import hashlib
from typing import Any

import orjson

from app.protocol.call import Call, Questions
from app.protocol.errors import InvalidParams
from app.protocol.sealing import Seal

STATE_SECONDS = 900.0
"""How long a person may take to answer before the request must start again."""

_PURPOSE = "requestState"
_VARYING = frozenset({"_meta", "inputResponses", "requestState"})
"""The parameters in which a repeated request may differ from the first one."""


class InputRequired(Exception):  # noqa: N818 - an outcome, not a defect
    """The call cannot go on without answers; the boundary turns `answer` into its result."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("input required")
        self.answer = answer


class Inputs:
    """The `Asker` of a stateless call."""

    def __init__(self, call: Call, method: str, params: dict[str, Any], seal: Seal) -> None:
        """Read `inputResponses` and `requestState`.

        Raises:
            InvalidParams: either is malformed, or the state was not sealed for this request.
        """
        self._seal = seal
        self._principal = call.principal
        self._same = [method, {key: value for key, value in params.items() if key not in _VARYING}]
        self._answers: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        if "requestState" in params:
            self._reopen(params["requestState"])
        fresh = params.get("inputResponses", {})
        if type(fresh) is not dict or not all(type(answer) is dict for answer in fresh.values()):
            raise InvalidParams("'inputResponses' must hold an object for each key.")
        self._answers |= fresh

    async def ask(self, questions: Questions) -> dict[str, Any]:
        """Return the answers by key, or end this round asking for those that are missing."""
        missing = {key: question for key, question in questions.items() if key not in self._answers}
        if missing:
            raise InputRequired(
                {"resultType": "input_required", "inputRequests": missing, "requestState": self._close()}
            )
        return {key: self._answers[key] for key in questions}

    def again(self, *keys: str) -> None:
        """Forget answers that did not serve, so that the next question asks for them anew."""
        for key in keys:
            self._answers.pop(key, None)

    def _close(self) -> str:
        return self._seal.close(
            {"answers": self._answers, "state": self.state},
            purpose=_PURPOSE,
            principal=self._principal,
            context=self._context(),
            ttl_seconds=STATE_SECONDS,
        )

    def _context(self) -> str:
        """Name the request by its content, whatever the order of its keys."""
        return hashlib.sha256(orjson.dumps(self._same, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def _reopen(self, sealed: Any) -> None:
        try:
            kept = self._seal.open(
                sealed if type(sealed) is str else "",
                purpose=_PURPOSE,
                principal=self._principal,
                context=self._context(),
            )
        except ValueError:
            raise InvalidParams("'requestState' is not valid for this request; start it again.") from None
        self._answers = kept["answers"]
        self.state = kept["state"]
