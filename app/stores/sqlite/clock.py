"""The store's time, and how it is written: texts of one length, which sort as they follow each other."""

from datetime import UTC, datetime, timedelta


def moment() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def now(seconds: float = 0.0) -> str:
    """Return the time in some seconds, as it is written."""
    time = moment()
    return (time + timedelta(seconds=seconds) if seconds else time).isoformat(timespec="microseconds")


def written(time: datetime) -> str:
    """Return a time as it stands in the file: UTC with microseconds."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
