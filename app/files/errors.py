"""What can be wrong with a file, in one class: the sentence is all that anybody does with it."""


class FileRefusedError(Exception):
    """The file is not taken; one sentence with which, why and what to do."""
