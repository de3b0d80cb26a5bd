"""Loop for outbound work: messages, FIR requests and documents that are due.

The rows are the outbox. A row that one worker has claimed is not taken by another, so every worker may run this loop.
One query a second finds which kinds of work have a row that is due.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

from activities.context import Context
from activities.gateway.inbox import TEST_CALL
from activities.outgoing import Kind, MailRoute, Routes, Ways, send_due
from activities.recovery.access_letters import SIGN_IN_LINK_LETTERS
from activities.recovery.bank_letters import KEY_LETTERS, LOGIN_CHANGE_LETTERS, LOGIN_LETTERS
from activities.recovery.document_issuing import appeal_address
from activities.recovery.due_documents import DUE_DOCUMENTS
from activities.recovery.firs import REPORTS
from activities.recovery.message_sending import COMPLAINANT_MESSAGES, MESSAGES, send_by_new_ways
from activities.recovery.signatures import PERSON_CODES, first_sign_in_address
from activities.work_items.task_messages import TASK_MESSAGES
from adapters.banks.push.client import PushAdapter
from adapters.messages.sms import SmsGateway, SmsWire
from adapters.messages.webhooks import WebhookPoster
from adapters.police.cctns import CctnsRegister, CctnsWire
from db.case.case_outbox import kinds_due
from db.outgoing import OutgoingKind
from workers.setting_checks import networks_of
from workers.settings import Settings

log = logging.getLogger(__name__)

KINDS: Final[Mapping[OutgoingKind, Kind[Any]]] = {
    kind.name: kind
    for kind in (
        *(TEST_CALL, KEY_LETTERS, LOGIN_LETTERS, LOGIN_CHANGE_LETTERS, SIGN_IN_LINK_LETTERS, PERSON_CODES),
        *(MESSAGES, COMPLAINANT_MESSAGES, TASK_MESSAGES, REPORTS, DUE_DOCUMENTS),
    )
}
"""registry of the kinds of what goes out"""
DueWork = Callable[[], Awaitable[int]]
"""does all due work of one kind, and returns how much was sent"""

CHECK_EVERY_SECONDS: Final = 1.0
"""short, because a person waits for a one-time code"""
LOOK_LIMIT_SECONDS: Final = 5.0
"""A look that takes longer is given up. Then each kind of work tries by itself, so that none waits for another."""


@dataclass(frozen=True)
class OutboundLoop:
    """Sends messages, requests FIRs and issues documents that fall due, for ever."""

    ctx: Context
    routes: Routes
    check_every_seconds: float = CHECK_EVERY_SECONDS

    @classmethod
    @asynccontextmanager
    async def opened(cls, ctx: Context, settings: Settings, mail: MailRoute | None) -> AsyncIterator[Self]:
        """Open the loop with the SMS gateway and the FIR register of the settings.

        Raises ValueError if one of them cannot be used.
        """
        async with AsyncExitStack() as stack:
            sms: SmsGateway | None = None
            register: CctnsRegister | None = None
            if settings.sms_url is not None:
                wire = SmsWire.from_url(settings.sms_url.get_secret_value())
                sms = await stack.enter_async_context(SmsGateway(wire))
            if settings.police_url is not None:
                station = CctnsWire.from_url(settings.police_url.get_secret_value())
                register = await stack.enter_async_context(CctnsRegister(station))
            ways = Ways(mail=mail, sms=sms, sms_templates=settings.read_sms_templates() if sms else None)
            webhooks = await stack.enter_async_context(WebhookPoster(networks_of(settings.webhook_networks)))
            events = await stack.enter_async_context(PushAdapter(allow_plain_http=settings.allow_plain_http))
            routes = Routes(
                ways,
                bank_events=events,
                first_sign_in_address=first_sign_in_address(settings.bank_url or settings.public_url),
                webhooks=webhooks,
                desk_url=settings.desk_url or "",
                appeal_address=appeal_address(settings.public_url),
                register=register,
            )
            yield cls(ctx, routes)

    async def run(self) -> None:
        """Run until cancelled. Failed work is retried, and no kind of work waits for another."""
        works = self._works()
        woken = {kind: asyncio.Event() for kind in works}
        each = (self._for_ever(work, woken[kind]) for kind, work in works.items())
        await asyncio.gather(self._use_new_ways(), self._wake(woken), *each)

    async def send_due_once(self) -> int:
        """Do all due work once; return how much was sent."""
        return sum([await self._attempt(work) for work in self._works().values()])

    def _works(self) -> Mapping[str, DueWork]:
        return {name: partial(send_due, self.ctx, self.routes, kind) for name, kind in KINDS.items()}

    async def _wake(self, woken: Mapping[str, asyncio.Event]) -> None:
        """Wake each kind of work that has a row due."""
        while True:
            try:
                async with asyncio.timeout(LOOK_LIMIT_SECONDS), self.ctx.pool.acquire() as connection:
                    due = await kinds_due(connection, self.ctx.now())
            except Exception as error:  # the database may be away, or one table locked
                log.warning("each kind of outbound work looks for itself: %s", type(error).__name__)
                due = frozenset(woken)
            for kind in due:
                woken[kind].set()
            await asyncio.sleep(self.check_every_seconds)

    async def _use_new_ways(self) -> None:
        """Let messages go that waited for a route, once the database is there."""
        while True:
            try:
                await send_by_new_ways(self.ctx, self.routes.ways)
            except Exception as error:  # the database may be away
                log.warning("messages without a route wait: %s", type(error).__name__)
                await asyncio.sleep(self.check_every_seconds)
            else:
                return

    async def _for_ever(self, work: DueWork, woken: asyncio.Event) -> None:
        while True:
            await woken.wait()
            woken.clear()
            while await self._attempt(work):
                pass

    async def _attempt(self, work: DueWork) -> int:
        try:
            return await work()
        except Exception as error:  # an error about one row must not stop the other kinds of work
            log.warning("outbound work is retried later: %s", type(error).__name__)
            return 0
