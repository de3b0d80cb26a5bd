"""Intake of complaints.

One transaction writes everything, and only then the number is returned (architecture.md, "How a rupee flows", 1).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activities.cases.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.metrics import METRICS
from activities.police.firs import ask_by_itself
from db import intake
from db.cases import cases, events, hops, ledger
from db.cases.events import Event
from db.outbox import case_outbox
from db.pool import Connection
from domain.errors.intake import AckNosExhausted, AckNoTaken, IdempotencyKeyReused
from domain.intake.ack_numbers import make_ack_no
from domain.intake.flags import oddities
from domain.ledger import complaint_entries
from domain.tracing.trail import first_state, tasks_before_asking
from schemas.base import Flag
from schemas.enums import AnswerClass, CaseState, EventKind, HopSource
from schemas.identifiers import account_key, reference_key, transfer_key
from schemas.intake import Complaint, ComplaintReceipt, Transfer
from schemas.outbox.case import CaseNews, CaseStart, FollowUp, HopBrief, HopRef
from schemas.tracing.answers import Entry


@dataclass(frozen=True)
class Taken:
    """A complaint that is committed. `repeated`: it was taken before, with the same key or number."""

    receipt: ComplaintReceipt
    follow_up: FollowUp | None
    repeated: bool = False


@dataclass(frozen=True)
class _Row:
    """A transfer that is about to become a hop."""

    key: str
    transfer: Transfer
    institution: str | None
    answer_class: AnswerClass


_REPEATED = Flag(field="transfers", code="repeated_row", message="the same transfer is listed twice and counts once")


NUMBERS_TRIED_MAX: Final = 1000
"""numbers that are tried in a row before giving up"""


class _KnownMeanwhile(Exception):
    """A bank's answer or the desk registered the transfer after the complaint had looked it up."""


async def take_complaint(ctx: Context, complaint: Complaint, *, idempotency_key: str, taken_by: str) -> Taken:
    """Commit a complaint with its case, hops, ledger entries and first event; return the workflow notification.

    The same caller, key and body give the same answer. Raises `IdempotencyKeyReused` (same key, other body) and
    `AckNoTaken` (the number is registered with other content).
    """
    while True:  # each repetition finds at least one more of its transfers registered
        try:
            return await _take(ctx, complaint, idempotency_key, taken_by)
        except _KnownMeanwhile:
            continue


