"""The one error that settings raise."""

from collections.abc import Sequence


class ConfigurationError(Exception):
    """Everything that is wrong with the configuration, one sentence a fault; the process exits with 78."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))
