"""Intake of complaints.

One transaction writes everything, and only then the number is returned (architecture.md, "How a rupee flows", 1).
"""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activities.cases.parked_corrections import WAITING, Corrected, Told, correct_as_told
from activities.cases.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.metrics import METRICS
from activities.police.firs import ask_by_itself
from activities.tracing.payer_inquiries import plan_inquiries
from db import intake
from db.cases import cases, events, hops, ledger, tasks
from db.cases.events import Event
from db.intake import KnownTransfer, Move, ToldRow
from db.outbox import case_outbox
from db.pool import Connection
from db.restoration import withdrawals
from domain.errors.cases import TransferBusy
from domain.errors.intake import AckNosExhausted, AckNoTaken, IdempotencyKeyReused
from domain.intake.ack_numbers import make_ack_no
from domain.intake.flags import oddities
from domain.intake.known_transfers import Statement, differing, find, flags_of
from domain.ledger import complaint_entries
from domain.tracing.trail import first_state, tasks_before_asking
from schemas.base import Flag
from schemas.enums import AnswerClass, CaseState, Channel, Differing, EventKind, HopSource, TaskKind
from schemas.identifiers import account_key, reference_key
from schemas.intake import Complaint, ComplaintReceipt, Transfer
from schemas.outbox.case import CaseNews, CaseStart, FollowUp, HopBrief, HopRef
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop
from schemas.tracing.answers import Entry


@dataclass(frozen=True)
class Taken:
    """A complaint that is committed. `repeated`: it was taken before, with the same key or number."""

    receipt: ComplaintReceipt
    follow_up: FollowUp | None
    repeated: bool = False


@dataclass(frozen=True)
class _Row:
    """A transfer of a complaint, with the bank that the directory finds for it."""

    index: int
    transfer: Transfer
    institution: str | None
    answer_class: AnswerClass
    statement: Statement

    @property
    def key(self) -> str:
        """Return the identity of the transfer."""
        return self.statement.key

    @property
    def move(self) -> Move | None:
        """Return what a hop without a reference is known by; None if the directory has no bank for it."""
        stated = self.statement
        if self.institution is None:
            return None
        return self.institution, stated.account_key, stated.payer_key, stated.amount_paise


@dataclass(frozen=True)
class _Sorted:
    """The rows of a complaint: those that become hops, and for the others what they are already."""

    fresh: list[_Row]
    matched: list[_Row]
    """rows whose transfer is registered"""
    known: dict[int, KnownTransfer]
    """by index of the row"""
    repeats: dict[int, int]
    """index of a row, and of the earlier fresh row that is the same transfer"""
    differing: dict[int, tuple[Differing, ...]]
    flags: list[Flag]

    @property
    def cases(self) -> dict[int, str]:
        """Return the case of each known row, by its index."""
        return {index: known.case_no for index, known in self.known.items()}

    def most_paise(self, known: KnownTransfer) -> int:
        """Return the largest amount that the complaint tells of this transfer at its bank; zero without one."""
        same = [row for row in self.matched if self.known[row.index] is known]
        told = [row for row in same if Differing.BANK not in self.differing.get(row.index, ())]
        return max((row.statement.amount_paise for row in told), default=0)

    def hops_of(self, case_no: str) -> list[int]:
        """Return the hops of this case that the complaint names."""
        return [known.hop_no for known in self.known.values() if known.case_no == case_no]


_REPEATED = Flag(field="transfers", code="repeated_row", message="the same transfer is listed twice and counts once")

NUMBERS_TRIED_MAX: Final = 1000
"""numbers that are tried in a row before giving up"""


class _KnownMeanwhile(Exception):
    """Somebody registered or withdrew the transfer after the complaint had looked it up."""


async def take_complaint(ctx: Context, complaint: Complaint, *, idempotency_key: str, taken_by: str) -> Taken:
    """Commit a complaint with its case, hops, ledger entries and first event; return the workflow notification.

    The same caller, key and body give the same answer. Raises `IdempotencyKeyReused` (same key, other body) and
    `AckNoTaken` (the number is registered with other content).
    """
    by_account = True
    # Each repetition but one finds at least one more of its transfers registered, or one withdrawn.
    while True:
        try:
            return await _take(ctx, complaint, idempotency_key, taken_by, by_account=by_account)
        except _KnownMeanwhile:
            by_account = False


