"""Loop over the owners of work items. The rows decide; several processes may run it at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from activities.reporting.task_rounds import TaskRounds
from workers.loops.procedures import TRANSIENT

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 10.0


@dataclass(frozen=True)
class TaskOwnerLoop:
    """Runs a round every few seconds."""

    rounds: TaskRounds

    async def run(self) -> None:
        """Run for ever, and wait while the database is unavailable."""
        while True:
            for work in self.rounds.works:
                await _try(work)
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _try(work: Callable[[], Awaitable[object]]) -> None:
    """Do one work of a round. An error in it must not keep the others."""
    try:
        await work()
    except TRANSIENT as error:
        log.warning("owners of work items wait: %s", type(error).__name__)
    except Exception as error:
        # The text may have data of a case. The next round tries again.
        log.error("owners of work items failed: %s", type(error).__name__)
