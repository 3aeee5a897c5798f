"""What Pulumi prints, without the lines that only bury the sentence that matters."""

import re

NOISE = (
    "an unhandled error occurred: program exited with non-zero exit code",
    "If you want to remove the stack completely, run `pulumi stack rm",
    "The resources in the stack have been deleted, but the history and configuration",
    # Said in a sentence at the end.
    "incorrect passphrase",
)
MARKUP = re.compile(r"<\{%.*?%\}>")
"""Pulumi's colours where it forgot to translate them."""
CHANGING = re.compile(r"docker:index\S* \S+ (creat|updat|delet|replac)")
"""Says that the update had begun to change something."""


def readable(line: str) -> str | None:
    """Return the line without raw markup; None if nobody is helped by it."""
    if any(noise in line for noise in NOISE):
        return None
    return MARKUP.sub("", line)
