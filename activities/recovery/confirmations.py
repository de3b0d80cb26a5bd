"""Confirmations of orders by banks: each line is booked once or becomes a discrepancy."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar
from uuid import UUID

from activities.context import Context
from activities.metrics import METRICS
from activities.recovery import message_sending
from activities.recovery.cancellations import settle_cancellation
from activities.recovery.order_transaction import OrderTransaction, order_transaction
from activities.recovery.orders import cancel_live_order, order_over
from db import proposals
from db.case import answers, events, ledger
from db.case.events import Event
from db.pool import Connection
from db.proposals import Kind, NewProposal
from db.recovery import account_holds, bank_orders, cancellations
from db.recovery.bank_orders import LineRow
from domain.errors import RuleBroken
from domain.evidence_binding import STATEMENTS, binding
from domain.recovery.orders import UNNAMED, Judged, Ordered, Statement, Via, judge, natural_key
from schemas.case.answers import Discrepancy, Entry
from schemas.enums import Bucket, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.recovery.orders import ConfirmationTaken, ConfirmedLine, OrderConfirmation, RecordedStatementTaken
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from schemas.tasks import TaskCause, TaskFacts, about_hop

EXECUTED_ANYWAY: Final = "the bank had executed the cancelled order"
NOT_PLANNED_AGAIN: Final = frozenset(
    {
        OrderReason.COMPLAINT_WITHDRAWN,
        OrderReason.COURT,
        OrderReason.GRIEVANCE,
        OrderReason.OBJECTION,
        OrderReason.SMALL_HOLD,
    }
)
"""reasons of releases that no deadline plans again if the bank has not done them"""
BUCKET_AFTER: Final = {OrderKind.RESTORE: Bucket.RESTORED, OrderKind.RELEASE: Bucket.RELEASED}


_Line = TypeVar("_Line", ConfirmedLine, Statement)


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
    async with order_transaction(ctx, order_id, source, institution=institution) as work:
        booking = await _Booking.begin(work, statement, via)
        return await booking.take_all(statement)


async def record_statement(
    ctx: Context, order_id: UUID, statement: OrderConfirmation, note: str, officer: str, *, supervises: bool
) -> RecordedStatementTaken:
    """Book a bank's statement to an officer, after a second officer has entered the same.

    The second officer must be allowed to move money out of `held`. `note` says who at the bank stated it, when and how.
    Raises `NotFound`, `NotItsLine`.
    """
    async with order_transaction(ctx, order_id, officer) as work:
        booking = await _Booking.begin(work, statement, Via.OFFICER, note)
        if supervises:
            booking.proposed_by = await proposals.agree_to_same(work.connection, booking.proposal(statement))
        if booking.proposed_by is None:
            await booking.propose(statement)
            taken = ConfirmationTaken(
                order_id=order_id, state=work.order.state, applied=0, duplicates=0, contradictions=0
            )
            return RecordedStatementTaken(**taken.model_dump(), waits_for_second=True)
        taken = await booking.take_all(statement)
        causes = [TaskCause.ORDER_SECOND_OFFICER]
        await work.close_tasks(work.subject, causes, "a second officer has entered the same")
        return RecordedStatementTaken(**taken.model_dump(), waits_for_second=False)


@dataclass
class _Booking(OrderTransaction):
    """Booking of one bank statement. The actor is who states what the bank has done."""

    lines: dict[int, LineRow]
    known: list[Statement]
    via: Via
    """how the statement arrived"""
    note: str
    proposed_by: str | None = None
    count: Counter[str] = field(default_factory=Counter)
    written: list[Event] = field(default_factory=list)
    """events to be written after all lines are booked"""
    booked: list[tuple[LineRow, int, str]] = field(default_factory=list)
    """lines with the booked paise and the bank's reference"""

    @classmethod
    async def begin(cls, work: OrderTransaction, statement: OrderConfirmation, via: Via, note: str = "") -> Self:
        """Return the booking of a statement. Raises `NotItsLine`."""
        order = work.order
        lines = await check_lines(work.connection, order.order_id, statement)
        known = await bank_orders.known_statements(work.connection, order.order_id)
        return cls.of(work, order=order, lines=lines, known=known, via=via, note=note)

    @property
    def moved(self) -> bool:
        return bool(self.booked)

    def proposal(self, statement: OrderConfirmation) -> NewProposal:
        """Return what the officer has entered, as a proposal."""
        return NewProposal(
            kind=Kind.ORDER_STATEMENT,
            subject=str(self.order.order_id),
            matter=hashlib.sha256(statement.model_dump_json().encode()).hexdigest(),
            case_no=self.case_no,
            body=statement.model_dump(mode="json"),
            reason=self.note,
            proposed_by=self.actor,
            proposed_at=self.now,
        )

    async def propose(self, statement: OrderConfirmation) -> None:
        """Store what one officer has entered, and ask for a second officer."""
        if await proposals.insert(self.connection, self.proposal(statement)) is not None:
            await self.ask_about_order(TaskKind.SUPERVISE, TaskCause.ORDER_SECOND_OFFICER, caused_by=self.actor)
            await self.log(EventKind.ORDER_STATEMENT_PROPOSED)

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
            contradictions=self.count["discrepancy"],
        )

    async def _cancel_replacements(self, statement: OrderConfirmation) -> None:
        """Cancel the replacements of a cancelled order that the bank executed: they would pay the same money twice."""
        cancellation = await cancellations.find(self.connection, self.order.order_id)
        if cancellation is None or cancellation.settled_at is not None:
            return
        # If officers repeat a statement about a doubtful credit, that statement resolves the doubt.
        settles = self.via is Via.OFFICER
        known = {
            (earlier.natural_key, earlier.amount_paise)
            for earlier in self.known
            if not settles or earlier.applied_paise == earlier.amount_paise
        }
        if all((natural_key(stated), stated.amount_paise) in known for stated in statement.lines):
            return
        for waiting in await cancellations.waiting_for(self.connection, self.order.order_id):
            instead = await bank_orders.get(self.connection, waiting)
            engine = self.by_engine(instead)
            await cancel_live_order(engine, EXECUTED_ANYWAY)
            if instead.reason in NOT_PLANNED_AGAIN:
                facts = TaskFacts(order_reason=instead.reason)
                await engine.ask_about_order(TaskKind.SUPERVISE, TaskCause.ORDER_TO_REPEAT, facts)

    async def take(self, stated: ConfirmedLine) -> None:
        line = self.lines[stated.line_no]
        held_paise = await self._movable_paise(line)
        order = self.order
        judged = judge(
            order.kind,
            order.due_at,
            self._as_ordered(line),
            self._at_its_bank(stated),
            held_paise,
            [self._at_its_bank(earlier) for earlier in self.known],
            self.via,
        )
        self.count[judged.disposition] += 1
        entries = self._entries(line, judged)
        key = f"confirm|{order.order_id}|{judged.natural_key}"
        posted = await ledger.post(self.connection, order.case_no, "confirmation", key, self.now, entries)
        confirmation_id, bound_line = await bank_orders.insert_confirmation(
            self.connection,
            order.order_id,
            stated,
            natural_key=judged.natural_key,
            applied_paise=judged.applied_paise,
            disposition=judged.disposition,
            flags=judged.flags,
            source=self.actor,
            via=self.via,
            note=self.note,
            proposed_by=self.proposed_by,
            transaction_id=posted,
            now=self.now,
        )
        self.known.append(
            Statement(
                natural_key=judged.natural_key,
                applied_paise=judged.applied_paise,
                disposition=judged.disposition,
                via=self.via,
                **stated.model_dump(exclude={"done_at"}),
            )
        )
        if judged.applied_paise:
            self.booked.append((line, judged.applied_paise, stated.reference))
            confirmed = line.confirmed_paise + judged.applied_paise
            self.lines[stated.line_no] = line.model_copy(update={"confirmed_paise": confirmed})
        if judged.disposition != "duplicate":
            file_name = f"{STATEMENTS}/confirmation-{confirmation_id}.jsonl"
            bound = {"confirmation_id": confirmation_id, "bound": binding({file_name: bound_line})}
            self._note_line(line, stated, judged, entries, bound)
        if judged.discrepancy:
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
        bank, _ = self.ctx.directory.current.resolve(name, None, holder, "credited") if name else (None, [])
        return bank.code if bank else ""

    async def finish(self) -> OrderState:
        """Finish the order if all is done, and end holds with nothing left; return the order's state."""
        order, connection = self.order, self.connection
        await self.log_all(self.written)
        if not self.moved:
            return order.state
        for hold_id in sorted({line.hold_id for line in self.lines.values()}):
            if await account_holds.end_if_empty(connection, hold_id, self.now):
                ended = Event(EventKind.HOLD_ENDED, {"hold_id": str(hold_id)})
                await self.by_engine(order).log_all([ended])
            await self.notify(ProcedureKind.HOLD, hold_id)
        await self._notify_victims()
        done = all(line.confirmed_paise == line.amount_paise for line in self.lines.values())
        if done and order.state is OrderState.CANCELLED:
            await settle_cancellation(self, EXECUTED_ANYWAY)
        if done and order.state in bank_orders.LIVE:
            await bank_orders.finish(connection, order.order_id, OrderState.CONFIRMED, self.now)
            await order_over(self, "the bank has confirmed it")
            return OrderState.CONFIRMED
        await self.notify_workflows()
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
            ordered = [line.as_ordered.beneficiary for line, _, _ in self.booked if line.ack_no == ack_no]
            accounts = {(account.institution, account.holder): account for account in ordered if account is not None}
            await message_sending.credited(
                self.connection,
                self.ctx,
                self.order,
                ack_no,
                list(accounts.values()),
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
        others_paise = await ledger.ordered_paise(self.connection, case_no, line.hop_no, but=order_id)
        return max(balances.get(Bucket.HELD, 0) - others_paise, 0)

    def _entries(self, line: LineRow, judged: Judged) -> Sequence[Entry]:
        if line.excess or not judged.applied_paise:
            return ()
        to = BUCKET_AFTER[self.order.kind]
        return (
            Entry(hop_no=line.hop_no, bucket=Bucket.HELD, amount_paise=-judged.applied_paise),
            Entry(hop_no=line.hop_no, bucket=to, amount_paise=judged.applied_paise),
        )

    def _note_line(
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
        self.written.append(Event(EventKind.ORDER_CONFIRMED, data))
        if judged.applied_paise:
            METRICS.order_confirmed(self.order.kind, judged.applied_paise)

    async def _open_discrepancy(self, line: LineRow, stated: ConfirmedLine, judged: Judged) -> None:
        assert judged.discrepancy is not None, "the caller has checked for a discrepancy"
        doubt = Discrepancy(
            kind=judged.discrepancy,
            claim_index=0,
            hop_no=line.hop_no,
            claimed_paise=stated.amount_paise,
            applied_paise=judged.applied_paise if judged.against_paise is None else judged.against_paise,
        )
        institution = self.order.institution
        await answers.insert_discrepancies(self.connection, self.case_no, institution, [doubt], [None], self.now)
        facts = TaskFacts(
            discrepancy=doubt.kind,
            institution=institution,
            claimed_paise=doubt.claimed_paise,
            against_paise=doubt.applied_paise,
            order_id=str(self.order.order_id),
            reference=stated.reference,
        )
        task = about_hop(TaskKind.RESOLVE_DISCREPANCY, TaskCause.DISCREPANCY, line.hop_no, facts)
        await self.ask(task, institution=institution)
        data = {
            "kind": doubt.kind.value,
            "hop_no": line.hop_no,
            "institution": institution,
            "claimed_paise": doubt.claimed_paise,
            "applied_paise": doubt.applied_paise,
            "order_id": str(self.order.order_id),
        }
        self.written.append(Event(EventKind.DISCREPANCY_OPENED, data))
