"""Loop that destroys the keys of persons and drafts, and deletes old codes and sessions, whose time is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from activities.context import Context
from activities.drafts.saving import forget_old
from activities.retention import BATCH, forget_entries, look

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 600.0
"""long, because the times of retention are years, and that of a draft is a day"""


@dataclass(frozen=True)
class RetentionLoop:
    """Looks at persons and drafts in batches, for ever. Every worker may run it, because no row is taken twice."""

    ctx: Context
    check_every_seconds: float = CHECK_EVERY_SECONDS

    async def run(self) -> None:
        """Run until cancelled. A failed batch is tried again at the next check."""
        while True:
            looked = [await self._looked(work) for work in (look, forget_old, forget_entries)]
            if max(looked) < BATCH:
                await asyncio.sleep(self.check_every_seconds)

    async def _looked(self, work: Callable[[Context], Awaitable[int]]) -> int:
        """Do a batch of one work, and return its size. One that fails does not stop the other one."""
        try:
            return await work(self.ctx)
        except Exception as error:  # the database may be away
            log.warning("retention is tried again later: %s", type(error).__name__)
            return 0
