"""What can go wrong with a store, in our words.

    StoreError
    ├── StoreUnavailableError    it does not answer now; trying again later may help
    ├── SchemaTooNewError        its schema was made for later releases; only another release helps
    └── NotFoundError            what was asked for is not there, or not this principal's: nobody learns which

The implementations translate their drivers' errors into these with `from`; nobody above them sees a driver.
"""

_WAYS_OUT = {
    "thread": "list the threads to see what there is",
    "job": "list the jobs to see what there is",
    "running job": "look at the job to see how it ended",
    "file": "upload it again",
    "call": "it may have been removed with its job",
}


class StoreError(Exception):
    """The root: one sentence with what, why and what to do."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached, refuses us, or is too slow."""


class SchemaTooNewError(StoreError):
    """The database says that this release is older than the oldest that may run on its schema."""


class NotFoundError(StoreError):
    """There is no such thread, job, file or call for whoever asked; unknown, deleted, foreign are the same.

    `thing` is `thread`, `job`, `running job`, `file` or `call`; `id` is what was asked for.
    """

    def __init__(self, thing: str, id_: str) -> None:
        super().__init__(f"There is no {thing} {id_}: {_WAYS_OUT[thing]}.")
        self.thing = thing
        self.id = id_
