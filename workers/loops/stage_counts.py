"""Loop that counts the stages of each day for the reports of supervisors."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from activities.context import Context
from activities.reporting.stage_counts import count_next

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 60.0
REST_SECONDS: Final = 0.2
"""pause between two days, because the work on cases needs the database more"""


@dataclass(frozen=True)
class StageCountLoop:
    """Counts one day after the other, for ever. Every worker may run it, because no day is taken twice."""

    ctx: Context
    check_every_seconds: float = CHECK_EVERY_SECONDS

    async def run(self) -> None:
        """Run until cancelled. A day that could not be counted is counted at the next check."""
        while True:
            try:
                counted = await count_next(self.ctx)
            except Exception as error:  # the database may be away
                log.warning("stages are counted later: %s", type(error).__name__)
                counted = False
            await asyncio.sleep(REST_SECONDS if counted else self.check_every_seconds)
