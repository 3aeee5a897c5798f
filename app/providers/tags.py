"""Takes a model's own markup out of its answer: thoughts in <think> tags, and GLM's box marks.

GLM's vision models leak both into `content`. A mark may be cut anywhere by the stream, so its possible
beginning is held back until the rest has come.
"""

from app.providers.events import Reasoning, Text

_THINK, _END = "<think>", "</think>"
_DROPPED = ("<|begin_of_box|>", "<|end_of_box|>")
_MARKS = (_THINK, _END, *_DROPPED)


class TagFilter:
    """Text in as it streams; text and reasoning out, without the marks."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False

    def feed(self, text: str) -> list[Text | Reasoning]:
        """Take a piece; what might be the beginning of a mark waits for the next one."""
        return self._split(self._held + text, last=False)

    def end(self) -> list[Text | Reasoning]:
        """Give what was held back; it was no mark after all."""
        return self._split(self._held, last=True)

    def _split(self, text: str, *, last: bool) -> list[Text | Reasoning]:
        out: list[Text | Reasoning] = []
        self._held = ""
        while text:
            at = text.find("<")
            if at < 0:
                self._emit(out, text)
                break
            self._emit(out, text[:at])
            text = text[at:]
            mark = next((mark for mark in _MARKS if text.startswith(mark)), None)
            if mark is not None:
                self._thinking = self._thinking if mark in _DROPPED else mark == _THINK
                text = text[len(mark) :]
            elif not last and any(mark.startswith(text) for mark in _MARKS):
                self._held = text
                break
            else:
                self._emit(out, "<")
                text = text[1:]
        return out

    def _emit(self, out: list[Text | Reasoning], text: str) -> None:
        if text:
            out.append(Reasoning(text) if self._thinking else Text(text))
