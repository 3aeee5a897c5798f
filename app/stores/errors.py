"""What can go wrong with a store, in our words.

    StoreError
    ├── StoreUnavailableError    it does not answer now; trying again later may help
    ├── SchemaTooNewError        its schema was made for later releases; only another release helps
    └── NotFoundError            what was asked for is not there, or not this principal's: nobody learns which

The implementations translate their drivers' errors into these with `from`; nobody above them sees a driver.
"""


class StoreError(Exception):
    """The root: one sentence with what, why and what to do."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached, refuses us, or is too slow."""


class SchemaTooNewError(StoreError):
    """The database says that this release is older than the oldest that may run on its schema."""


class NotFoundError(StoreError):
    """There is no such thread, job or file for whoever asked; unknown, deleted and foreign are the same."""
