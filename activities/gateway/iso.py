"""Messages of ISO 20022: answers in, orders out."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from activities.banks.bodies import stored_sealer
from activities.banks.received import keep_body
from activities.case.answers import take_status_update
from activities.case.transaction import lock_case
from activities.context import Context
from activities.recovery import bank_replies as bank_statements
from activities.recovery.cancellations import acknowledge_cancellation, reject_cancellation
from activities.recovery.confirmations import take_confirmation
from adapters.banks.answers import StatusLine, StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.document import InvalidMessage, MessageError
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.values import HELD, PENDING, case_id, start_of
from db import tasks
from db.banks.bank_exchanges import ReceivedBody
from db.case.events import Event
from db.clock import present_moment
from db.pool import Connection
from db.recovery import bank_replies, cancellations, order_views
from db.recovery.bank_replies import ReferenceLine
from db.recovery.order_views import ReturnedRow, SealedLine
from domain.errors import NotFound, RuleBroken
from domain.errors.recovery import OrderOver
from domain.recovery.orders import Via
from domain.work_items.task_notes import compose
from schemas.case.case_workflow import FollowUp
from schemas.enums import ChannelKind, ClaimKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import reference_key, transfer_key
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation, OrderRefusal, cancellation_id
from schemas.restoration_enums import OrderKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about

REFERENCE_MAX_CHARS: Final = 64
NO_REASON: Final = "RJCR"


@dataclass(frozen=True, slots=True)
class Credit:
    """A line of a message that is a credit under an order."""

    order_id: UUID
    case_no: str
    said: ConfirmedLine


Credits = Mapping[int, Credit]
"""by line of the message"""


# -- money returned ----------------------------------------------------------------------------------------------------


async def orders_of_returns(
    ctx: Context, institution: str, stated: ReturnedFunds, case_of: Mapping[int, str | None], now: datetime
) -> Credits:
    """Return the lines of a pacs.004 that are credits under orders to restore.

    `case_of` has the case of each line, by its number. A line belongs to the order whose case id it repeats. Otherwise
    it belongs to the only order about its transfer that the bank may still execute. If several fit, an officer decides.
    A line booked before is found at its order again.
    """
    read = [line for line in stated.lines if isinstance(line, ReturnedTransfer) and line.returned_paise]
    references = sorted({reference_key(line.reference) for line in read})
    async with ctx.pool.acquire() as connection:
        lines = await bank_replies.lines_by_reference(connection, institution, references)
        named = [_reference_of(stated, line) for line in read]
        known = await bank_replies.said_before(connection, institution, named)
    open_lines = _Open(lines)
    found_credits: dict[int, Credit] = {}
    for line in read:
        reference, case_no = _reference_of(stated, line), case_of.get(line.line_no)
        matching = [each for each in lines if each.reference_key == reference_key(line.reference)]
        matching = [each for each in matching if case_no is None or each.case_no == case_no]
        before = known.get(reference.upper())
        chosen = next((each for each in matching if (each.order_id, each.line_no) == before), None)
        chosen = chosen or open_lines.choose(_named_by(line.job_id, matching), line.returned_paise)
        if chosen is not None:
            done_at = start_of(line.settled_on) if line.settled_on else stated.created_at or now
            confirmed = ConfirmedLine(
                line_no=chosen.line_no, amount_paise=line.returned_paise, done_at=done_at, reference=reference
            )
            found_credits[line.line_no] = Credit(chosen.order_id, chosen.case_no, confirmed)
    return found_credits


def _reference_of(stated: ReturnedFunds, line: ReturnedTransfer) -> str:
    """Return the reference that identifies the credit: the bank's own id, or its place in the message."""
    text = line.return_id or f"{stated.message_id[:50]}/{line.line_no}"
    return text.strip()[:REFERENCE_MAX_CHARS]


def _named_by(job_id: str | None, fitting: Sequence[ReferenceLine]) -> list[ReferenceLine]:
    """Return the lines of the order with this case id; without one, all lines that the bank may still execute.

    A cancelled order counts as executed only if the bank names it.
    """
    named = [each for each in fitting if job_id and _is_case_of(each.case_no, each.order_id, job_id)]
    return named or [each for each in fitting if not each.done_no_more]