async def _take(ctx: Context, complaint: Complaint, idempotency_key: str, taken_by: str) -> Taken:
    digest = hashlib.sha256(complaint.model_dump_json().encode()).digest()
    rows, flags = _read_transfers(ctx, complaint)
    if not all(row.institution for row in rows):
        # The institution may have been loaded after this process read the directory.
        await ctx.directory.freshen()
        rows, flags = _read_transfers(ctx, complaint)
    names = [f"key|{taken_by}|{idempotency_key}", *(f"transfer|{row.key}" for row in rows)]
    if complaint.ack_no:
        names.append(_ack_lock(complaint.ack_no))
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked_at = await intake.lock(connection, names)
        repeated = await _taken_before(connection, complaint, idempotency_key, taken_by, digest)
        if repeated:
            return Taken(repeated, None, repeated=True)
        known = await intake.cases_of_transfers(connection, [row.key for row in rows])
        ack_no = complaint.ack_no or await _new_ack_no(connection, complaint, locked_at)
        fresh = [row for row in rows if row.key not in known]
        work, full = await _case_to_join(ctx, connection, known, len(fresh), taken_by)
        joined = work is not None
        if work is None:
            head = await cases.open_case(connection, ack_no, locked_at, ctx.case_policy, len(fresh))
            work = CaseTransaction(ctx, connection, head, taken_by)
        odd = oddities(complaint, work.now, ctx.policy.trail)
        receipt = ComplaintReceipt(
            ack_no=ack_no,
            case_ack_no=work.case_no,
            joined=joined,
            flags=tuple(odd + flags + _linked_cases(rows, known, work.case_no) + full),
            received_at=work.now,
        )
        follow_up = await (_join_case(work, receipt, fresh) if joined else _open_case(work, receipt, fresh))
        await intake.insert(
            connection,
            complaint,
            receipt,
            taken_by=taken_by,
            idempotency_key=idempotency_key,
            body_digest=digest,
        )
        await ask_by_itself(work)
    METRICS.complaint_taken(
        complaint.channel,
        joined=receipt.joined,
        transfer_to_complaint_seconds=[(work.now - row.transfer.transferred_at).total_seconds() for row in fresh],
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
    """Resolve the payee institutions. A transfer that is listed twice in one complaint counts once."""
    directory = ctx.directory.current
    rows: dict[str, _Row] = {}
    flags: list[Flag] = []
    for index, transfer in enumerate(complaint.transfers):
        payee = transfer.payee
        institution, odd = directory.resolve(payee.institution, payee.ifsc, payee.holder, f"transfers[{index}].payee")
        flags += odd
        code = institution.code if institution else None
        key = transfer_key(transfer.reference, transfer.amount_paise, code or payee.institution)
        answer_class = institution.answer_class if institution else AnswerClass.MAIL
        if key in rows:
            flags.append(_REPEATED.model_copy(update={"field": f"transfers[{index}]"}))
        rows.setdefault(key, _Row(key, transfer, code, answer_class))
    return list(rows.values()), flags


def _ack_lock(ack_no: str) -> str:
    return f"ack|{ack_no}"


async def _new_ack_no(connection: Connection, complaint: Complaint, now: datetime) -> str:
    """Return an unused acknowledgement number. Numbers from elsewhere may lie in our range."""
    for _ in range(NUMBERS_TRIED_MAX):
        ack_no = make_ack_no(complaint.channel, now, await intake.next_serial(connection))
        # No waiting for this lock, because the caller holds locks already. A number that is locked counts as taken.
        if await intake.try_lock(connection, _ack_lock(ack_no)) and not await intake.by_ack_no(connection, ack_no):
            return ack_no
    raise AckNosExhausted(NUMBERS_TRIED_MAX)


async def _case_to_join(
    ctx: Context, connection: Connection, known: dict[str, str], new_hops: int, taken_by: str
) -> tuple[CaseTransaction | None, list[Flag]]:
    """Return the oldest case that knows a transfer, locked.

    Returns None and a flag if that case has no room for the new hops.
    """
    if not known:
        return None, []
    oldest = await intake.oldest_case(connection, list(set(known.values())))
    work = await lock_case(ctx, connection, oldest, taken_by)
    if not new_hops or work.head.last_hop_no + new_hops <= ctx.policy.trail.max_hops:
        return work, []
    # Not the next oldest case: taking a second case's lock after the first one could cause a deadlock.
    message = f"case {work.case_no} has no room for these transfers: this complaint gets a new case"
    return None, [Flag(field="transfers", code="case_full", message=message)]


def _linked_cases(rows: Sequence[_Row], known: dict[str, str], case_no: str) -> list[Flag]:
    """Return a flag for each transfer that stands in another case than the complaint's own."""
    return [
        Flag(
            field="transfers",
            code="known_in_another_case",
            message=f"one transfer is in case {known[row.key]}",
        )
        for row in rows
        if known.get(row.key, case_no) != case_no
    ]


async def _open_case(work: CaseTransaction, receipt: ComplaintReceipt, rows: Sequence[_Row]) -> FollowUp:
    entries = await _write_hops(work, receipt.ack_no, rows, first_hop_no=1)
    await work.log_all([_opened_event(EventKind.CASE_OPENED, receipt, rows, 1, entries)])
    to_ask, parked = _briefs(rows, 1)
    start = CaseStart(case_no=work.case_no, policy=work.ctx.case_policy, open_hops=to_ask, parked=parked)
    return FollowUp(case_no=work.case_no, start=start)


async def _join_case(work: CaseTransaction, receipt: ComplaintReceipt, rows: Sequence[_Row]) -> FollowUp | None:
    connection, case_no, head = work.connection, work.case_no, work.head
    first = head.last_hop_no + 1
    entries = await _write_hops(work, receipt.ack_no, rows, first_hop_no=first)
    log = [_opened_event(EventKind.COMPLAINT_JOINED, receipt, rows, first, entries)]
    if rows:
        await cases.give_out_hops(connection, case_no, head.last_hop_no + len(rows))
        if head.state is CaseState.SETTLED:
            await cases.reopen(connection, case_no)
            log.append(Event(EventKind.CASE_REOPENED))
    await work.log_all(log)
    if not rows:
        return None
    to_ask, parked = _briefs(rows, first)
    notification = await case_outbox.insert(
        connection, case_no, work.now, CaseNews(news_id=0, opened=to_ask, parked=parked)
    )
    return FollowUp(
        case_no=case_no,
        start=await cases.snapshot(connection, case_no) if head.state is CaseState.SETTLED else None,
        news=notification,
    )


async def _write_hops(work: CaseTransaction, ack_no: str, rows: Sequence[_Row], first_hop_no: int) -> list[Entry]:
    connection, case_no = work.connection, work.case_no
    written = [_hop_row(row, hop_no, ack_no) for hop_no, row in enumerate(rows, start=first_hop_no)]
    await hops.insert(connection, case_no, work.now, written)
    if await intake.register_transfers(connection, case_no, [row.key for row in rows], [h.hop_no for h in written]):
        raise _KnownMeanwhile
    entries = [entry for hop in written for entry in complaint_entries(hop.hop_no, hop.amount_paise)]
    await ledger.post(connection, case_no, "complaint", f"complaint|{ack_no}", work.now, entries)
    await work.ask(*(task for hop in written for task in tasks_before_asking(hop.hop_no, hop.state)))
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
) -> Event:
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
        },
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