async def _take(ctx: Context, complaint: Complaint, idempotency_key: str, taken_by: str, *, by_account: bool) -> Taken:
    """Take the complaint once. `by_account`: a hop without a reference may be known by everything else."""
    digest = hashlib.sha256(complaint.model_dump_json().encode()).digest()
    rows, flags = _read_transfers(ctx, complaint)
    if not all(row.institution for row in rows):
        # The institution may have been loaded after this process read the directory.
        await ctx.directory.freshen()
        rows, flags = _read_transfers(ctx, complaint)
    names = [f"key|{taken_by}|{idempotency_key}", *(intake.lock_of_transfer(row.transfer.reference) for row in rows)]
    if complaint.ack_no:
        names.append(_ack_lock(complaint.ack_no))
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked_at = await intake.lock(connection, names)
        repeated = await _taken_before(connection, complaint, idempotency_key, taken_by, digest)
        if repeated:
            return Taken(repeated, None, repeated=True)
        moves = {row.move for row in rows if row.move and by_account}
        registered = await intake.known_transfers(connection, {row.statement.reference_key for row in rows}, moves)
        found = _sort(ctx, rows, registered)
        ack_no = complaint.ack_no or await new_ack_no(connection, complaint.channel, locked_at)
        work, full = await _case_to_join(ctx, connection, found, taken_by)
        joined = work is not None
        if work is None:
            head = await cases.open_case(connection, ack_no, locked_at, ctx.case_policy, len(found.fresh))
            work = CaseTransaction(ctx, connection, head, taken_by)
        odd = oddities(complaint, work.now, ctx.policy.trail)
        receipt = ComplaintReceipt(
            ack_no=ack_no,
            case_ack_no=work.case_no,
            joined=joined,
            flags=tuple(odd + flags + found.flags + _linked_cases(found, work.case_no) + full),
            received_at=work.now,
        )
        told = _told(rows, found, work.case_no, first_hop_no=work.head.last_hop_no + 1 if joined else 1)
        follow_up = await (_join_case if joined else _open_case)(work, receipt, found, told)
        await intake.insert(
            connection,
            complaint,
            receipt,
            told,
            taken_by=taken_by,
            idempotency_key=idempotency_key,
            body_digest=digest,
        )
        await _ask_about_differences(work, ack_no, told)
        await ask_by_itself(work)
    METRICS.complaint_taken(
        complaint.channel,
        joined=receipt.joined,
        transfer_to_complaint_seconds=[(work.now - row.transfer.transferred_at).total_seconds() for row in found.fresh],
    )
    return Taken(receipt, follow_up)


async def _taken_before(
    connection: Connection, complaint: Complaint, idempotency_key: str, taken_by: str, digest: bytes
) -> ComplaintReceipt | None:
    by_key = await intake.by_idempotency_key(connection, taken_by, idempotency_key)
    if by_key:
        if by_key.body_digest != digest:
            raise IdempotencyKeyReused
        return by_key.receipt
    by_number = await intake.by_ack_no(connection, complaint.ack_no) if complaint.ack_no else None
    if by_number:
        if by_number.body_digest != digest:
            raise AckNoTaken(by_number.receipt.ack_no)
        return by_number.receipt
    return None


def _read_transfers(ctx: Context, complaint: Complaint) -> tuple[list[_Row], list[Flag]]:
    """Resolve the payee institutions."""
    directory = ctx.directory.current
    rows: list[_Row] = []
    flags: list[Flag] = []
    for index, transfer in enumerate(complaint.transfers):
        payee = transfer.payee
        institution, odd = directory.resolve(payee.institution, payee.ifsc, payee.holder, f"transfers[{index}].payee")
        flags += odd
        code = institution.code if institution else None
        answer_class = institution.answer_class if institution else AnswerClass.MAIL
        payer = transfer.payer
        statement = Statement(
            reference_key=reference_key(transfer.reference),
            bank=code or payee.institution,
            account_key=account_key(payee.holder),
            payer_bank=_bank(ctx, payer.institution, payer.ifsc, payer.holder),
            payer_key=account_key(payer.holder),
            amount_paise=transfer.amount_paise,
            transferred_at=transfer.transferred_at,
        )
        rows.append(_Row(index, transfer, code, answer_class, statement))
    return rows, flags


def _bank(ctx: Context, told: str, ifsc: str | None, holder: str) -> str:
    found, _ = ctx.directory.current.resolve(told, ifsc, holder, "payer")
    return found.code if found else ""


