"""Several calls side by side, shown one below the other: nobody can read two answers word by word at once."""

from collections.abc import Callable, Sequence


class Sections:
    """Passes on what the first unfinished section says; later ones are held until it is their turn.

    Each begins with its heading. Nothing is passed on before there is somebody to say it to (`ready`).
    """

    def __init__(
        self, headings: Sequence[str], say: Callable[[str], None], ready: Callable[[], bool]
    ) -> None:
        self._say = say
        self._ready = ready
        self._headings = list(headings)
        self._held = [""] * len(self._headings)
        self._over = [False] * len(self._headings)
        self._turn = 0

    def add(self, section: int, text: str) -> None:
        """Say more in one section."""
        heading, self._headings[section] = self._headings[section], ""
        if heading:
            text = f"{heading}\n\n{text}" if section == 0 else f"\n\n{heading}\n\n{text}"
        self._held[section] += text
        self._pass_on()

    def end(self, section: int) -> None:
        """Note that one section is whole; the next has its turn if this one had it."""
        self._over[section] = True
        self._pass_on()

    def _pass_on(self) -> None:
        while self._turn < len(self._held) and self._ready():
            held, self._held[self._turn] = self._held[self._turn], ""
            if held:
                self._say(held)
            if not self._over[self._turn]:
                break
            self._turn += 1
