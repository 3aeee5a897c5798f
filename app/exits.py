"""The exit codes of the server's process and of its commands, from BSD's sysexits."""

from enum import IntEnum


class Exit(IntEnum):
    """What a supervisor or a script may conclude from how the process ended."""

    DRAINED = 0
    """Asked to stop, and every call that could be answered was."""
    FINDINGS = 1
    """A command that looks (`doctor`, `connect --check`) has found something to mend."""
    USAGE = 64
    """The command line was wrong; nothing was started."""
    BROKEN_CHAIN = 65
    """`audit verify` found a chain that is not as it was written."""
    PORT_IN_USE = 69
    """Another process holds the address."""
    BUG = 70
    """An error that nobody foresaw; its traceback is in the log."""
    STORE_AWAY = 75
    """A command could not use the store now; later it may."""
    CONFIGURATION = 78
    """The environment or a file it names is wrong; every fault was said, nothing was started."""