def _sort(ctx: Context, rows: Sequence[_Row], registered: Sequence[KnownTransfer]) -> _Sorted:
    """Find the rows that are new transfers. A transfer that is known, or listed before, becomes no second hop."""
    found = _Sorted([], [], {}, {}, {}, [])
    known = [(one.transfer_key, _statement(ctx, one), one) for one in registered]
    listed: list[tuple[str, Statement, _Row]] = []
    for row in rows:
        if same := find(row.statement, known):
            found.matched.append(row)
            found.known[row.index] = same[1]
            where = f"case {same[1].case_no} has this transfer"
            _note_differences(found, row, same[0], where)
            if not same[1].reference_key:
                flag = Flag(field=f"transfers[{row.index}]", code="reference_added", message=f"{where} without one")
                found.flags.append(flag)
                # The complaint's next transfer has another reference, so it is another one.
                known = [one for one in known if one[2] is not same[1]]
        elif same_row := find(row.statement, listed):
            found.repeats[row.index] = same_row[1].index
            _note_differences(found, row, same_row[0], f"transfers[{same_row[1].index}] is this transfer")
            if not found.differing.get(row.index):
                found.flags.append(_REPEATED.model_copy(update={"field": f"transfers[{row.index}]"}))
        else:
            found.fresh.append(row)
            listed.append((row.key, row.statement, row))
            found.flags.extend(_same_reference(row, [statement for _, statement, _ in known + listed]))
    return found


def _note_differences(found: _Sorted, row: _Row, statement: Statement, where: str) -> None:
    if differences := differing(row.statement, statement):
        found.differing[row.index] = differences
        found.flags.extend(flags_of(differences, row.index, where))


def _same_reference(row: _Row, others: Sequence[Statement]) -> list[Flag]:
    """Return a flag if a transfer of another amount to another bank has the same reference."""
    if all(one is row.statement or one.reference_key != row.statement.reference_key for one in others):
        return []
    message = "another transfer, of another amount to another bank, has this reference too"
    return [Flag(field=f"transfers[{row.index}]", code="reference_twice", message=message)]


def _statement(ctx: Context, known: KnownTransfer) -> Statement:
    return Statement(
        reference_key=known.reference_key,
        bank=known.institution or known.payee_institution_as_told,
        account_key=known.account_key,
        payer_bank=_bank(ctx, known.payer_institution_as_told, known.payer_ifsc, known.payer_holder),
        payer_key=account_key(known.payer_holder),
        amount_paise=known.amount_paise,
        transferred_at=known.transferred_at,
        told_paise=frozenset(known.told_paise),
        is_complaints=known.source is HopSource.COMPLAINT,
    )


def _told(rows: Sequence[_Row], found: _Sorted, case_no: str, first_hop_no: int) -> list[ToldRow]:
    """Return every transfer of the complaint with the hop that it opens, or that is this transfer already."""
    hop_nos = {row.index: hop_no for hop_no, row in enumerate(found.fresh, start=first_hop_no)}
    hop_nos |= {index: hop_nos[first] for index, first in found.repeats.items()}
    told = []
    for row in rows:
        known = found.known.get(row.index)
        place = (known.case_no, known.hop_no) if known else (case_no, hop_nos[row.index])
        differences = found.differing.get(row.index, ())
        told.append(ToldRow(transfer=row.transfer, case_no=place[0], hop_no=place[1], differing=differences))
    return told


async def _ask_about_differences(work: CaseTransaction, ack_no: str, told: Sequence[ToldRow]) -> None:
    """Open a work item for each transfer that the complaint tells otherwise, in the case that has its hop."""
    by_case: dict[str, list[NewTask]] = {}
    for row in told:
        if row.differing:
            facts = TaskFacts(ack_no=ack_no, differing=row.differing)
            task = about_hop(TaskKind.READ_COMPLAINT, TaskCause.TOLD_OTHERWISE, row.hop_no, facts)
            by_case.setdefault(row.case_no, []).append(task)
    for case_no, wanted in by_case.items():
        # No lock on another case's row: the complaint's own number makes the work item its own.
        await tasks.open_tasks(work.connection, case_no, wanted, work.now)


def _ack_lock(ack_no: str) -> str:
    return f"ack|{ack_no}"


