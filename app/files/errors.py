"""Why a file is not taken: the sentence is for people, the status for those who come by HTTP.

FileRefusedError        400    it is empty, of no known kind, a path, a URL that may not be fetched, …
├── FileTooLargeError   413
├── QuotaError          429    the client has had its share of this hour
└── FilesAwayError      503    the store cannot keep it now; nothing was kept
"""


class FileRefusedError(Exception):
    """The file is not taken; one sentence with which, why and what to do."""

    status = 400


class FileTooLargeError(FileRefusedError):
    """It has more bytes than a file may have."""

    status = 413


class QuotaError(FileRefusedError):
    """The client has had its share of this hour; `seconds` are left of it."""

    status = 429

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class FilesAwayError(FileRefusedError):
    """The store does not answer; the same file may be sent again."""

    status = 503
