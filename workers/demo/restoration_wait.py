"""Wait at the end of a simulated day until no work of restorations is due and not done."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from db.pool import Pool
from db.recovery import due_documents
from db.recovery.due_documents import Backlog
from workers.iso_text import duration

POLL_SECONDS: Final = 0.5
NOTHING_FOR_SECONDS: Final = 2.0
"""how long nothing may be due, because one piece of work makes the next"""
LIMIT_SECONDS: Final = 420.0
"""the longest deferral, and the work of a rush of hundreds of cases"""


async def until_nothing_is_owed(
    pool: Pool, limit_seconds: float = LIMIT_SECONDS, show: Callable[[Backlog], None] = lambda _: None
) -> str:
    """Wait until restorations owe nothing; return what they still owe when time is up, or an empty text.

    `show` is called with every look.
    """
    began = owed_at = time.monotonic()
    while True:
        async with pool.acquire() as connection:
            backlog = await due_documents.backlog(connection)
        show(backlog)
        now = time.monotonic()
        owed_at = now if backlog.rows else owed_at
        if now - owed_at >= NOTHING_FOR_SECONDS:
            return ""
        if now - began >= limit_seconds:
            return as_text(backlog) if backlog.rows else ""
        await asyncio.sleep(POLL_SECONDS)


def as_text(owed: Backlog) -> str:
    """Return what restorations owe, as a text for people."""
    return f"work of restorations not done: {owed.rows}, the oldest due for {duration(owed.lag_seconds)}"
