"""Loop that verifies all cases and anchors their logs every night."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from activities.evidence.nightly import NightlyRuns

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 60.0


@dataclass(frozen=True)
class NightlyLoop:
    """Looks every minute whether a run is due.

    Several workers may have this loop. A lock lets one of them work.
    """

    runs: NightlyRuns
    check_every_seconds: float = CHECK_EVERY_SECONDS

    async def run(self) -> None:
        """Run until cancelled, and wait while the database is unavailable."""
        while True:
            try:
                await self.runs.run_due()
            except Exception as error:  # the database may be away
                log.warning("nightly runs are tried again later: %s", type(error).__name__)
            await asyncio.sleep(self.check_every_seconds)
