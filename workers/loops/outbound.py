"""What leaves for people, banks and the police's register: a worker looks for what is due, again and again.

The rows are the outbox, and a row that somebody has taken up is nobody else's: every worker may look.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from activities.context import Context
from activities.documents.due_documents import issue_papers_due
from activities.documents.issuing import appeal_address
from activities.notifications.outbox import MailRoute, Ways, send_due
from activities.police.firs import register_due
from adapters.messages.sms import SmsGateway, SmsWire
from adapters.police.cctns import CctnsRegister, CctnsWire
from adapters.police.protocol import FirRegister
from workers.settings import Settings

log = logging.getLogger(__name__)

Errand = Callable[[], Awaitable[int]]
"""does what is due of one kind, and returns how much of it went out"""

LOOK_EVERY_SECONDS: Final = 1.0
"""a code must be there while its reader waits for it"""


@dataclass(frozen=True)
class Outward:
    """Sends messages, asks for reports and issues the papers that come by themselves, for ever."""

    ctx: Context
    ways: Ways
    register: FirRegister | None
    appeal_address: str = ""
    """where an account holder appeals, as papers and messages say it"""
    look_every_seconds: float = LOOK_EVERY_SECONDS

    @classmethod
    @asynccontextmanager
    async def opened(cls, ctx: Context, settings: Settings, mail: MailRoute | None) -> AsyncIterator[Self]:
        """With the gateway and the register that the settings name. Raises ValueError for one that cannot be used."""
        async with AsyncExitStack() as stack:
            sms: SmsGateway | None = None
            register: CctnsRegister | None = None
            if settings.sms_url is not None:
                wire = SmsWire.from_url(settings.sms_url.get_secret_value())
                sms = await stack.enter_async_context(SmsGateway(wire))
            if settings.police_url is not None:
                station = CctnsWire.from_url(settings.police_url.get_secret_value())
                register = await stack.enter_async_context(CctnsRegister(station))
            yield cls(ctx, Ways(mail=mail, sms=sms), register, appeal_address(settings.public_url))

    async def run(self) -> None:
        """Look until it is cancelled; whatever fails is looked at again, and no errand waits for another."""
        await asyncio.gather(*(self._for_ever(errand) for errand in self._errands()))

    async def look(self) -> int:
        """Do what is due, once; returns how much of it went out."""
        return sum([await self._attempt(errand) for errand in self._errands()])

    def _errands(self) -> tuple[Errand, ...]:
        return (
            partial(send_due, self.ctx, self.ways),
            partial(register_due, self.ctx, self.register),
            partial(issue_papers_due, self.ctx, self.appeal_address),
        )

    async def _for_ever(self, errand: Errand) -> None:
        while True:
            if not await self._attempt(errand):
                await asyncio.sleep(self.look_every_seconds)

    async def _attempt(self, errand: Errand) -> int:
        try:
            return await errand()
        except Exception as error:  # a fault about one row must not end the errands of all others
            log.warning("what is due outward waits: %s", type(error).__name__)
            return 0