async def new_ack_no(connection: Connection, channel: Channel, now: datetime) -> str:
    """Return an unused acknowledgement number. Numbers from elsewhere may lie in our range."""
    for _ in range(NUMBERS_TRIED_MAX):
        ack_no = make_ack_no(channel, now, await intake.next_serial(connection))
        # No waiting for this lock, because the caller holds locks already. A number that is locked counts as taken.
        if await intake.try_lock(connection, _ack_lock(ack_no)) and not await intake.by_ack_no(connection, ack_no):
            return ack_no
    raise AckNosExhausted(NUMBERS_TRIED_MAX)


async def _case_to_join(
    ctx: Context, connection: Connection, found: _Sorted, taken_by: str
) -> tuple[CaseTransaction | None, list[Flag]]:
    """Return the oldest case that knows a transfer, locked.

    Returns None and a flag if that case has no room for the new hops. Raises `_KnownMeanwhile` if officers have
    withdrawn one of these transfers since it was looked up: it is a new one then.
    """
    if not found.known:
        return None, []
    oldest = await intake.oldest_case(connection, list(set(found.cases.values())))
    work = await lock_case(ctx, connection, oldest, taken_by)
    if await withdrawals.withdrawn(connection, oldest, found.hops_of(oldest)):
        raise _KnownMeanwhile
    if not found.fresh or work.head.last_hop_no + len(found.fresh) <= ctx.policy.trail.max_hops:
        return work, []
    # Not the next oldest case: taking a second case's lock after the first one could cause a deadlock.
    message = f"case {work.case_no} has no room for these transfers: this complaint gets a new case"
    return None, [Flag(field="transfers", code="case_full", message=message)]


def _linked_cases(found: _Sorted, case_no: str) -> list[Flag]:
    """Return a flag for each transfer that stands in another case than the complaint's own."""
    return [
        Flag(field="transfers", code="known_in_another_case", message=f"one transfer is in case {other}")
        for _, other in sorted(found.cases.items())
        if other != case_no
    ]


async def _open_case(
    work: CaseTransaction, receipt: ComplaintReceipt, found: _Sorted, told: Sequence[ToldRow]
) -> FollowUp:
    rows = found.fresh
    _refuse_nameless(found, set())
    entries = await _write_hops(work, receipt.ack_no, rows, first_hop_no=1)
    await work.log_all([_opened_event(EventKind.CASE_OPENED, receipt, rows, 1, entries, told)])
    to_ask, parked = _briefs(rows, 1)
    start = CaseStart(case_no=work.case_no, policy=work.ctx.case_policy, open_hops=to_ask, parked=parked)
    return FollowUp(case_no=work.case_no, start=start)


async def _join_case(
    work: CaseTransaction, receipt: ComplaintReceipt, found: _Sorted, told: Sequence[ToldRow]
) -> FollowUp | None:
    connection, case_no, head, rows = work.connection, work.case_no, work.head, found.fresh
    first = head.last_hop_no + 1
    entries = await _write_hops(work, receipt.ack_no, rows, first_hop_no=first)
    if rows:
        await cases.give_out_hops(connection, case_no, head.last_hop_no + len(rows))
    await work.log_all([_opened_event(EventKind.COMPLAINT_JOINED, receipt, rows, first, entries, told)])
    corrected = await _correct_as_told(work, found, receipt.ack_no)
    if not rows and not corrected:
        return None
    if head.state is CaseState.SETTLED:
        await cases.reopen(connection, case_no)
        await work.log(EventKind.CASE_REOPENED)
    to_ask, parked = _briefs(rows, first)
    opened = (*to_ask, *(hop.to_ask for hop in corrected if hop.to_ask))
    closed = tuple(hop.ended for hop in corrected)
    parked += tuple(hop.parked for hop in corrected if hop.parked)
    news = CaseNews(news_id=0, opened=opened, closed=closed, parked=parked)
    notification = await case_outbox.insert(connection, case_no, work.now, news)
    return FollowUp(
        case_no=case_no,
        start=await cases.snapshot(connection, case_no) if head.state is CaseState.SETTLED else None,
        news=notification,
    )


async def _correct_as_told(work: CaseTransaction, found: _Sorted, ack_no: str) -> list[Corrected]:
    """Correct the case's hops that this complaint tells better. Each is corrected by its first row."""
    done: dict[int, Corrected] = {}
    for row in found.matched:
        known = found.known[row.index]
        most_paise = found.most_paise(known)
        other_bank = Differing.BANK in found.differing.get(row.index, ())
        if known.state not in WAITING and not other_bank and most_paise <= known.amount_paise:
            continue
        if known.case_no != work.case_no or known.hop_no in done:
            continue
        other_payer = Differing.PAYER in found.differing.get(row.index, ())
        told = Told(row.transfer, row.institution, ack_no, other_payer=other_payer, most_paise=most_paise)
        try:
            corrected = await correct_as_told(work, known.hop_no, told)
        except TransferBusy:
            raise _KnownMeanwhile from None
        if corrected:
            done[known.hop_no] = corrected
    _refuse_nameless(found, {(work.case_no, hop_no) for hop_no in done})
    return list(done.values())


