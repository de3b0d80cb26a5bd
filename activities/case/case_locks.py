"""Locks of one process's transactions on a case, so that they wait without a connection to the database.

The lock of the case's row decides in any case. Without these locks, a burst of answers about one case would hold every
connection of the process while it waits for that row.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CaseLocks:
    """The locks of all cases; a case without a transaction takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        """by case: its lock, and the number of transactions that have or want it"""

    @asynccontextmanager
    async def held(self, case_no: str) -> AsyncIterator[None]:
        """Wait for the lock of this case, in order of arrival, and hold it while the block runs."""
        lock, count = self._locks.get(case_no, (asyncio.Lock(), 0))
        self._locks[case_no] = lock, count + 1
        try:
            async with lock:
                yield
        finally:
            count = self._locks[case_no][1] - 1
            if count:
                self._locks[case_no] = lock, count
            else:
                del self._locks[case_no]
