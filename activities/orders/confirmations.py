"""Confirmations of orders by banks: each line is booked once or becomes a discrepancy."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from activities.context import Context
from activities.metrics import METRICS
from activities.notifications import restoration_messages
from activities.orders.cancellations import settle_cancellation
from activities.orders.orders import ask_about_order, cancel_live_order, notify_workflows, order_over, subject_of
from db.cases import cases, events, ledger, tasks
from db.cases.events import Event
from db.holds import account_holds
from db.orders import bank_orders, cancellations, proposals
from db.orders.bank_orders import LineRow, OrderRow
from db.outbox import procedure_outbox
from db.pool import Connection
from db.tracing import answers
from domain.errors import RuleBroken
from domain.evidence.pack import WORDS, binding
from domain.orders import UNNAMED, Judged, Ordered, Via, Word, judge, natural_key
from schemas.enums import Bucket, EventKind, ProcedureKind, TaskKind
from schemas.orders.orders import ConfirmationTaken, ConfirmedLine, OrderConfirmation, WrittenDownTaken
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from schemas.tasks import TaskCause, TaskFacts, about_hop
from schemas.tracing.answers import Contradiction, Entry

ENGINE: Final = "engine"
EXECUTED_ANYWAY: Final = "the bank had executed the cancelled order"
NOT_PLANNED_AGAIN: Final = frozenset(
    {OrderReason.COURT, OrderReason.GRIEVANCE, OrderReason.OBJECTION, OrderReason.MICRO}
)
"""reasons of releases that no deadline plans again if the bank has not done them"""
BUCKET_AFTER: Final = {OrderKind.RESTORE: Bucket.RESTORED, OrderKind.RELEASE: Bucket.RELEASED}


_Line = TypeVar("_Line", ConfirmedLine, Word)


class NotItsLine(RuleBroken):
    """The order has no such line."""

    def __init__(self, index: int, line_no: int) -> None:
        """Build the error. `index` is the place of the line in the bank's statement, from 0."""
        super().__init__(f"lines[{index}]: the order has no line {line_no}")
        self.index = index
        self.line_no = line_no


async def check_lines(connection: Connection, order_id: UUID, statement: OrderConfirmation) -> dict[int, LineRow]:
    """Return the lines of the order by number. Raises `NotItsLine` if the statement names another line."""
    lines = {line.line_no: line for line in await bank_orders.lines_of(connection, order_id)}
    for index, stated in enumerate(statement.lines):
        if stated.line_no not in lines:
            raise NotItsLine(index, stated.line_no)
    return lines


