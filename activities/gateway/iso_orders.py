"""ISO 20022 messages about orders: money returned is a credit; a resolution releases, refuses or acknowledges."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.recovery import bank_replies as bank_statements
from activities.recovery.cancellations import acknowledge_cancellation, reject_cancellation
from activities.recovery.confirmations import take_confirmation
from adapters.banks.answers import StatusLine, StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.document import InvalidMessage
from adapters.banks.iso20022.reasons import HELD, PENDING
from adapters.banks.iso20022.values import case_id, start_of
from db.recovery import bank_replies, cancellations
from db.recovery.bank_replies import ReferenceLine
from domain.errors.recovery import OrderOver
from domain.recovery.orders import Via
from schemas.enums import ClaimKind
from schemas.identifiers import reference_key
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation, OrderRefusal, cancellation_id
from schemas.restoration_enums import OrderKind

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
        found = [each for each in lines if each.reference_key == reference_key(line.reference)]
        found = [each for each in found if case_no is None or each.case_no == case_no]
        before = known.get(reference.upper())
        chosen = next((each for each in found if (each.order_id, each.line_no) == before), None)
        chosen = chosen or open_lines.choose(_named_by(line.job_id, found), line.returned_paise)
        if chosen is not None:
            done_at = start_of(line.settled_on) if line.settled_on else stated.created_at or now
            said = ConfirmedLine(
                line_no=chosen.line_no, amount_paise=line.returned_paise, done_at=done_at, reference=reference
            )
            found_credits[line.line_no] = Credit(chosen.order_id, chosen.case_no, said)
    return found_credits


def _reference_of(stated: ReturnedFunds, line: ReturnedTransfer) -> str:
    """Return the reference that identifies the credit: the bank's own id, or its place in the message."""
    text = line.return_id or f"{stated.message_id[:50]}/{line.line_no}"
    return text.strip()[:REFERENCE_MAX_CHARS]


def _named_by(job_id: str | None, found: Sequence[ReferenceLine]) -> list[ReferenceLine]:
    """Return the lines of the order with this case id; without one, all lines that the bank may still execute.

    A cancelled order counts as executed only if the bank names it.
    """
    named = [each for each in found if job_id and _is_case_of(each.case_no, each.order_id, job_id)]
    return named or [each for each in found if not each.done_no_more]


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

    def choose(self, found: Sequence[ReferenceLine], paise: int) -> ReferenceLine | None:
        """Return the line that this amount is deducted from; lines with an open amount come first."""
        open_now = [line for line in found if self.left[line.order_id, line.line_no] > 0]
        chosen = open_now or list(found)
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
    said = f"order {kind.value}: {applied} lines booked, {'refused' if rejected is not None else 'not refused'}"
    return Resolved(said, repeated=bool(done) and duplicates == len(done), doubts=tuple(doubts))


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
    for said in update.lines:
        if isinstance(said, UnreadableLine) or said.kind is not ClaimKind.HELD or not said.amount_paise:
            continue
        chosen = open_lines.choose(by_reference[reference_key(said.root_reference)], said.amount_paise)
        if chosen is None:
            beyond.append(f"TxInf[{said.line_no}]: the order has no line about this transfer")
            continue
        done.append(
            ConfirmedLine(
                line_no=chosen.line_no,
                amount_paise=said.amount_paise,
                done_at=said.occurred_at or now,
                reference=(said.reference or f"{digest.hex()[:32]}/{said.line_no}")[:REFERENCE_MAX_CHARS],
            )
        )
    return done, beyond


def _is_rejected(line: StatusLine) -> bool:
    return not isinstance(line, UnreadableLine) and line.status_code not in {HELD, PENDING, ""}


def _refusal(line: StatusLine) -> OrderRefusal:
    assert not isinstance(line, UnreadableLine), "the caller has checked it"
    code = "".join(c for c in line.status_code if c.isascii() and (c.isalnum() or c in "._-"))[:40]
    return OrderRefusal(code=code or NO_REASON, reason=line.remarks[:500] or "no reason is given")
