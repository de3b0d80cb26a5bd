"""Intake of a bank's ISO 20022 message: an answer, money returned under an order, or a case for the desk."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from activities.banks.bodies import stored_sealer
from activities.banks.received import keep_body
from activities.case.answers import take_status_update
from activities.case.transaction import lock_case
from activities.context import Context
from activities.gateway import iso_orders
from adapters.banks.answers import StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.decode import decode
from adapters.banks.iso20022.document import MessageError
from db import tasks
from db.banks.received_bodies import ReceivedBody
from db.case.events import Event
from db.clock import present_moment
from db.pool import Connection
from db.recovery import order_views
from db.recovery.order_views import ReturnedRow, SealedLine
from domain.errors import NotFound, RuleBroken
from domain.work_items.task_notes import compose
from schemas.case.case_workflow import FollowUp
from schemas.enums import ChannelKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import reference_key, transfer_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about

SMALL_BODY_BYTES = 64 * 1024
"""a larger message is read in a thread, so that it does not block others"""
DETAIL_MAX_CHARS = 450


class MessageRefused(RuleBroken):
    """The message cannot be taken. The text gives the reason, and contains no data from the message."""


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """Result of a message. `repeated`: the same message was taken before."""

    said: str
    """a summary without personal data"""
    repeated: bool
    follow_up: FollowUp | None = None
    doubts: tuple[str, ...] = ()
    """the points that an officer must check, although the rest was taken"""


async def take_message(ctx: Context, institution: str, body: bytes) -> MessageTaken:
    """Take a message from `institution`. Raises `MessageRefused`, and then only its bytes are kept.

    A file has no reply that the bank reads. So an officer gets a work item about a refused or doubtful message.
    """
    if ctx.directory.current.get(institution) is None:
        await ctx.directory.freshen()
    if ctx.directory.current.get(institution) is None:
        raise MessageRefused("the bank is not in the directory")
    received = ReceivedBody(channel=ChannelKind.ISO20022, received_at=ctx.now(), body=body)
    await keep_body(ctx, institution, received)
    try:
        taken = await _take(ctx, institution, received)
    except MessageRefused as refusal:
        await _ask(ctx, institution, TaskCause.FILE_REFUSED, [str(refusal)])
        raise
    if taken.doubts:
        await _ask(ctx, institution, TaskCause.FILE_IN_DOUBT, taken.doubts)
    return taken


async def _take(ctx: Context, institution: str, received: ReceivedBody) -> MessageTaken:
    body = received.body
    try:
        arrival = decode(body) if len(body) <= SMALL_BODY_BYTES else await asyncio.to_thread(decode, body)
    except MessageError as error:
        raise MessageRefused(f"{error.where}: {error.reason}") from error
    if isinstance(arrival, StatusUpdate):
        return await _take_answer(ctx, institution, arrival, received)
    if isinstance(arrival, ReturnedFunds):
        return await _take_returned(ctx, institution, arrival, received.digest)
    raise MessageRefused("is a message that only we send")


async def _ask(ctx: Context, institution: str, cause: TaskCause, reasons: Sequence[str]) -> None:
    """Ask an officer to check the bank's folder, with one open work item for any number of files."""
    facts = TaskFacts(detail="; ".join(reasons)[:DETAIL_MAX_CHARS])
    async with ctx.pool.acquire() as connection:
        now = ctx.now()
        await tasks.open_for_institution(connection, institution, TaskKind.READ_ANSWER, cause, now, facts=facts)


async def _take_answer(ctx: Context, institution: str, update: StatusUpdate, received: ReceivedBody) -> MessageTaken:
    try:
        if resolved := await iso_orders.take_resolution(ctx, institution, update, received.digest):
            return MessageTaken(resolved.said, resolved.repeated, doubts=resolved.doubts)
        receipt = await take_status_update(ctx, institution, update, received.digest, received=received)
    except NotFound as error:
        raise MessageRefused("RslvdCase/Id: names no case of this bank") from error
    said = f"answer: {receipt.accepted} lines taken, {receipt.duplicates} known, {receipt.discrepancies} contradict"
    return MessageTaken(said, receipt.repeated, receipt.follow_up)


async def _take_returned(ctx: Context, institution: str, stated: ReturnedFunds, digest: bytes) -> MessageTaken:
    """Keep every line, and book the credits under orders.

    The desk checks the other lines. Money returned without an order changes no figure before an officer has seen it.
    """
    async with ctx.pool.acquire() as connection:
        rows = await _placed(connection, institution, stated)
    case_of = {row.line_no: row.case_no for row in rows}
    ordered = await iso_orders.orders_of_returns(ctx, institution, stated, case_of, ctx.now())
    rows = [_of_its_order(row, ordered) for row in rows]
    if not any(row.case_no for row in rows):
        raise MessageRefused("names no transfer or case of this bank")
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        sealed = await _sealed(ctx, connection, institution, digest, rows)
        if new := await order_views.insert(connection, institution, digest, now, rows, sealed):
            left = [row for row in rows if row.line_no not in ordered]
            await _tell_desk(ctx, connection, institution, left)
    # After the lines are kept, and also when the message is repeated: the first run may have ended before this step.
    await iso_orders.book(ctx, institution, ordered)
    readable = sum(row.returned_paise is not None for row in rows)
    said = f"money returned: {readable} of {len(rows)} lines read, {len(ordered)} of them as ordered"
    return MessageTaken(said, repeated=not new, doubts=tuple(_doubts(stated, rows)))


