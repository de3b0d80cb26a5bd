"""The wall clock of the product: the one place that reads it."""

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)
