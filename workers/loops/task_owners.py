"""Loop over work items: their owners, notices and shifts. The rows decide; several processes may run it at once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from workers.loops.procedures import TRANSIENT

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 10.0
NOTICES_EVERY_SECONDS: Final = 30.0
"""longer, because a round of notices has a statement for each officer on shift"""


class Rounds(Protocol):
    """Works that are done round by round."""

    @property
    def works(self) -> tuple[Callable[[], Awaitable[object]], ...]:
        """Return the works of a round, in order. Each can be done without the others."""
        ...


@dataclass(frozen=True)
class TaskOwnerLoop:
    """Runs a round every few seconds."""

    rounds: Rounds
    every_seconds: float = LOOK_EVERY_SECONDS

    async def run(self) -> None:
        """Run for ever, and wait while the database is unavailable."""
        while True:
            for work in self.rounds.works:
                await _try(work)
            await asyncio.sleep(self.every_seconds)


async def _try(work: Callable[[], Awaitable[object]]) -> None:
    """Do one work of a round. An error in it must not keep the others."""
    try:
        await work()
    except TRANSIENT as error:
        log.warning("rounds over work items wait: %s", type(error).__name__)
    except Exception as error:
        # The text may have data of a case. The next round tries again.
        log.error("a round over work items failed: %s", type(error).__name__)
