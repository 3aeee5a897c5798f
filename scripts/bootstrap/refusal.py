"""How the bootstrap says no: one exception, one sentence a fault, one exit code.

Refusal        ends the run; its sentences are all that a person sees
"""

EXIT_USAGE = 64
"""An unknown step."""

EXIT_MISSING = 69
"""Something is missing that this machine's owner must install or start."""

EXIT_FAILED = 70
"""A step that the bootstrap took has failed; its log is named."""

EXIT_INTERRUPTED = 130
"""Ctrl-C, or a polite kill; run again and it goes on where it stopped."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not a mistake
    """The run ends here, with one sentence for each fault."""

    def __init__(self, *sentences: str, code: int = EXIT_FAILED) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
        self.code = code
