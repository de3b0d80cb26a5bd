"""Complaints that come in.

Intake of complaints. One transaction writes everything, and only then the number is returned (architecture.md, "How a
rupee flows", 1).
"""

import hashlib
import secrets
from collections.abc import Container, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activities.banks.bodies import new_key
from activities.case.batches import notify_case, plan_batch
from activities.case.parked_hops import WAITING, Corrected, Told, correct_as_told
from activities.case.payer_inquiries import new_inquiries
from activities.case.told_transfers import Row, SortedRows, read_transfers, sort_rows, told_rows
from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.isolation import repeated
from activities.metrics import METRICS
from db.case import cases, events, firs, hops, intake
from db.case.events import Event
from db.case.intake import Known, Locked, NewCase, NewComplaint, NumberTaken
from db.case.told_transfers import ToldRow
from db.pool import Connection
from domain.case.complaints import OUR_FIRST_SERIAL, SERIALS_A_DAY, is_marked, make_ack_no, oddities, other_number
from domain.case.ledger import complaint_entries
from domain.case.trail import first_state, tasks_before_asking
from domain.errors.case import AckNosExhausted, AckNoTaken, IdempotencyKeyReused, TransferBusy
from schemas.base import Flag
from schemas.case.answers import Entry
from schemas.case.case_workflow import CaseNews, CaseStart, FollowUp, HopBrief, HopRef
from schemas.case.intake import Complaint, ComplaintReceipt
from schemas.enums import CaseState, Channel, Differing, HopSource, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, reference_key
from schemas.privacy.personal_data import PersonalData
from schemas.restoration_enums import FirKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop


@dataclass(frozen=True)
class Taken:
    """A complaint that is committed. `repeated`: it was taken before, with the same key or number."""

    receipt: ComplaintReceipt
    follow_up: FollowUp | None
    repeated: bool = False


NUMBERS_IN_A_ROW: Final = 20
"""numbers that are tried in a row; callers may have stated thousands of numbers in a row, so chance chooses the next"""
NUMBERS_TRIED_MAX: Final = 200
"""numbers that are tried before giving up"""


class KnownMeanwhile(Exception):
    """Somebody registered or withdrew the transfer after the complaint had looked it up."""


async def take_complaint(ctx: Context, complaint: Complaint, *, idempotency_key: str, taken_by: str) -> Taken:
    """Commit a complaint with its case, hops, ledger entries and first event; return the workflow notification.

    The same caller, key and body give the same answer. Raises `IdempotencyKeyReused` (same key, other body) and
    `AckNoTaken` (the number is registered with other content). A portal's number that a complaint of ours has already
    stands beside a number of ours.
    """
    by_account = True
    # Each repetition but one finds at least one more of its transfers registered, or one withdrawn.
    while True:
        try:
            return await _take(ctx, complaint, idempotency_key, taken_by, by_account=by_account)
        except KnownMeanwhile:
            by_account = False


@repeated(NumberTaken)
async def _take(ctx: Context, complaint: Complaint, idempotency_key: str, taken_by: str, *, by_account: bool) -> Taken:
    """Take the complaint once. `by_account`: a hop without a reference may be known by everything else."""
    digest = hashlib.sha256(complaint.model_dump_json().encode()).digest()
    rows, flags = await resolve_transfers(ctx, complaint)
    names = [f"key|{taken_by}|{idempotency_key}", *(intake.lock_of_transfer(row.transfer.reference) for row in rows)]
    if complaint.ack_no:
        names.append(intake.ack_lock(complaint.ack_no))
    portal_ack_no = intake.portal_ack_no(complaint)
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked = await intake.lock(connection, names, next_serial=complaint.ack_no is None)
        ack_no = complaint.ack_no or _own_number(complaint.channel, locked)
        moves = {row.move for row in rows if row.move and by_account}
        known = await intake.read(
            connection,
            taken_by,
            idempotency_key,
            ack_no,
            {row.statement.reference_key for row in rows},
            moves,
            is_new_number=complaint.ack_no is None,
            portal_ack_no=portal_ack_no,
        )
        if repeated := _taken_before(known, complaint, digest):
            return Taken(repeated, None, repeated=True)
        if not known.number_locked or known.by_number:
            ack_no = await new_ack_no(connection, complaint.channel, locked.at)
        sorted_rows = sort_rows(ctx, rows, known.transfers)
        work, full = await _case_to_join(ctx, connection, sorted_rows, taken_by)
        joined = work is not None
        if work is None:
            work = CaseTransaction(ctx, connection, cases.new_head(ack_no, locked.at, len(sorted_rows.fresh)), taken_by)
        odd = oddities(complaint, work.now, ctx.policy.trail)
        if portal_ack_no and portal_ack_no != ack_no:
            odd.append(other_number(portal_ack_no))
        receipt = ComplaintReceipt(
            ack_no=ack_no,
            case_ack_no=work.case_no,
            joined=joined,
            flags=tuple(odd + flags + sorted_rows.flags + linked_cases(sorted_rows, work.case_no) + full),
            received_at=work.now,
        )
        new = _new_complaint(work, complaint, receipt, rows, sorted_rows, idempotency_key, digest)
        if not joined:
            _refuse_nameless(sorted_rows, set())
        if not await intake.write(connection, new, taken_by):
            raise KnownMeanwhile
        # After the complaint is written, because a pause may be that of its own number.
        follow_up = await (
            follow_up_of_joining(work, ack_no, sorted_rows) if joined else _start(work, new, sorted_rows)
        )
    METRICS.complaint_taken(
        complaint.channel,
        joined=receipt.joined,
        transfer_to_complaint_seconds=[
            (work.now - row.transfer.transferred_at).total_seconds()
            for row in sorted_rows.fresh
            if not row.transfer.time_missing
        ],
    )
    return Taken(receipt, follow_up)


