"""Format numbers for Indian readers."""

from domain.rupees import grouped, rupees

__all__ = ["duration", "grouped", "rupees", "size"]

# A value that rounds up to a whole second or minute is shown as one.
SECOND = 0.9995
MINUTE = 59.95


def duration(seconds: float) -> str:
    """Return a duration as text: 45 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
    if seconds < SECOND:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:  # noqa: PLR2004
        return f"{hours} h {minutes} min"
    return f"{hours / 24:.1f} days"


def size(size_bytes: int) -> str:
    """Return a number of bytes as MB."""
    return f"{size_bytes / 1024**2:.0f} MB"