def _is_case_of(case_no: str, identity: UUID, job_id: str) -> bool:
    try:
        return case_id(case_no, identity) == job_id
    except InvalidMessage:
        return False


@dataclass
class _Open:
    """Open amounts of lines while a message is read. Two returns of one transfer may belong to two lines."""

    lines: Sequence[ReferenceLine]
    left: dict[tuple[UUID, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = {(line.order_id, line.line_no): line.left_paise for line in self.lines}

    def choose(self, fitting: Sequence[ReferenceLine], paise: int) -> ReferenceLine | None:
        """Return the line that this amount is deducted from; lines with an open amount come first."""
        open_now = [line for line in fitting if self.left[line.order_id, line.line_no] > 0]
        chosen = open_now or list(fitting)
        if len({line.order_id for line in chosen}) != 1:
            return None
        self.left[chosen[0].order_id, chosen[0].line_no] -= paise
        return chosen[0]


async def book(ctx: Context, institution: str, to_book: Credits) -> None:
    """Book credits on their orders. A repeated call books nothing again."""
    by_order: dict[UUID, list[ConfirmedLine]] = defaultdict(list)
    for credit in to_book.values():
        by_order[credit.order_id].append(credit.said)
    for order_id, lines in by_order.items():
        stated = OrderConfirmation(lines=tuple(lines))
        await take_confirmation(ctx, institution, order_id, stated, f"bank:{institution}", Via.FILE)


# -- resolutions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resolved:
    """Result of a resolution about an order."""

    said: str
    repeated: bool
    doubts: tuple[str, ...]


async def take_resolution(ctx: Context, institution: str, update: StatusUpdate, digest: bytes) -> Resolved | None:
    """Take a camt.029 about an order; None if it is about no order.

    Accepted lines of an order to release state the released amounts. Accepted lines of an order to restore only
    acknowledge it, because a pacs.004 reports the credit. A rejected line refuses the order, and a pending line
    acknowledges it. Under the case id of a cancellation, the message says whether the bank accepts the cancellation.
    """
    if update.job_id is None:
        return None
    async with ctx.pool.acquire() as connection:
        lines = await bank_replies.lines_of_cases(connection, institution, [update.ack_no])
        cancelled = await cancellations.of_case(connection, institution, update.ack_no)
    for order_id in cancelled:
        if _is_case_of(update.ack_no, cancellation_id(order_id), update.job_id):
            return await _take_cancellation(ctx, institution, order_id, update)
    mine = [line for line in lines if _is_case_of(line.case_no, line.order_id, update.job_id)]
    if not mine:
        return None
    order_id, kind = mine[0].order_id, mine[0].kind
    done, beyond = _released(update, mine, digest, ctx.now()) if kind is OrderKind.RELEASE else ([], [])
    rejected = next((line for line in update.lines if _is_rejected(line)), None)
    applied = duplicates = 0
    if done:
        confirmation = OrderConfirmation(lines=tuple(done))
        taken = await take_confirmation(ctx, institution, order_id, confirmation, f"bank:{institution}", Via.FILE)
        applied, duplicates = taken.applied, taken.duplicates
    doubts = beyond + [f"TxInf[{line.line_no}]/{line.field_name}: {line.reason}" for line in _unread(update)]
    if rejected is not None:
        doubts += await _refuse(ctx, institution, order_id, rejected)
    elif not done:
        with suppress(OrderOver):  # an acknowledgement of an order that has ended is ignored
            await bank_statements.acknowledge(ctx, institution, order_id)
    summary = f"order {kind.value}: {applied} lines booked, {'refused' if rejected is not None else 'not refused'}"
    return Resolved(summary, repeated=bool(done) and duplicates == len(done), doubts=tuple(doubts))


async def _refuse(ctx: Context, institution: str, order_id: UUID, line: StatusLine) -> list[str]:
    """Record that the bank refuses the order; return the doubts about that."""
    try:
        await bank_statements.refuse(ctx, institution, order_id, _refusal(line), f"bank:{institution}")
    except OrderOver as over:
        return [f"the bank refuses it: {over}"]
    return []


async def _take_cancellation(ctx: Context, institution: str, order_id: UUID, update: StatusUpdate) -> Resolved:
    """Take a camt.029 about a cancelled order. It acknowledges the cancellation, unless it rejects a line."""
    doubts = tuple(f"TxInf[{line.line_no}]/{line.field_name}: {line.reason}" for line in _unread(update))
    if any(_is_rejected(line) for line in update.lines):
        await reject_cancellation(ctx, institution, order_id)
        return Resolved("cancellation: the bank rejects it", repeated=False, doubts=doubts)
    await acknowledge_cancellation(ctx, institution, order_id)
    return Resolved("cancellation: the bank accepts it", repeated=False, doubts=doubts)


def _unread(update: StatusUpdate) -> Iterator[UnreadableLine]:
    for line in update.lines:
        if isinstance(line, UnreadableLine):
            yield line


def _released(
    update: StatusUpdate, mine: Sequence[ReferenceLine], digest: bytes, now: datetime
) -> tuple[list[ConfirmedLine], list[str]]:
    """Return the released amounts by line of the order, and the doubts about releases without such a line."""
    open_lines, by_reference = _Open(mine), defaultdict(list)
    done: list[ConfirmedLine] = []
    beyond: list[str] = []
    for line in mine:
        by_reference[line.reference_key].append(line)
    for line_stated in update.lines:
        if (
            isinstance(line_stated, UnreadableLine)
            or line_stated.kind is not ClaimKind.HELD
            or not line_stated.amount_paise
        ):
            continue
        chosen = open_lines.choose(by_reference[reference_key(line_stated.root_reference)], line_stated.amount_paise)
        if chosen is None:
            beyond.append(f"TxInf[{line_stated.line_no}]: the order has no line about this transfer")
            continue
        done.append(
            ConfirmedLine(
                line_no=chosen.line_no,
                amount_paise=line_stated.amount_paise,
                done_at=line_stated.occurred_at or now,
                reference=(line_stated.reference or f"{digest.hex()[:32]}/{line_stated.line_no}")[:REFERENCE_MAX_CHARS],
            )
        )
    return done, beyond


def _is_rejected(line: StatusLine) -> bool:
    return not isinstance(line, UnreadableLine) and line.status_code not in {HELD, PENDING, ""}


def _refusal(line: StatusLine) -> OrderRefusal:
    assert not isinstance(line, UnreadableLine), "the caller has checked it"
    code = "".join(c for c in line.status_code if c.isascii() and (c.isalnum() or c in "._-"))[:40]
    return OrderRefusal(code=code or NO_REASON, reason=line.remarks[:500] or "no reason is given")


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
        if resolved := await take_resolution(ctx, institution, update, received.digest):
            return MessageTaken(resolved.said, resolved.repeated, doubts=resolved.doubts)
        receipt = await take_status_update(ctx, institution, update, received.digest, received=received)
    except NotFound as error:
        raise MessageRefused("RslvdCase/Id: names no case of this bank") from error
    summary = f"answer: {receipt.accepted} lines taken, {receipt.duplicates} known, {receipt.discrepancies} contradict"
    return MessageTaken(summary, receipt.repeated, receipt.follow_up)


async def _take_returned(ctx: Context, institution: str, stated: ReturnedFunds, digest: bytes) -> MessageTaken:
    """Keep every line, and book the credits under orders.

    The desk checks the other lines. Money returned without an order changes no figure before an officer has seen it.
    """
    async with ctx.pool.acquire() as connection:
        rows = await _placed(connection, institution, stated)
    case_of = {row.line_no: row.case_no for row in rows}
    ordered = await orders_of_returns(ctx, institution, stated, case_of, ctx.now())
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
    await book(ctx, institution, ordered)
    readable = sum(row.returned_paise is not None for row in rows)
    summary = f"money returned: {readable} of {len(rows)} lines read, {len(ordered)} of them as ordered"
    return MessageTaken(summary, repeated=not new, doubts=tuple(_doubts(stated, rows)))


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


def _of_its_order(row: ReturnedRow, ordered: Credits) -> ReturnedRow:
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