async def resolve_transfers(ctx: Context, complaint: Complaint) -> tuple[list[Row], list[Flag]]:
    """Return the transfers of a complaint with the banks that the directory finds for them, and its flags."""
    rows, flags = read_transfers(ctx, complaint)
    if not all(row.institution for row in rows):
        # The institution may have been loaded after this process read the directory.
        await ctx.directory.freshen()
        rows, flags = read_transfers(ctx, complaint)
    return rows, flags


def _taken_before(known: Known, complaint: Complaint, digest: bytes) -> ComplaintReceipt | None:
    if known.by_key:
        if known.by_key.body_digest != digest:
            raise IdempotencyKeyReused
        return known.by_key.receipt
    taken = known.by_portal_number or known.by_number
    if complaint.ack_no is None or taken is None:
        return None
    if taken.body_digest == digest:
        return taken.receipt
    if known.by_portal_number is None and intake.portal_ack_no(complaint):
        # We gave out the number, and the portal gave it to another complaint. Both complaints are real.
        return None
    raise AckNoTaken(complaint.ack_no)


def differences_to_read(ack_no: str, rows: Sequence[ToldRow]) -> list[tuple[str, NewTask]]:
    """Return a work item for each transfer that the complaint tells otherwise, with the case that has its hop.

    No lock on another case's row is needed: the complaint's own number makes the work item its own.
    """
    return [
        (row.case_no, about_hop(TaskKind.READ_COMPLAINT, TaskCause.TOLD_OTHERWISE, row.hop_no, facts))
        for row in rows
        if row.differing
        for facts in [TaskFacts(ack_no=ack_no, differing=row.differing)]
    ]


def _own_number(channel: Channel, locked: Locked) -> str:
    assert locked.serial is not None, "a serial is taken with the locks"
    return make_ack_no(channel, locked.at, locked.serial)


async def new_ack_no(connection: Connection, channel: Channel, now: datetime) -> str:
    """Return an unused acknowledgement number. Numbers from elsewhere may lie in our range."""
    for attempt in range(NUMBERS_TRIED_MAX):
        in_a_row = attempt < NUMBERS_IN_A_ROW
        serial = await intake.next_serial(connection) if in_a_row else _random_serial()
        ack_no = make_ack_no(channel, now, serial)
        # No waiting for this lock, because the caller holds locks already. A number that is locked counts as taken.
        if await intake.try_lock(connection, intake.ack_lock(ack_no)) and not await intake.by_ack_no(
            connection, ack_no
        ):
            return ack_no
    raise AckNosExhausted(NUMBERS_TRIED_MAX)


def _random_serial() -> int:
    return OUR_FIRST_SERIAL + secrets.randbelow(SERIALS_A_DAY - OUR_FIRST_SERIAL)


async def _case_to_join(
    ctx: Context, connection: Connection, sorted_rows: SortedRows, taken_by: str
) -> tuple[CaseTransaction | None, list[Flag]]:
    """Return the oldest case that knows a transfer, locked.

    Returns None and a flag if that case has no room for the new hops. Raises `KnownMeanwhile` if officers have
    withdrawn one of these transfers since it was looked up: it is a new one then.
    """
    if not sorted_rows.known:
        return None, []
    oldest = min(sorted_rows.known.values(), key=lambda known: (known.case_opened_at, known.case_no)).case_no
    work = await lock_case(ctx, connection, oldest, taken_by)
    if await hops.withdrawn(connection, oldest, sorted_rows.hops_of(oldest)):
        raise KnownMeanwhile
    if not sorted_rows.fresh or work.head.last_hop_no + len(sorted_rows.fresh) <= ctx.policy.trail.max_hops:
        return work, []
    # Not the next oldest case: taking a second case's lock after the first one could cause a deadlock.
    message = f"case {work.case_no} has no room for these transfers: this complaint gets a new case"
    return None, [Flag(field="transfers", code="case_full", message=message)]