def _refuse_nameless(found: _Sorted, corrected: Container[tuple[str, int]]) -> None:
    """Raise `_KnownMeanwhile` if a hop without a reference was not given this complaint's: it may be another one."""
    for known in found.known.values():
        if not known.reference_key and (known.case_no, known.hop_no) not in corrected:
            raise _KnownMeanwhile


async def _write_hops(work: CaseTransaction, ack_no: str, rows: Sequence[_Row], first_hop_no: int) -> list[Entry]:
    connection, case_no = work.connection, work.case_no
    written = [_hop_row(row, hop_no, ack_no) for hop_no, row in enumerate(rows, start=first_hop_no)]
    await hops.insert(connection, case_no, work.now, written)
    if await intake.register_transfers(connection, case_no, [row.key for row in rows], [h.hop_no for h in written]):
        raise _KnownMeanwhile
    entries = [entry for hop in written for entry in complaint_entries(hop.hop_no, hop.amount_paise)]
    await ledger.post(connection, case_no, "complaint", f"complaint|{ack_no}", work.now, entries)
    await work.ask(*(task for hop in written for task in tasks_before_asking(hop.hop_no, hop.state)))
    if work.ctx.policy.payer_bank.ask:
        banks = {hop.hop_no: row.statement.payer_bank for hop, row in zip(written, rows, strict=True)}
        await plan_inquiries(work, written, banks)
    return entries


def _hop_row(row: _Row, hop_no: int, ack_no: str) -> hops.HopRow:
    transfer = row.transfer
    return hops.HopRow(
        hop_no=hop_no,
        ack_no=ack_no,
        layer=1,
        source=HopSource.COMPLAINT,
        state=first_state(routable=row.institution is not None, reference=transfer.reference),
        institution=row.institution,
        payer_institution_as_told=transfer.payer.institution,
        payer_holder=transfer.payer.holder,
        payer_ifsc=transfer.payer.ifsc,
        payee_institution_as_told=transfer.payee.institution,
        payee_holder=transfer.payee.holder,
        payee_ifsc=transfer.payee.ifsc,
        account_key=account_key(transfer.payee.holder),
        reference=transfer.reference,
        reference_key=reference_key(transfer.reference),
        mode=transfer.mode.value,
        amount_paise=transfer.amount_paise,
        disputed_paise=transfer.amount_paise,
        transferred_at=transfer.transferred_at,
    )


def _opened_event(
    kind: EventKind,
    receipt: ComplaintReceipt,
    rows: Sequence[_Row],
    first_hop_no: int,
    entries: Sequence[Entry],
    told: Sequence[ToldRow],
) -> Event:
    otherwise = [
        {"case_no": row.case_no, "hop_no": row.hop_no, "differing": [one.value for one in row.differing]}
        for row in told
        if row.differing
    ]
    return Event(
        kind,
        {
            "ack_no": receipt.ack_no,
            "hops": [
                {
                    "hop_no": hop_no,
                    "layer": 1,
                    "institution": row.institution,
                    "amount_paise": row.transfer.amount_paise,
                }
                for hop_no, row in enumerate(rows, start=first_hop_no)
            ],
            "placed": events.placed(entries),
            "flags": [flag.code for flag in receipt.flags],
        }
        | ({"told_otherwise": otherwise} if otherwise else {}),
    )


def _briefs(rows: Sequence[_Row], first_hop_no: int) -> tuple[tuple[HopBrief, ...], tuple[HopRef, ...]]:
    to_ask = tuple(
        HopBrief(
            hop_no=hop_no,
            revision=0,
            institution=row.institution,
            answer_class=row.answer_class,
            disputed_paise=row.transfer.amount_paise,
            layer=1,
            transferred_at=row.transfer.transferred_at,
        )
        for hop_no, row in enumerate(rows, start=first_hop_no)
        if row.institution
    )
    parked = tuple(
        HopRef(hop_no=hop_no, revision=0) for hop_no, row in enumerate(rows, start=first_hop_no) if not row.institution
    )
    return to_ask, parked