async def take_confirmation(
    ctx: Context, institution: str, order_id: UUID, statement: OrderConfirmation, source: str, via: Via = Via.DOOR
) -> ConfirmationTaken:
    """Book a bank's statement about an order in one transaction. The same statement again changes nothing.

    The order must belong to `institution`. `source` names in the log who states it, and `via` is how it arrived. Money
    moves out of `held` only as far as the order and the ledger allow. Raises `NotFound`, `NotItsLine`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await _begin(ctx, connection, institution, order_id, statement, _Origin(source, via))
        return await work.take_all(statement)


async def write_down(
    ctx: Context, order_id: UUID, statement: OrderConfirmation, note: str, officer: str, *, supervises: bool
) -> WrittenDownTaken:
    """Book a bank's statement to an officer, after a second officer has entered the same.

    The second officer must be allowed to move money out of `held`. `note` says who at the bank stated it, when and how.
    Raises `NotFound`, `NotItsLine`.
    """
    digest = hashlib.sha256(statement.model_dump_json().encode()).digest()
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await _begin(ctx, connection, None, order_id, statement, _Origin(officer, Via.OFFICER, note))
        proposed_by = None
        if supervises:
            proposed_by = await proposals.agree(connection, order_id, digest, officer, work.now)
        if proposed_by is None:
            await work.propose(statement, digest)
            taken = ConfirmationTaken(
                order_id=order_id, state=work.order.state, applied=0, duplicates=0, contradictions=0
            )
            return WrittenDownTaken(**taken.model_dump(), waits_for_second=True)
        work.origin = replace(work.origin, proposed_by=proposed_by)
        taken = await work.take_all(statement)
        subject, causes = subject_of(order_id), [TaskCause.ORDER_SECOND_OFFICER]
        await tasks.close_about(
            connection, work.order.case_no, subject, causes, work.now, "a second officer has entered the same"
        )
        return WrittenDownTaken(**taken.model_dump(), waits_for_second=False)


@dataclass(frozen=True)
class _Origin:
    """Who states what the bank has done, and how it arrived."""

    source: str
    via: Via
    note: str = ""
    proposed_by: str | None = None


async def _begin(
    ctx: Context,
    connection: Connection,
    institution: str | None,
    order_id: UUID,
    statement: OrderConfirmation,
    origin: _Origin,
) -> "_Booking":
    case_no = await bank_orders.case_of(connection, order_id, institution)
    await cases.hold(connection, case_no)
    order = await bank_orders.get(connection, order_id)
    lines = await check_lines(connection, order_id, statement)
    known = await bank_orders.known_words(connection, order_id)
    return _Booking(ctx, connection, order, lines, known, origin, ctx.now())


@dataclass
class _Booking:
    """Booking of one bank statement, inside the caller's transaction."""

    ctx: Context
    connection: Connection
    order: OrderRow
    lines: dict[int, LineRow]
    known: list[Word]
    origin: _Origin
    now: datetime
    count: Counter[str] = field(default_factory=Counter)
    log: list[Event] = field(default_factory=list)
    booked: list[tuple[LineRow, int, str]] = field(default_factory=list)
    """lines with the booked paise and the bank's reference"""

    @property
    def moved(self) -> bool:
        return bool(self.booked)

    async def propose(self, statement: OrderConfirmation, digest: bytes) -> None:
        """Store what one officer has entered, and ask for a second officer."""
        order, origin = self.order, self.origin
        if await proposals.propose(
            self.connection, order.order_id, statement, digest, origin.note, origin.source, self.now
        ):
            kind, cause = TaskKind.SUPERVISE, TaskCause.ORDER_SECOND_OFFICER
            await ask_about_order(self.connection, order, kind, cause, self.now)
            data = {"order_id": str(order.order_id), "institution": order.institution}
            event = Event(EventKind.ORDER_WORD_PROPOSED, data)
            await events.append(self.connection, order.case_no, self.now, origin.source, [event])

    async def take_all(self, statement: OrderConfirmation) -> ConfirmationTaken:
        """Book every line of the statement as far as order and ledger allow."""
        if self.order.state is OrderState.CANCELLED:
            await self._cancel_replacements(statement)
        for stated in statement.lines:
            await self.take(stated)
        return ConfirmationTaken(
            order_id=self.order.order_id,
            state=await self.finish(),
            applied=self.count["applied"],
            duplicates=self.count["duplicate"],
            contradictions=self.count["contradiction"],
        )

    async def _cancel_replacements(self, statement: OrderConfirmation) -> None:
        """Cancel the replacements of a cancelled order that the bank executed: they would pay the same money twice."""
        found = await cancellations.find(self.connection, self.order.order_id)
        if found is None or found.settled_at is not None:
            return
        # If officers repeat a statement about a doubtful credit, that statement resolves the doubt.
        settles = self.origin.via is Via.OFFICER
        known = {
            (word.natural_key, word.amount_paise)
            for word in self.known
            if not settles or word.applied_paise == word.amount_paise
        }
        if all((natural_key(stated), stated.amount_paise) in known for stated in statement.lines):
            return
        for waiting in await cancellations.waiting_for(self.connection, self.order.order_id):
            instead = await bank_orders.get(self.connection, waiting)
            await cancel_live_order(self.connection, instead, EXECUTED_ANYWAY, ENGINE, self.now)
            if instead.reason in NOT_PLANNED_AGAIN:
                kind, facts = TaskKind.SUPERVISE, TaskFacts(order_reason=instead.reason)
                cause = TaskCause.ORDER_TO_REPEAT
                await ask_about_order(self.connection, instead, kind, cause, self.now, facts)

    async def take(self, stated: ConfirmedLine) -> None:
        line = self.lines[stated.line_no]
        held_paise = await self._movable_paise(line)
        order, origin = self.order, self.origin
        judged = judge(
            order.kind,
            order.due_at,
            self._as_ordered(line),
            self._at_its_bank(stated),
            held_paise,
            [self._at_its_bank(word) for word in self.known],
            origin.via,
        )
        self.count[judged.disposition] += 1
        entries = self._entries(line, judged)
        key = f"confirm|{order.order_id}|{judged.natural_key}"
        posted = await ledger.post(self.connection, order.case_no, "confirmation", key, self.now, entries)
        confirmation_id, words = await bank_orders.insert_confirmation(
            self.connection,
            order.order_id,
            stated,
            natural_key=judged.natural_key,
            applied_paise=judged.applied_paise,
            disposition=judged.disposition,
            flags=judged.flags,
            source=origin.source,
            via=origin.via,
            note=origin.note,
            proposed_by=origin.proposed_by,
            transaction_id=posted,
            now=self.now,
        )
        self.known.append(
            Word(
                natural_key=judged.natural_key,
                applied_paise=judged.applied_paise,
                disposition=judged.disposition,
                via=origin.via,
                **stated.model_dump(exclude={"done_at"}),
            )
        )
        if judged.applied_paise:
            self.booked.append((line, judged.applied_paise, stated.reference))
            confirmed = line.confirmed_paise + judged.applied_paise
            self.lines[stated.line_no] = line.model_copy(update={"confirmed_paise": confirmed})
        if judged.disposition != "duplicate":
            said_in = f"{WORDS}/confirmation-{confirmation_id}.jsonl"
            bound = {"confirmation_id": confirmation_id, "bound": binding({said_in: words})}
            self._note(line, stated, judged, entries, bound)
        if judged.contradiction:
            await self._open_discrepancy(line, stated, judged)

    def _as_ordered(self, line: LineRow) -> Ordered:
        ordered = line.as_ordered
        if ordered.beneficiary is None:
            return ordered
        code = self._code(ordered.beneficiary.institution, ordered.beneficiary.holder)
        return ordered.model_copy(update={"beneficiary": ordered.beneficiary.model_copy(update={"institution": code})})

    def _at_its_bank(self, stated: _Line) -> _Line:
        """Return the statement with the credited bank's code; "" if the directory does not know the bank."""
        code = self._code(stated.credited_institution, stated.credited_account)
        return stated.model_copy(update={"credited_institution": code})

    def _code(self, name: str, holder: str) -> str:
        found, _ = self.ctx.directory.current.resolve(name, None, holder, "credited") if name else (None, [])
        return found.code if found else ""

    async def finish(self) -> OrderState:
        """Finish the order if all is done, and end holds with nothing left; return the order's state."""
        order, connection = self.order, self.connection
        await events.append(connection, order.case_no, self.now, self.origin.source, self.log)
        if not self.moved:
            return order.state
        for hold_id in sorted({line.hold_id for line in self.lines.values()}):
            if await account_holds.end_if_empty(connection, hold_id, self.now):
                data = {"hold_id": str(hold_id)}
                await events.append(connection, order.case_no, self.now, ENGINE, [Event(EventKind.HOLD_ENDED, data)])
            await procedure_outbox.tell(connection, ProcedureKind.HOLD, str(hold_id), self.now)
        await self._notify_victims()
        done = all(line.confirmed_paise == line.amount_paise for line in self.lines.values())
        if done and order.state is OrderState.CANCELLED:
            await settle_cancellation(connection, order, self.origin.source, EXECUTED_ANYWAY, self.now)
        if done and order.state in bank_orders.LIVE:
            await bank_orders.finish(connection, order.order_id, OrderState.CONFIRMED, self.now)
            await order_over(connection, order, self.now, "the bank has confirmed it")
            return OrderState.CONFIRMED
        await notify_workflows(connection, order, self.now)
        return order.state

    async def _notify_victims(self) -> None:
        """Notify the victims of this bank's credit at once, because another bank of the case may take months."""
        if self.order.kind is not OrderKind.RESTORE:
            return
        occasion = str(sum(line.confirmed_paise for line in self.lines.values()))
        for ack_no in dict.fromkeys(line.ack_no for line, _, _ in self.booked):
            mine = [(paise, reference) for line, paise, reference in self.booked if line.ack_no == ack_no]
            names = [reference for _, reference in mine if not reference.startswith(UNNAMED)]
            assert ack_no is not None, "a line that restores names its victim"
            await restoration_messages.credited(
                self.connection,
                self.order,
                ack_no,
                sum(paise for paise, _ in mine),
                next(iter(names), ""),
                occasion,
                self.now,
            )

    async def _movable_paise(self, line: LineRow) -> int:
        """Return the paise that the line can move, without money that other orders ask for.

        An excess line is in no bucket, so all of it can move. The bank may have executed a cancelled order whose money
        is ordered again since.
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
        to = BUCKET_AFTER[self.order.kind]
        return (
            Entry(hop_no=line.hop_no, bucket=Bucket.HELD, amount_paise=-judged.applied_paise),
            Entry(hop_no=line.hop_no, bucket=to, amount_paise=judged.applied_paise),
        )

    def _note(
        self,
        line: LineRow,
        stated: ConfirmedLine,
        judged: Judged,
        entries: Sequence[Entry],
        bound: Mapping[str, object],
    ) -> None:
        data = {
            "order_id": str(self.order.order_id),
            "kind": self.order.kind.value,
            "institution": self.order.institution,
            "hop_no": line.hop_no,
            "claimed_paise": stated.amount_paise,
            "applied_paise": judged.applied_paise,
            "flags": list(judged.flags),
            "placed": events.placed(entries),
            **bound,
        }
        self.log.append(Event(EventKind.ORDER_CONFIRMED, data))
        if judged.applied_paise:
            METRICS.order_confirmed(self.order.kind, judged.applied_paise)

    async def _open_discrepancy(self, line: LineRow, stated: ConfirmedLine, judged: Judged) -> None:
        assert judged.contradiction is not None, "the caller has checked for a discrepancy"
        doubt = Contradiction(
            kind=judged.contradiction,
            claim_index=0,
            hop_no=line.hop_no,
            claimed_paise=stated.amount_paise,
            applied_paise=judged.applied_paise if judged.against_paise is None else judged.against_paise,
        )
        case_no, institution = self.order.case_no, self.order.institution
        await answers.insert_contradictions(self.connection, case_no, institution, [doubt], [None], self.now)
        facts = TaskFacts(contradiction=doubt.kind)
        task = about_hop(TaskKind.SETTLE_CONTRADICTION, TaskCause.CONTRADICTION, line.hop_no, facts)
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
