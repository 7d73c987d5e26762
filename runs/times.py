"""Times as the record has them: in UTC without a zone, in a database to the millisecond."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC and without a zone, as sacred notes times."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_millisecond(time: datetime) -> datetime:
    """A time as MongoDB keeps it."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
