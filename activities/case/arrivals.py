"""The moment at which the message that is now processed reached this process. It is used for measurement only."""

from contextvars import ContextVar
from datetime import datetime
from typing import Final

_arrived_at: Final[ContextVar[datetime | None]] = ContextVar("arrived_at", default=None)


def note_arrival(at: datetime) -> None:
    """Note when the message arrived that this asyncio task processes."""
    _arrived_at.set(at)


def arrived_at() -> datetime | None:
    """Return when the message of this asyncio task arrived, or None if that was not noted."""
    return _arrived_at.get()
