"""Figures in words, as an Indian reader expects them."""

from domain.rupees import grouped, rupees

__all__ = ["duration", "grouped", "rupees", "size"]

# What rounds up to a whole second, or minute, is told as one.
SECOND = 0.9995
MINUTE = 59.95


def duration(seconds: float) -> str:
    """A duration for people: 45 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
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
    """Bytes as MB."""
    return f"{size_bytes / 1024**2:.0f} MB"
