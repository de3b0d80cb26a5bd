"""Taking a bank's word that it has done what it was ordered: each line is booked once, or becomes a contradiction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.hands import Hands
from activities.metrics import METRICS
from activities.ordering import order_over, tell_whose
from db import account_holds, answers, bank_orders, cases, events, ledger, procedures, tasks
from db.bank_orders import LineRow, OrderRow
from db.events import Event
from db.pool import Connection
from domain.confirming import Judged, judge
from domain.errors import RuleBroken
from domain.evidence import WORDS, binding
from schemas.answers import Contradiction, Entry, NewTask
from schemas.enums import Bucket, EventKind, ProcedureKind, TaskKind
from schemas.orders import ConfirmationTaken, ConfirmedLine, OrderConfirmation
from schemas.restoration_enums import OrderKind, OrderState

ENGINE: Final = "engine"
GOES_TO: Final = {OrderKind.RESTORE: Bucket.RESTORED, OrderKind.RELEASE: Bucket.RELEASED}


class NotItsLine(RuleBroken):
    """The order has no such line."""

    def __init__(self, index: int, line_no: int) -> None:
        """`index`: where in the bank's word it stands, from 0."""
        super().__init__(f"lines[{index}]: the order has no line {line_no}")
        self.index = index
        self.line_no = line_no


async def check_lines(connection: Connection, order_id: UUID, told: OrderConfirmation) -> dict[int, LineRow]:
    """The lines of the order. Raises `NotItsLine` where the bank's word names another."""
    lines = {line.line_no: line for line in await bank_orders.lines_of(connection, order_id)}
    for index, said in enumerate(told.lines):
        if said.line_no not in lines:
            raise NotItsLine(index, said.line_no)
    return lines


async def take_confirmation(
    hands: Hands, institution: str | None, order_id: UUID, told: OrderConfirmation, source: str, note: str = ""
) -> ConfirmationTaken:
    """Take what a bank says it has done of an order, in one transaction; the same word again changes nothing.

    `institution`: whose order it must be; None for an officer who writes down what the bank said. `source` names who
    says it, for the log; `note` how an officer learned it. Money moves from `held` only as far as the order and the
    ledger have it. Raises `NotFound`, `NotItsLine`.
    """
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        case_no = await bank_orders.case_of(connection, order_id, institution)
        await cases.hold(connection, case_no)
        order = await bank_orders.get(connection, order_id)
        lines = await check_lines(connection, order_id, told)
        known = await bank_orders.known_words(connection, order_id)
        work = _Taking(connection, order, lines, known, source, note, now)
        for said in told.lines:
            await work.take(said)
        state = await work.finish()
    return ConfirmationTaken(
        order_id=order_id,
        state=state,
        applied=work.count["applied"],
        duplicates=work.count["duplicate"],
        contradictions=work.count["contradiction"],
    )


