"""The wall clock; the only one there is."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time of this machine, aware, UTC."""
    return datetime.now(UTC)
