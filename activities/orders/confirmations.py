"""Taking a bank's word that it has done what it was ordered: each line is booked once, or becomes a contradiction."""

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
from activities.orders.orders import ask_about_order, order_over, subject_of, take_back, tell_whose
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
DONE_ALL_THE_SAME: Final = "the bank had done what was taken back"
NOBODY_PLANS_AGAIN: Final = frozenset(
    {OrderReason.COURT, OrderReason.GRIEVANCE, OrderReason.OBJECTION, OrderReason.MICRO}
)
"""of a release for one of these, what a bank has not done comes back by no clock"""
GOES_TO: Final = {OrderKind.RESTORE: Bucket.RESTORED, OrderKind.RELEASE: Bucket.RELEASED}


_Said = TypeVar("_Said", ConfirmedLine, Word)


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
    ctx: Context, institution: str, order_id: UUID, told: OrderConfirmation, source: str, via: Via = Via.DOOR
) -> ConfirmationTaken:
    """Take what a bank says it has done of an order, in one transaction; the same word again changes nothing.

    `institution`: whose order it must be. `source` names who says it, for the log; `via` is the way it came. Money
    moves from `held` only as far as the order and the ledger have it. Raises `NotFound`, `NotItsLine`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await _begin(ctx, connection, institution, order_id, told, _Teller(source, via))
        return await work.take_all(told)


async def write_down(
    ctx: Context, order_id: UUID, told: OrderConfirmation, note: str, officer: str, *, supervises: bool
) -> WrittenDownTaken:
    """Take what a bank told an officer, once a second one, who may take money out of `held`, has said the same.

    `note`: who of the bank said it, when and how. Raises `NotFound`, `NotItsLine`.
    """
    digest = hashlib.sha256(told.model_dump_json().encode()).digest()
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await _begin(ctx, connection, None, order_id, told, _Teller(officer, Via.OFFICER, note))
        proposed_by = None
        if supervises:
            proposed_by = await proposals.agree(connection, order_id, digest, officer, work.now)
        if proposed_by is None:
            await work.propose(told, digest)
            taken = ConfirmationTaken(
                order_id=order_id, state=work.order.state, applied=0, duplicates=0, contradictions=0
            )
            return WrittenDownTaken(**taken.model_dump(), waits_for_second=True)
        work.teller = replace(work.teller, proposed_by=proposed_by)
        taken = await work.take_all(told)
        subject, causes = subject_of(order_id), [TaskCause.ORDER_SECOND_OFFICER]
        await tasks.close_about(connection, work.order.case_no, subject, causes, work.now, "it is said again")
        return WrittenDownTaken(**taken.model_dump(), waits_for_second=False)


@dataclass(frozen=True)
class _Teller:
    """Who tells what the bank has done, and which way."""

    source: str
    via: Via
    note: str = ""
    proposed_by: str | None = None


async def _begin(
    ctx: Context,
    connection: Connection,
    institution: str | None,
    order_id: UUID,
    told: OrderConfirmation,
    teller: _Teller,
) -> "_Taking":
    case_no = await bank_orders.case_of(connection, order_id, institution)
    await cases.hold(connection, case_no)
    order = await bank_orders.get(connection, order_id)
    lines = await check_lines(connection, order_id, told)
    known = await bank_orders.known_words(connection, order_id)
    return _Taking(ctx, connection, order, lines, known, teller, ctx.now())


@dataclass
class _Taking:
    """One word of a bank on its way into the database, inside the caller's transaction."""

    ctx: Context
    connection: Connection
    order: OrderRow
    lines: dict[int, LineRow]
    known: list[Word]
    teller: _Teller
    now: datetime
    count: Counter[str] = field(default_factory=Counter)
    log: list[Event] = field(default_factory=list)
    booked: list[tuple[LineRow, int, str]] = field(default_factory=list)
    """lines with the paise that were booked, and under which reference of the bank's"""

    @property
    def moved(self) -> bool:
        return bool(self.booked)

    async def propose(self, told: OrderConfirmation, digest: bytes) -> None:
        """Keep what one officer has written down, and ask for a second one."""
        order, teller = self.order, self.teller
        if await proposals.propose(self.connection, order.order_id, told, digest, teller.note, teller.source, self.now):
            kind, cause = TaskKind.SUPERVISE, TaskCause.ORDER_SECOND_OFFICER
            await ask_about_order(self.connection, order, kind, cause, self.now)
            data = {"order_id": str(order.order_id), "institution": order.institution}
            event = Event(EventKind.ORDER_WORD_PROPOSED, data)
            await events.append(self.connection, order.case_no, self.now, teller.source, [event])

    async def take_all(self, told: OrderConfirmation) -> ConfirmationTaken:
        """Book every line of the word as far as it goes."""
        if self.order.state is OrderState.CANCELLED:
            await self._make_way(told)
        for said in told.lines:
            await self.take(said)
        return ConfirmationTaken(
            order_id=self.order.order_id,
            state=await self.finish(),
            applied=self.count["applied"],
            duplicates=self.count["duplicate"],
            contradictions=self.count["contradiction"],
        )

    async def _make_way(self, told: OrderConfirmation) -> None:
        """The bank has done what was taken back: what waits in its place would ask for the same money again."""
        found = await cancellations.find(self.connection, self.order.order_id)
        if found is None or found.settled_at is not None:
            return
        # What officers say again of a credit that is in doubt is what settles it.
        settles = self.teller.via is Via.OFFICER
        known = {
            (word.natural_key, word.amount_paise)
            for word in self.known
            if not settles or word.applied_paise == word.amount_paise
        }
        if all((natural_key(said), said.amount_paise) in known for said in told.lines):
            return
        for waiting in await cancellations.waiting_for(self.connection, self.order.order_id):
            instead = await bank_orders.get(self.connection, waiting)
            await take_back(self.connection, instead, DONE_ALL_THE_SAME, ENGINE, self.now)
            if instead.reason in NOBODY_PLANS_AGAIN:
                kind, facts = TaskKind.SUPERVISE, TaskFacts(order_reason=instead.reason)
                cause = TaskCause.ORDER_TO_REPEAT
                await ask_about_order(self.connection, instead, kind, cause, self.now, facts)

    async def take(self, said: ConfirmedLine) -> None:
        line = self.lines[said.line_no]
        held_paise = await self._held_paise(line)
        order, teller = self.order, self.teller
        judged = judge(
            order.kind,
            order.due_at,
            self._as_ordered(line),
            self._at_its_bank(said),
            held_paise,
            [self._at_its_bank(word) for word in self.known],
            teller.via,
        )
        self.count[judged.disposition] += 1
        entries = self._entries(line, judged)
        key = f"confirm|{order.order_id}|{judged.natural_key}"
        posted = await ledger.post(self.connection, order.case_no, "confirmation", key, self.now, entries)
        confirmation_id, words = await bank_orders.insert_confirmation(
            self.connection,
            order.order_id,
            said,
            natural_key=judged.natural_key,
            applied_paise=judged.applied_paise,
            disposition=judged.disposition,
            flags=judged.flags,
            source=teller.source,
            via=teller.via,
            note=teller.note,
            proposed_by=teller.proposed_by,
            transaction_id=posted,
            now=self.now,
        )
        self.known.append(
            Word(
                natural_key=judged.natural_key,
                applied_paise=judged.applied_paise,
                disposition=judged.disposition,
                via=teller.via,
                **said.model_dump(exclude={"done_at"}),
            )
        )
        if judged.applied_paise:
            self.booked.append((line, judged.applied_paise, said.reference))
            confirmed = line.confirmed_paise + judged.applied_paise
            self.lines[said.line_no] = line.model_copy(update={"confirmed_paise": confirmed})
        if judged.disposition != "duplicate":
            said_in = f"{WORDS}/confirmation-{confirmation_id}.jsonl"
            bound = {"confirmation_id": confirmation_id, "bound": binding({said_in: words})}
            self._note(line, said, judged, entries, bound)
        if judged.contradiction:
            await self._contradict(line, said, judged)

    def _as_ordered(self, line: LineRow) -> Ordered:
        ordered = line.as_ordered
        if ordered.beneficiary is None:
            return ordered
        code = self._code(ordered.beneficiary.institution, ordered.beneficiary.holder)
        return ordered.model_copy(update={"beneficiary": ordered.beneficiary.model_copy(update={"institution": code})})

    def _at_its_bank(self, said: _Said) -> _Said:
        """The word with the code of the bank that it says was credited; "" where the directory knows none by that."""
        code = self._code(said.credited_institution, said.credited_account)
        return said.model_copy(update={"credited_institution": code})

    def _code(self, told: str, holder: str) -> str:
        found, _ = self.ctx.directory.current.resolve(told, None, holder, "credited") if told else (None, [])
        return found.code if found else ""

    async def finish(self) -> OrderState:
        """The order's end where everything is done, and the end of holds with nothing left; returns how it stands."""
        order, connection = self.order, self.connection
        await events.append(connection, order.case_no, self.now, self.teller.source, self.log)
        if not self.moved:
            return order.state
        for hold_id in sorted({line.hold_id for line in self.lines.values()}):
            if await account_holds.end_if_empty(connection, hold_id, self.now):
                data = {"hold_id": str(hold_id)}
                await events.append(connection, order.case_no, self.now, ENGINE, [Event(EventKind.HOLD_ENDED, data)])
            await procedure_outbox.tell(connection, ProcedureKind.HOLD, str(hold_id), self.now)
        await self._tell_victims()
        done = all(line.confirmed_paise == line.amount_paise for line in self.lines.values())
        if done and order.state is OrderState.CANCELLED:
            await settle_cancellation(connection, order, self.teller.source, DONE_ALL_THE_SAME, self.now)
        if done and order.state in bank_orders.LIVE:
            await bank_orders.finish(connection, order.order_id, OrderState.CONFIRMED, self.now)
            await order_over(connection, order, self.now, "the bank has done it")
            return OrderState.CONFIRMED
        await tell_whose(connection, order, self.now)
        return order.state

    async def _tell_victims(self) -> None:
        """Each bank's credit is told as it comes: another bank of the case may be silent for months."""
        if self.order.kind is not OrderKind.RESTORE:
            return
        occasion = str(sum(line.confirmed_paise for line in self.lines.values()))
        for ack_no in dict.fromkeys(line.ack_no for line, _, _ in self.booked):
            mine = [(paise, reference) for line, paise, reference in self.booked if line.ack_no == ack_no]
            names = [reference for _, reference in mine if not reference.startswith(UNNAMED)]
            assert ack_no is not None, "a line that restores names its victim"
            await restoration_messages.credited(
                self.connection,
                self.ctx,
                self.order,
                ack_no,
                sum(paise for paise, _ in mine),
                next(iter(names), ""),
                occasion,
            )

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