def linked_cases(sorted_rows: SortedRows, case_no: str) -> list[Flag]:
    """Return a flag for each transfer that stands in another case than the complaint's own."""
    return [
        Flag(field="transfers", code="known_in_another_case", message=f"one transfer is in case {other}")
        for _, other in sorted(sorted_rows.cases.items())
        if other != case_no
    ]


def _new_complaint(
    work: CaseTransaction,
    complaint: Complaint,
    receipt: ComplaintReceipt,
    rows: Sequence[Row],
    sorted_rows: SortedRows,
    idempotency_key: str,
    digest: bytes,
) -> NewComplaint:
    """Return everything that is written before the first request."""
    first = work.head.last_hop_no + 1 if receipt.joined else 1
    complaint_rows = told_rows(rows, sorted_rows, work.case_no, first_hop_no=first)
    opened = [hop_row(row, hop_no, receipt.ack_no) for hop_no, row in enumerate(sorted_rows.fresh, start=first)]
    entries = [entry for hop in opened for entry in complaint_entries(hop.hop_no, hop.amount_paise)]
    banks = {hop.hop_no: row.statement.payer_bank for hop, row in zip(opened, sorted_rows.fresh, strict=True)}
    waiting = [(work.case_no, task) for hop in opened for task in tasks_before_asking(hop.hop_no, hop.state)]
    kind = EventKind.COMPLAINT_JOINED if receipt.joined else EventKind.CASE_OPENED
    return NewComplaint(
        complaint=complaint,
        receipt=receipt,
        taken_by=work.actor,
        idempotency_key=idempotency_key,
        body_digest=digest,
        is_marked=is_marked(complaint, work.ctx.policy.marked),
        told=complaint_rows,
        hops=opened,
        keys=[row.key for row in sorted_rows.fresh],
        entries=entries,
        event=opened_event(kind, receipt.ack_no, receipt.flags, sorted_rows.fresh, first, entries, complaint_rows),
        inquiries=new_inquiries(work, opened, banks) if work.ctx.policy.payer_bank.ask else [],
        tasks=waiting + differences_to_read(receipt.ack_no, complaint_rows),
        person=work.ctx.persons.seal(_personal_data(complaint)),
        case=None if receipt.joined else _new_case(work),
    )


def _new_case(work: CaseTransaction) -> NewCase:
    return NewCase(work.ctx.stored_case_policy, new_key(work.ctx.persons, case_no=work.case_no))


def _personal_data(complaint: Complaint) -> PersonalData:
    victim = complaint.victim
    return PersonalData(name=victim.name, mobile=victim.mobile, email=victim.email or "")


async def _start(work: CaseTransaction, new: NewComplaint, sorted_rows: SortedRows) -> FollowUp:
    """Plan the first batch of a new case; return the start of its workflow."""
    to_ask, parked = _briefs(sorted_rows.fresh, 1)
    await _ask_for_fir(work, loss_paise=sum(hop.disputed_paise for hop in new.hops))
    planned, left = await plan_batch(work, to_ask)
    start = CaseStart(
        case_no=work.case_no,
        policy=work.ctx.case_policy,
        open_hops=left,
        parked=parked,
        requests=planned,
    )
    return FollowUp(case_no=work.case_no, start=start)


async def _ask_for_fir(work: CaseTransaction, *, loss_paise: int | None = None) -> None:
    """Request an e-Zero FIR if the loss is large enough and the case never had a report.

    Runs inside the transaction that increases the loss. `loss_paise` is the loss of a new case.
    """
    rules = work.ctx.policy.police.fir
    if loss_paise is not None and loss_paise < rules.e_zero_from_paise:
        return
    asked = await firs.ask_if_large(work.connection, work.case_no, rules.e_zero_from_paise, rules.sections, work.now)
    if asked is None:
        return
    fir_id, loss_paise = asked
    data = {
        "fir_id": str(fir_id),
        "kind": FirKind.E_ZERO_FIR.value,
        "loss_paise": loss_paise,
        "from_paise": rules.e_zero_from_paise,
        "policy": work.ctx.policy.version,
    }
    await work.as_engine.log(EventKind.FIR_REQUESTED, **data)


