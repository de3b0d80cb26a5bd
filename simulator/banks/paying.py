"""The banks' back offices: an order comes over any channel, is carried out in the months of procedures, and confirmed.

The accounts of the world stay as the day left them: what is given back is the banks' own bookkeeping, kept here.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

import orjson

from simulator.banks.banks import Banks, origin_of
from simulator.banks.iso_orders import write_done, write_stopped
from simulator.banks.order_page import OrderVisitor
from simulator.banks.orders import Order, Word, confirmation, words_on
from simulator.banks.poster import Reply
from simulator.banks.speech import SignedRequest
from simulator.banks.tickets import PostRecord
from simulator.config import Channel
from simulator.institutions import Institution
from simulator.net.http_client import Line, LineError
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
    """An order that a bank has. `link` is of the newest letter about it."""

    bank: Institution
    order_id: str
    channel: Channel
    link: str = field(default="", repr=False)
    case: str = ""
    """the id of the case in a file"""
    words_left: int = 1
    stopped: bool = False
    """taken back by the police: what is not paid by then never is"""
    paid_paise: dict[int, int] = field(default_factory=dict)
    """by line, what really left the hold"""
    paying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """from the credit until the police have the word on it: before that nothing else is said of the order"""


class BackOffices:
    """Carries out every bank's orders; the same order that comes again is the one it has."""

    def __init__(self, banks: Banks) -> None:
        self._banks = banks
        self._orders: dict[tuple[str, str], OrderRecord] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.done_paise = {"restore": 0, "release": 0}
        """what banks say that they have done, rightly or wrongly"""

    @property
    def figures(self) -> dict[str, object]:
        """How many orders came, and how many are done and said."""
        open_now = sum(1 for record in self._orders.values() if record.words_left)
        return {"received": len(self._orders), "open": open_now, "said_paise": dict(self.done_paise)}

    async def close(self) -> None:
        """Send everybody home."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, bank: Institution, order: Order, channel: Channel, *, case: str = "") -> str:
        """Take an order in that came over a wire; gives the bank's number for it. `case` names it in a file."""
        record = self._known(bank, order.order_id, channel)
        if record is not None:
            record.case = case
            self._spawn(self._carry_out(record, order))
        return f"ORD-{order.order_id}"

    def stop(self, bank: Institution, order_id: str, channel: Channel, *, case: str = "", link: str = "") -> str:
        """Take in that an order is taken back, also one that never came: the bank says that it does it no more."""
        key = (bank.code, order_id)
        record = self._orders.setdefault(key, OrderRecord(bank, order_id, channel, link, words_left=0))
        if not record.stopped:
            record.stopped = True
            self._spawn(self._say_stopped(record, channel, case, link))
        return f"STOP-{order_id}"

    @property
    def orders(self) -> Mapping[tuple[str, str], OrderRecord]:
        """Every order, by its bank and its id."""
        return self._orders

    def open_letter(self, bank: Institution, letter: EmailMessage) -> bool:
        """Take in an order that came by letter; false where the letter is about no order."""
        text = text_of(letter)
        order_id, ack_no = ORDER_ID.search(text), ACK_NO.search(str(letter["subject"]))
        link = LINK.search(text)
        if order_id is None or ack_no is None or (link is None and (bank.code, order_id[0]) not in self._orders):
            return False
        if link is None:
            return True
        if str(letter["subject"]).startswith(CANCELLED):
            self.stop(bank, order_id[0], "email", link=link[0])
            return True
        record = self._known(bank, order_id[0], "email", link[0])
        if record is not None:
            self._spawn(self._read_and_carry_out(record, ack_no[0]))
        else:
            self._orders[bank.code, order_id[0]].link = link[0]
        return True

    def _known(self, bank: Institution, order_id: str, channel: Channel, link: str = "") -> OrderRecord | None:
        """A record for an order that is new; None for one that the bank has."""
        if (bank.code, order_id) in self._orders:
            return None
        record = self._orders[bank.code, order_id] = OrderRecord(bank, order_id, channel, link)
        return record

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- carrying out ------------------------------------------------------------------------------------------

    async def _read_and_carry_out(self, record: OrderRecord, ack_no: str) -> None:
        """The officer opens the link: what is ordered stands only there."""
        order: Order | None = None
        while order is None:
            line = Line(origin_of(record.link), 1)
            try:
                order = await OrderVisitor(line, record.link, record.bank).read(record.order_id, ack_no)
                if order is None:
                    # The link leads nowhere (any more): there is nothing to do.
                    record.words_left = 0
                    return
            except LineError:
                await asyncio.sleep(READ_AGAIN_WALL_SECONDS)
            finally:
                line.close()
        await self._carry_out(record, order)

    async def _carry_out(self, record: OrderRecord, order: Order) -> None:
        config = self._banks.config
        words = words_on(config, record.bank, order, signed=record.channel in ("push", "pull"))
        record.words_left = len(words)
        at = 0.0
        for number, word in enumerate(words):
            await asyncio.sleep((word.after - at) / config.procedure_clock_factor)
            at = word.after
            async with record.paying:
                if record.stopped:
                    record.words_left = 0
                    return
                for done in word.lines:
                    record.paid_paise[done.line_no] = record.paid_paise.get(done.line_no, 0) + done.amount_paise
                await self._say(record, order, word, number)
            self.done_paise[order.kind] += sum(done.amount_paise for done in word.lines)
            record.words_left -= 1

    async def _say_stopped(self, record: OrderRecord, channel: Channel, case: str, link: str) -> None:
        bank, sent = record.bank, PostRecord((), frozenset(), f"{record.order_id}-stopped")
        async with record.paying:
            if channel == "email":
                await self._banks.poster.until_taken(bank, sent, self._stop_at_the_page(bank, link))
            elif channel == "iso20022":
                await self._banks.file(bank, write_stopped(bank.code, case), sent)
            else:
                path = f"{ORDERS_PATH}/{record.order_id}/acknowledge-cancellation"
                await self._banks.poster.deliver(bank, SignedRequest(bank, path, b"{}", key=sent.key), sent)

    @staticmethod
    def _stop_at_the_page(bank: Institution, link: str) -> Callable[[], Awaitable[Reply]]:
        async def say() -> Reply:
            line = Line(origin_of(link), 1)
            try:
                return Reply(await OrderVisitor(line, link, bank).stop(), {})
            finally:
                line.close()

        return say

    async def _say(self, record: OrderRecord, order: Order, word: Word, number: int) -> None:
        bank, key = record.bank, f"{record.order_id}-{number}"
        sent = PostRecord((), frozenset(), key)
        if record.channel == "email":
            await self._banks.poster.until_taken(bank, sent, self._at_the_page(record, word))
            return
        if record.channel == "iso20022":
            await self._banks.file(bank, write_done(bank.code, order, record.case, word.lines), sent)
            return
        body = orjson.dumps(confirmation(word))
        path = f"{ORDERS_PATH}/{record.order_id}/confirm"
        await self._banks.poster.deliver(bank, SignedRequest(bank, path, body, key=key), sent)

    def _at_the_page(self, record: OrderRecord, word: Word) -> Callable[[], Awaitable[Reply]]:
        async def say() -> Reply:
            line = Line(origin_of(record.link), 1)
            try:
                return Reply(await OrderVisitor(line, record.link, record.bank).say(word.lines), {})
            finally:
                line.close()

        return say
