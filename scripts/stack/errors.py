"""The one exception of the verbs."""


class StackError(Exception):
    """A verb cannot do its work; the message is the sentence that the person at the terminal gets."""