async def follow_up_of_joining(work: CaseTransaction, ack_no: str, sorted_rows: SortedRows) -> FollowUp | None:
    """Correct hops that the complaint tells better, and plan the batch; return the notification of the workflow.

    The new hops of the complaint are written already, behind the last hop of the case.
    """
    corrected = await _correct_as_told(work, sorted_rows, ack_no)
    news = await _news(work, sorted_rows, corrected)
    await _ask_for_fir(work)
    if news is None:
        return None
    notification = await notify_case(work, news)
    settled = work.head.state is CaseState.SETTLED
    start = await cases.snapshot(work.connection, work.case_no) if settled else None
    return FollowUp(case_no=work.case_no, start=start, news=notification)


async def _news(work: CaseTransaction, sorted_rows: SortedRows, corrected: Sequence[Corrected]) -> CaseNews | None:
    """Return what a joining complaint changes for the workflow, or None; reopen a settled case."""
    if not sorted_rows.fresh and not corrected:
        return None
    if work.head.state is CaseState.SETTLED:
        await cases.reopen(work.connection, work.case_no)
        await work.log(EventKind.CASE_REOPENED)
    to_ask, parked = _briefs(sorted_rows.fresh, work.head.last_hop_no + 1)
    opened = (*to_ask, *(hop.to_ask for hop in corrected if hop.to_ask))
    closed = tuple(hop.ended for hop in corrected)
    parked += tuple(hop.parked for hop in corrected if hop.parked)
    return CaseNews(news_id=0, opened=opened, closed=closed, parked=parked)


async def _correct_as_told(work: CaseTransaction, sorted_rows: SortedRows, ack_no: str) -> list[Corrected]:
    """Correct the case's hops that this complaint tells better. Each is corrected by its first row."""
    done: dict[int, Corrected] = {}
    for row in sorted_rows.matched:
        known = sorted_rows.known[row.index]
        most_paise = sorted_rows.most_paise(known)
        other_bank = Differing.BANK in sorted_rows.differing.get(row.index, ())
        if known.state not in WAITING and not other_bank and most_paise <= known.amount_paise:
            continue
        if known.case_no != work.case_no or known.hop_no in done:
            continue
        other_payer = Differing.PAYER in sorted_rows.differing.get(row.index, ())
        stated = Told(row.transfer, row.institution, ack_no, other_payer=other_payer, most_paise=most_paise)
        try:
            corrected = await correct_as_told(work, known.hop_no, stated)
        except TransferBusy:
            raise KnownMeanwhile from None
        if corrected:
            done[known.hop_no] = corrected
    _refuse_nameless(sorted_rows, {(work.case_no, hop_no) for hop_no in done})
    return list(done.values())


def _refuse_nameless(sorted_rows: SortedRows, corrected: Container[tuple[str, int]]) -> None:
    """Raise `KnownMeanwhile` if a hop without a reference was not given this complaint's: it may be another one."""
    for known in sorted_rows.known.values():
        if not known.reference_key and (known.case_no, known.hop_no) not in corrected:
            raise KnownMeanwhile


def hop_row(row: Row, hop_no: int, ack_no: str) -> hops.HopRow:
    """Return the hop that a new transfer of a complaint opens."""
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


def opened_event(
    kind: EventKind,
    ack_no: str,
    flags: Sequence[Flag],
    rows: Sequence[Row],
    first_hop_no: int,
    entries: Sequence[Entry],
    complaint_rows: Sequence[ToldRow],
) -> Event:
    """Return the event of transfers that a complaint tells, with the hops that they open."""
    otherwise = [
        {"case_no": row.case_no, "hop_no": row.hop_no, "differing": [field.value for field in row.differing]}
        for row in complaint_rows
        if row.differing
    ]
    return Event(
        kind,
        {
            "ack_no": ack_no,
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
            "flags": [flag.code for flag in flags],
        }
        | ({"told_otherwise": otherwise} if otherwise else {}),
    )


def _briefs(rows: Sequence[Row], first_hop_no: int) -> tuple[tuple[HopBrief, ...], tuple[HopRef, ...]]:
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


_arrived_at: Final[ContextVar[datetime | None]] = ContextVar("arrived_at", default=None)


def note_arrival(at: datetime) -> None:
    """Note when the message arrived that this asyncio task processes."""
    _arrived_at.set(at)


def arrived_at() -> datetime | None:
    """Return when the message of this asyncio task arrived, or None if that was not noted."""
    return _arrived_at.get()