async def _placed(connection: Connection, institution: str, stated: ReturnedFunds) -> list[ReturnedRow]:
    """Return the lines, each with its case and hop as far as it names them.

    A line belongs to the case that it names, or to the case that knows its transfer by reference, bank and amount.
    """
    read = [line for line in stated.lines if isinstance(line, ReturnedTransfer)]
    numbers = await order_views.cases_by_number(connection, institution, sorted({line.ack_no for line in read}))
    references = sorted({reference_key(line.reference) for line in read})
    hops = await order_views.hops_in_cases(connection, institution, sorted(set(numbers.values())), references)
    keys = {transfer_key(line.reference, institution) for line in read}
    transfers = await order_views.hops_by_transfer(connection, institution, sorted(keys))

    def place(line: ReturnedTransfer) -> tuple[str | None, int | None]:
        if not line.ack_no:
            known = transfers.get(transfer_key(line.reference, institution))
            # Nothing but the reference ties the line to the case, so the amount must agree too.
            return (
                (known.case_no, known.hop_no) if known and known.amount_paise == line.transfer_paise else (None, None)
            )
        case_no = numbers.get(line.ack_no)
        return case_no, hops.get((case_no, reference_key(line.reference))) if case_no else None

    return [
        _unreadable(stated, line) if isinstance(line, UnreadableLine) else _row(stated, line, *place(line))
        for line in stated.lines
    ]


def _of_its_order(row: ReturnedRow, ordered: iso_orders.Credits) -> ReturnedRow:
    """Give a line without a case the case of its order."""
    credit = ordered.get(row.line_no)
    return row if credit is None or row.case_no else row.model_copy(update={"case_no": credit.case_no})


def _unreadable(stated: ReturnedFunds, line: UnreadableLine) -> ReturnedRow:
    return ReturnedRow(
        line_no=line.line_no, message_id=stated.message_id, created_at=stated.created_at, unreadable=dict(line.raw)
    )


async def _sealed(
    ctx: Context, connection: Connection, institution: str, digest: bytes, rows: Sequence[ReturnedRow]
) -> list[SealedLine]:
    """Seal the lines that could not be read, under the key of their case or of the bank."""
    sealed = []
    for row in rows:
        if row.unreadable is not None:
            sealer = (
                await stored_sealer(ctx.persons, connection, row.case_no)
                if row.case_no
                else await ctx.bank_sealers.stored(ctx.persons, connection, institution, ctx.now())
            )
            raw = sealer.unreadable(digest, row.line_no, orjson.dumps(row.unreadable))
            sealed.append(SealedLine(row.line_no, sealer.key, raw))
    return sealed


def _row(stated: ReturnedFunds, line: ReturnedTransfer, case_no: str | None, hop_no: int | None) -> ReturnedRow:
    return ReturnedRow(
        line_no=line.line_no,
        message_id=stated.message_id,
        created_at=stated.created_at,
        case_no=case_no,
        hop_no=hop_no,
        reference=line.reference,
        returned_paise=line.returned_paise,
        transfer_paise=line.transfer_paise,
        settled_on=line.settled_on,
        return_id=line.return_id,
        reason_code=line.reason_code,
        job_id=line.job_id,
        remarks=line.remarks,
    )


async def _tell_desk(ctx: Context, connection: Connection, institution: str, rows: Sequence[ReturnedRow]) -> None:
    by_case: dict[str, list[ReturnedRow]] = defaultdict(list)
    for row in rows:
        if row.case_no:
            by_case[row.case_no].append(row)
    # In the order of the case numbers, so that two messages about the same cases cannot deadlock.
    for case_no, returned in sorted(by_case.items()):
        work = await lock_case(ctx, connection, case_no, f"bank:{institution}")
        task = NewTask(kind=TaskKind.READ_ANSWER, cause=TaskCause.MONEY_RETURNED)
        opened = await work.ask(task, institution=institution)
        data = {
            "task_id": opened[0] if opened else None,
            "kind": task.kind.value,
            "institution": institution,
            "note": compose(task.cause, about(TaskSubject.CASE, case_no), task.facts),
            "returned": [{"hop_no": row.hop_no, "returned_paise": row.returned_paise} for row in returned],
        }
        await work.log_all([Event(EventKind.TASK_OPENED, data)])


def _doubts(stated: ReturnedFunds, rows: Sequence[ReturnedRow]) -> list[str]:
    doubts = []
    for line, row in zip(stated.lines, rows, strict=True):
        if isinstance(line, UnreadableLine):
            doubts.append(f"TxInf[{line.line_no}]/{line.field_name}: {line.reason}")
        elif row.case_no is None:
            doubts.append(f"TxInf[{line.line_no}]: names no transfer or case of this bank")
    return doubts
