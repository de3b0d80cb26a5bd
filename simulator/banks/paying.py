"""Back offices of the banks: receive orders over any channel, execute them in procedure time, and confirm them.

The accounts of the world stay as the day left them. Restored amounts are the banks' own bookkeeping, kept here.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

import orjson

from simulator.banks.banks import Banks, origin_of
from simulator.banks.messages import SignedRequest
from simulator.banks.orders import (
    Order,
    OrderReport,
    OrderVisitor,
    confirmation,
    reports_on,
    write_cancellation_acknowledged,
    write_done,
)
from simulator.banks.poster import Reply
from simulator.banks.tickets import PostRecord
from simulator.config import Channel
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient, HttpClientError
from simulator.wires.letters import ACK_NO, text_of

ORDERS_PATH = "/api/v1/bank/orders"
LINK = re.compile(r"https?://\S+/a/o/[A-Za-z0-9_-]{40,60}")
ORDER_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
CANCELLED = "Order cancelled"
"""start of the subject of a cancellation letter"""
READ_AGAIN_WALL_SECONDS = 0.5
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class OrderRecord:
    """An order that a bank has. `link` is from the newest letter about it."""

    bank: Institution
    order_id: str
    channel: Channel
    link: str = field(default="", repr=False)
    case: str = ""
    """case id in a file"""
    reports_left: int = 1
    stopped: bool = False
    """cancelled by the police; money not yet paid is then never paid"""
    paid_paise: dict[int, int] = field(default_factory=dict)
    """by line: the amount that really left the hold"""
    paying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """held from the credit until the police have the report; before that no other report on the order is sent"""


class BackOffices:
    """Executes every bank's orders; a repeated order is recognised."""

    def __init__(self, banks: Banks) -> None:
        self._banks = banks
        self._orders: dict[tuple[str, str], OrderRecord] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.done_paise = {"restore": 0, "release": 0}
        """amounts that banks report as done, rightly or wrongly"""

    @property
    def figures(self) -> dict[str, object]:
        """Number of orders received, orders still open, and amounts reported."""
        open_now = sum(1 for record in self._orders.values() if record.reports_left)
        return {"received": len(self._orders), "open": open_now, "said_paise": dict(self.done_paise)}

    async def close(self) -> None:
        """Stop all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, bank: Institution, order: Order, channel: Channel, *, case: str = "") -> str:
        """Accept an order from an interface; return the bank's number for it. `case` identifies it in a file."""
        record = self._known(bank, order.order_id, channel)
        if record is not None:
            record.case = case
            self._spawn(self._execute(record, order))
        return f"ORD-{order.order_id}"

    def stop(self, bank: Institution, order_id: str, channel: Channel, *, case: str = "", link: str = "") -> str:
        """Accept a cancellation, even of an order that never came; the bank acknowledges it."""
        key = (bank.code, order_id)
        record = self._orders.setdefault(key, OrderRecord(bank, order_id, channel, link, reports_left=0))
        if not record.stopped:
            record.stopped = True
            self._spawn(self._acknowledge_cancellation(record, channel, case))
        return f"STOP-{order_id}"

    @property
    def orders(self) -> Mapping[tuple[str, str], OrderRecord]:
        """Every order, by its bank and its id."""
        return self._orders

    def open_letter(self, bank: Institution, letter: EmailMessage) -> bool:
        """Accept an order from a letter; return False if the letter is about no order."""
        text = text_of(letter)
        order_id, ack_no = ORDER_ID.search(text), ACK_NO.search(str(letter["subject"]))
        link = LINK.search(text)
        if order_id is None or ack_no is None or (link is None and (bank.code, order_id[0]) not in self._orders):
            return False
        if link is None:
            return True
        if (known := self._orders.get((bank.code, order_id[0]))) is not None:
            known.link = link[0]
        if str(letter["subject"]).startswith(CANCELLED):
            self.stop(bank, order_id[0], "email", link=link[0])
            return True
        record = self._known(bank, order_id[0], "email", link[0])
        if record is not None:
            self._spawn(self._read_and_execute(record, ack_no[0]))
        return True

    def _known(self, bank: Institution, order_id: str, channel: Channel, link: str = "") -> OrderRecord | None:
        """Return a record for a new order, or None if the bank has the order already."""
        if (bank.code, order_id) in self._orders:
            return None
        record = self._orders[bank.code, order_id] = OrderRecord(bank, order_id, channel, link)
        return record

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- execution -----------------------------------------------------------------------------------------------------

    async def _read_and_execute(self, record: OrderRecord, ack_no: str) -> None:
        """Open the link of the letter, because only that page has the content of the order."""
        order: Order | None = None
        while order is None:
            line = self._line_to(record.link)
            try:
                order = await self._visitor(line, record.link, record.bank).read(record.order_id, ack_no)
                if order is None:
                    # The link leads to no form, or the order is cancelled, so there is nothing to do.
                    record.reports_left = 0
                    return
            except HttpClientError:
                await asyncio.sleep(READ_AGAIN_WALL_SECONDS)
            finally:
                line.close()
        await self._execute(record, order)

    async def _execute(self, record: OrderRecord, order: Order) -> None:
        config = self._banks.config
        reports = reports_on(config, record.bank, order, signed=record.channel in ("push", "pull"))
        record.reports_left = len(reports)
        at = 0.0
        for number, report in enumerate(reports):
            await asyncio.sleep((report.after - at) / config.procedure_clock_factor)
            at = report.after
            async with record.paying:
                if record.stopped:
                    record.reports_left = 0
                    return
                for done in report.lines:
                    record.paid_paise[done.line_no] = record.paid_paise.get(done.line_no, 0) + done.amount_paise
                await self._report(record, order, report, number)
            self.done_paise[order.kind] += sum(done.amount_paise for done in report.lines)
            record.reports_left -= 1

    def _line_to(self, link: str) -> HttpClient:
        return HttpClient(origin_of(link), 1, self._banks.config.authority_file)

    def _visitor(self, line: HttpClient, link: str, bank: Institution) -> OrderVisitor:
        return OrderVisitor(line, link, bank, self._banks.code_reader(bank))

    async def _acknowledge_cancellation(self, record: OrderRecord, channel: Channel, case: str) -> None:
        bank, sent = record.bank, PostRecord((), frozenset(), f"{record.order_id}-stopped")
        async with record.paying:
            if channel == "email":
                await self._banks.poster.until_accepted(bank, sent, self._acknowledge_on_page(record))
            elif channel == "iso20022":
                await self._banks.file(bank, write_cancellation_acknowledged(bank.code, case), sent)
            else:
                path = f"{ORDERS_PATH}/{record.order_id}/acknowledge-cancellation"
                await self._banks.poster.deliver(bank, SignedRequest(bank, path, b"{}", key=sent.key), sent)

    def _acknowledge_on_page(self, record: OrderRecord) -> Callable[[], Awaitable[Reply]]:
        async def say() -> Reply:
            line = self._line_to(record.link)
            try:
                return Reply(await self._visitor(line, record.link, record.bank).stop(), {})
            finally:
                line.close()

        return say

    async def _report(self, record: OrderRecord, order: Order, report: OrderReport, number: int) -> None:
        bank, key = record.bank, f"{record.order_id}-{number}"
        sent = PostRecord((), frozenset(), key)
        if record.channel == "email":
            await self._banks.poster.until_accepted(bank, sent, self._report_on_page(record, report))
            return
        if record.channel == "iso20022":
            await self._banks.file(bank, write_done(bank.code, order, record.case, report.lines), sent)
            return
        body = orjson.dumps(confirmation(report))
        path = f"{ORDERS_PATH}/{record.order_id}/confirm"
        await self._banks.poster.deliver(bank, SignedRequest(bank, path, body, key=key), sent)

    def _report_on_page(self, record: OrderRecord, report: OrderReport) -> Callable[[], Awaitable[Reply]]:
        async def say() -> Reply:
            line = self._line_to(record.link)
            try:
                return Reply(await self._visitor(line, record.link, record.bank).say(report.lines), {})
            finally:
                line.close()

        return say
