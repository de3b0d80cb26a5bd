"""Loop that sends the inquiries to victims' banks. The rows decide; several processes may run it at once."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from activities.tracing.payer_inquiries import PayerInquirySender
from workers.loops.procedures import TRANSIENT

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 5.0


@dataclass(frozen=True)
class PayerInquiryLoop:
    """Sends the inquiries that are due, every few seconds."""

    sender: PayerInquirySender

    async def run(self) -> None:
        """Run for ever, and wait while the database is unavailable."""
        while True:
            try:
                await self.sender.send_due()
            except TRANSIENT as error:
                log.warning("inquiries to victims' banks wait: %s", type(error).__name__)
            except Exception as error:
                # The text may have data of a case. The next round tries again.
                log.error("inquiries to victims' banks failed: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_SECONDS)