@dataclass
class _Taking:
    """One word of a bank on its way into the database, inside the caller's transaction."""

    connection: Connection
    order: OrderRow
    lines: dict[int, LineRow]
    known: set[str]
    source: str
    note: str
    now: datetime
    count: Counter[str] = field(default_factory=Counter)
    log: list[Event] = field(default_factory=list)
    moved: bool = False

    async def take(self, said: ConfirmedLine) -> None:
        line = self.lines[said.line_no]
        held_paise = await self._held_paise(line)
        judged = judge(self.order.kind, self.order.due_at, line.as_ordered, said, held_paise, self.known)
        self.count[judged.disposition] += 1
        self.known.add(judged.natural_key)
        entries = self._entries(line, judged)
        key = f"confirm|{self.order.order_id}|{judged.natural_key}"
        posted = await ledger.post(self.connection, self.order.case_no, "confirmation", key, self.now, entries)
        confirmation_id, words = await bank_orders.insert_confirmation(
            self.connection,
            self.order.order_id,
            said,
            natural_key=judged.natural_key,
            applied_paise=judged.applied_paise,
            disposition=judged.disposition,
            flags=judged.flags,
            source=self.source,
            note=self.note,
            transaction_id=posted,
            now=self.now,
        )
        if judged.applied_paise:
            self.moved = True
            confirmed = line.confirmed_paise + judged.applied_paise
            self.lines[said.line_no] = line.model_copy(update={"confirmed_paise": confirmed})
        if judged.disposition != "duplicate":
            said_in = f"{WORDS}/confirmation-{confirmation_id}.jsonl"
            bound = {"confirmation_id": confirmation_id, "bound": binding({said_in: words})}
            self._note(line, said, judged, entries, bound)
        if judged.contradiction:
            await self._contradict(line, said, judged)

    async def finish(self) -> OrderState:
        """The order's end where everything is done, and the end of holds with nothing left; returns how it stands."""
        order, connection = self.order, self.connection
        await events.append(connection, order.case_no, self.now, self.source, self.log)
        if not self.moved:
            return order.state
        for hold_id in sorted({line.hold_id for line in self.lines.values()}):
            if await account_holds.end_if_empty(connection, hold_id, self.now):
                data = {"hold_id": str(hold_id)}
                await events.append(connection, order.case_no, self.now, ENGINE, [Event(EventKind.HOLD_ENDED, data)])
            await procedures.tell(connection, ProcedureKind.HOLD, str(hold_id), self.now)
        done = all(line.confirmed_paise == line.amount_paise for line in self.lines.values())
        if done and order.state in bank_orders.LIVE:
            await bank_orders.finish(connection, order.order_id, OrderState.CONFIRMED, self.now)
            await order_over(connection, order, self.now, "the bank has done it")
            return OrderState.CONFIRMED
        await tell_whose(connection, order, self.now)
        return order.state

    async def _held_paise(self, line: LineRow) -> int:
        """What there is to move: of an excess line, which is in no bucket, all of it; nothing that others ask for.

        An order that was taken back may have been done all the same, and its money be ordered anew since.
        """
        if line.excess:
            return line.amount_paise
        case_no, order_id = self.order.case_no, self.order.order_id
        balances = await ledger.balances(self.connection, case_no, line.hop_no)
        others_paise = await bank_orders.ordered_paise(self.connection, case_no, line.hop_no, but=order_id)
        return max(balances.get(Bucket.HELD, 0) - others_paise, 0)

    def _entries(self, line: LineRow, judged: Judged) -> Sequence[Entry]:
        if line.excess or not judged.applied_paise:
            return ()
        to = GOES_TO[self.order.kind]
        return (
            Entry(hop_no=line.hop_no, bucket=Bucket.HELD, amount_paise=-judged.applied_paise),
            Entry(hop_no=line.hop_no, bucket=to, amount_paise=judged.applied_paise),
        )

    def _note(
        self,
        line: LineRow,
        said: ConfirmedLine,
        judged: Judged,
        entries: Sequence[Entry],
        bound: Mapping[str, object],
    ) -> None:
        data = {
            "order_id": str(self.order.order_id),
            "kind": self.order.kind.value,
            "institution": self.order.institution,
            "hop_no": line.hop_no,
            "claimed_paise": said.amount_paise,
            "applied_paise": judged.applied_paise,
            "flags": list(judged.flags),
            "placed": events.placed(entries),
            **bound,
        }
        self.log.append(Event(EventKind.ORDER_CONFIRMED, data))
        if judged.applied_paise:
            METRICS.order_confirmed(self.order.kind, judged.applied_paise)

    async def _contradict(self, line: LineRow, said: ConfirmedLine, judged: Judged) -> None:
        assert judged.contradiction is not None, "the caller has seen it"
        doubt = Contradiction(
            kind=judged.contradiction,
            claim_index=0,
            hop_no=line.hop_no,
            claimed_paise=said.amount_paise,
            applied_paise=judged.applied_paise,
        )
        case_no, institution = self.order.case_no, self.order.institution
        await answers.insert_contradictions(self.connection, case_no, institution, [doubt], [None], self.now)
        task = NewTask(kind=TaskKind.SETTLE_CONTRADICTION, hop_no=line.hop_no, note=doubt.kind.value)
        await tasks.open_tasks(self.connection, case_no, [task], self.now, institution=institution)
        data = {
            "kind": doubt.kind.value,
            "hop_no": line.hop_no,
            "institution": institution,
            "claimed_paise": doubt.claimed_paise,
            "applied_paise": doubt.applied_paise,
            "order_id": str(self.order.order_id),
        }
        self.log.append(Event(EventKind.CONTRADICTION_OPENED, data))
