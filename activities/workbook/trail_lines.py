"""Lines of a workbook, the pause of requests while it is imported, and its export.

Pause of the hold requests about the cases of a workbook, while it is imported. A later row of the workbook may have the
answer that a request would ask for. The pause is a row in PostgreSQL, and no request is planned until it ends. It ends
with the import; after a killed import it ends by itself.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson

from activities.banks.bodies import line_opener
from activities.context import Context
from adapters.banks.answers import KINDS, AnswerLine, JsonObject, LineFlag, LineType, flagged
from adapters.banks.i4c.values import format_rupees
from db.case import case_outbox, cases
from db.clock import present_moment
from db.workbook import trail_import
from db.workbook.trail_import import NamedHop
from domain.case.complaints import CLOCK_SKEW
from domain.case.resolution import no_date_flag
from domain.workbook.columns import Sheet, day_column
from domain.workbook.exporting import ExportRow, to_sheets
from domain.workbook.reading import RejectedTrailRow, TrailReading
from domain.workbook.row import SOURCE, TrailNote, TrailRow, plain_text
from schemas.base import Flag
from schemas.case.case_workflow import FollowUp
from schemas.enums import ClaimKind
from schemas.identifiers import account_key, reference_key

FROM_WORKBOOK = Flag(
    field="line", code="from_workbook", message="told by a money-trail workbook, not by the bank over its own wire"
)

_TYPES = {
    Sheet.HOLD: LineType.HELD,
    Sheet.TRANSFER: LineType.MOVED,
    Sheet.SMALL: LineType.MOVED,
    Sheet.ATM: LineType.ATM,
    Sheet.AEPS: LineType.AEPS,
    Sheet.POS: LineType.POS,
    Sheet.CHEQUE: LineType.CHEQUE,
}


def to_line(line_no: int, row: TrailRow, imported_by: str, now: datetime) -> AnswerLine:
    """Return the row as a line of an answer; `raw` names the source row.

    A date after `now` is flagged.
    """
    type_code = _TYPES.get(row.sheet)
    return AnswerLine(
        line_no=line_no,
        kind=KINDS[type_code] if type_code else ClaimKind.UNKNOWN,
        type_code=type_code or row.sheet.value,
        root_reference=row.root_reference,
        root_account=row.account,
        reference=row.reference,
        amount_paise=row.amount_paise,
        disputed_paise=row.disputed_paise,
        takes_rest=row.takes_rest,
        occurred_at=row.at.astimezone(UTC) if row.at else None,
        time_text=row.at_told,
        remarks=row.remarks,
        payee_bank=row.payee_bank,
        payee_account=row.payee_account,
        payee_ifsc=row.payee_ifsc,
        details=row.details,
        flags=(FROM_WORKBOOK, *_odd(row, now)),
        raw=_raw(row, imported_by),
    )


def digest(ack_no: str, institution: str, rows: Sequence[TrailRow]) -> bytes:
    """Return a digest that is equal for the same rows of one bank, at any place in any file."""
    return hashlib.sha256(orjson.dumps([SOURCE, ack_no, institution, [_content(row) for row in rows]])).digest()


def content(rows: Sequence[TrailRow]) -> str:
    """Return a fingerprint of all rows' contents, independent of their order."""
    each = sorted(hashlib.sha256(orjson.dumps(_content(row))).hexdigest() for row in rows)
    return hashlib.sha256("".join(each).encode()).hexdigest()


def _content(row: TrailRow) -> list[object]:
    return [part.isoformat() if hasattr(part, "isoformat") else part for part in row.meaning]


def _odd(row: TrailRow, now: datetime) -> list[Flag]:
    flags = []
    if row.amount_paise and row.disputed_paise and row.disputed_paise > row.amount_paise:
        flags.append(flagged("disputed_amount", LineFlag.DISPUTED_ABOVE_AMOUNT))
    if row.at is None:
        odd = LineFlag.TIME_UNREADABLE if row.at_told else LineFlag.TIME_MISSING
        flags.append(flagged("transaction_datetime", odd))
    elif row.at > now + CLOCK_SKEW:
        flags.append(flagged("transaction_datetime", LineFlag.IN_THE_FUTURE))
    if row.sheet is Sheet.TRANSFER and row.at is None:
        name = plain_text(row.sheet_name)
        flags.append(no_date_flag(f'sheet "{name}", row {row.row_no}, column {day_column(row.sheet)}'))
    if row.to_itself:
        flags.append(flagged("payee_account_number", LineFlag.SELF_TRANSFER))
    if not row.root_reference:
        flags.append(flagged("root_rrn_transaction_id", LineFlag.REFERENCE_MISSING))
    if row.sheet is Sheet.TRANSFER and not row.reference:
        flags.append(flagged("rrn_transaction_id", LineFlag.REFERENCE_MISSING))
    if row.sheet is Sheet.TRANSFER and not row.payee_account:
        flags.append(flagged("payee_account_number", LineFlag.PAYEE_MISSING))
    return flags


def _raw(row: TrailRow, imported_by: str) -> JsonObject:
    fields: JsonObject = {
        "txn_type_id": _TYPES.get(row.sheet, ""),
        "txn_type": row.sheet.value,
        "amount": "" if row.amount_paise is None else format_rupees(row.amount_paise),
        "disputed_amount": "" if row.disputed_paise is None else format_rupees(row.disputed_paise),
        "transaction_datetime": row.at_told,
        "rrn_transaction_id": row.reference,
        "root_rrn_transaction_id": row.root_reference,
        "root_account_number": row.account,
        "payee_bank": row.payee_bank,
        "payee_account_number": row.payee_account,
        "ifsc_code": row.payee_ifsc,
        "remarks": row.remarks,
        **row.details,
        **row.kept,
    }
    source: JsonObject = {"source": SOURCE, "sheet": row.sheet_name, "row": row.row_no, "imported_by": imported_by}
    return source | {name: value for name, value in fields.items() if value}


class HopIndex:
    """The hops that rows can name, by reference and by account. A row means hops of one case."""

    def __init__(self, hops: Iterable[NamedHop], case_nos: Sequence[str]) -> None:
        self._case_nos = case_nos
        self._by_reference: dict[str, list[NamedHop]] = {}
        self._by_account: dict[str, list[NamedHop]] = {}
        for hop in hops:
            self._by_reference.setdefault(hop.reference_key, []).append(hop)
            self._by_account.setdefault(hop.account_key, []).append(hop)

    def of(self, row: TrailRow) -> list[NamedHop]:
        """Return the hops that a row names, by the same rule as the processing of answers.

        A transfer that merged cases tell twice is meant where its money counts.
        """
        account = account_key(row.account) if row.account else ""
        if not row.root_reference:
            hops = _counted(self._by_account.get(account, []))
            return hops if len(hops) == 1 else []
        named = _counted(self._by_reference.get(reference_key(row.root_reference), []))
        for case_no in self._case_nos:
            hops = [hop for hop in named if hop.case_no == case_no]
            if hops:
                return [hop for hop in hops if hop.account_key == account] or hops
        return []


def _counted(hops: list[NamedHop]) -> list[NamedHop]:
    return [hop for hop in hops if not hop.is_aside] or hops


class Fate(StrEnum):
    """The result for a row that was used."""

    OPENED = "opened"
    """a victim's transfer that is in the case now"""
    APPLIED = "applied"
    DISCREPANCY = "discrepancy"
    REVIEW = "review"
    """the row moves no money, and a person reads it"""
    KNOWN = "known"
    """the row was stated before"""


@dataclass(frozen=True)
class UsedRow:
    """A row that is in the case, and its result."""

    row: TrailRow
    fate: Fate
    discrepancy: str = ""
    claimed_paise: int = 0
    applied_paise: int = 0


@dataclass
class TrailOutcome:
    """The result for every row. Rows = used + rejected + blank + waiting."""

    reading: TrailReading
    case_no: str | None = None
    opened: bool = False
    """whether this workbook opened the case"""
    used: list[UsedRow] = field(default_factory=list)
    rejected: list[RejectedTrailRow] = field(default_factory=list)
    notes: list[TrailNote] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    """flags of the complaints made from the victim's transfers"""
    waiting: list[TrailRow] = field(default_factory=list)
    """rows that were not reached; in a dry run, all rows that would be used"""
    stopped: str = ""
    """the reason for an early stop; empty without one"""

    @property
    def faulty(self) -> list[RejectedTrailRow]:
        """Return the rejected rows in which money may be lost."""
        return [row for row in self.rejected if not row.harmless]

    def count(self, fate: Fate) -> int:
        """Return how many used rows had this result."""
        return sum(1 for used in self.used if used.fate is fate)

    def check(self) -> None:
        """Assert that every row is accounted for."""
        accounted = len(self.used) + len(self.rejected) + self.reading.blank + len(self.waiting)
        assert self.reading.rows == accounted, f"{self.reading.rows} rows, {accounted} accounted for"


def not_taken(reading: TrailReading) -> TrailOutcome:
    """Return the outcome of a dry run, in which the usable rows are waiting."""
    outcome = TrailOutcome(reading, rejected=list(reading.rejected), notes=list(reading.notes))
    outcome.waiting = [*reading.transfers, *reading.said]
    outcome.check()
    return outcome


@dataclass
class RequestPause:
    """Pause for the cases of some acknowledgement numbers, whether they exist already or not."""

    ctx: Context
    ack_nos: Sequence[str]
    _renewed_at: datetime | None = field(default=None, init=False)

    @property
    def _length(self) -> timedelta:
        return timedelta(seconds=self.ctx.policy.trail.import_pause_seconds)

    async def begin(self) -> None:
        """Begin the pause, or make it as long as at its beginning again."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            await cases.pause_requests(connection, self.ack_nos, now + self._length)
        self._renewed_at = now

    async def renew(self) -> None:
        """Renew the pause if a good part of it is over."""
        if self._renewed_at is None or self.ctx.now() - self._renewed_at > self._length / 4:
            await self.begin()

    async def include(self, ack_nos: Sequence[str]) -> None:
        """Pause the cases of more numbers, because a case of the workbook is merged with them."""
        new = [ack_no for ack_no in ack_nos if ack_no not in self.ack_nos]
        if new:
            self.ack_nos = [*self.ack_nos, *new]
            await self.begin()

    async def leave(self, ack_no: str) -> None:
        """End the pause of one number, because the workbook means another case."""
        self.ack_nos = [other for other in self.ack_nos if other != ack_no]
        async with self.ctx.pool.acquire() as connection:
            await cases.end_pauses(connection, [ack_no], self.ctx.now())

    async def end(self, case_nos: Collection[str]) -> list[FollowUp]:
        """End the pause in one transaction; return the notifications that the workflows of these cases have missed.

        All changes of a case go as one notification, so a hop that one row opens and another closes is not asked about.
        """
        follow_ups = []
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            now = await present_moment(connection)
            for case_no in sorted(case_nos):
                news = await case_outbox.join_unsignalled(connection, case_no, now)
                start = await cases.snapshot(connection, case_no) if await cases.is_new(connection, case_no) else None
                follow_ups.append(FollowUp(case_no=case_no, start=start))
                follow_ups += [FollowUp(case_no=case_no, news=change) for change in news]
            await cases.end_pauses(connection, self.ack_nos, self.ctx.now())
        return [follow_up for follow_up in follow_ups if follow_up.start or follow_up.news]


async def export_trail(ctx: Context, ack_no: str) -> tuple[str, dict[Sheet, list[ExportRow]]]:
    """Return the number of the case that `ack_no` names, and the rows of its workbook. Raises `NotFound`."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case_no, hops, answers = await trail_import.whole_case(connection, ack_no, line_opener(ctx.persons))
    return case_no, to_sheets(case_no, hops, answers, ctx.directory.current, ctx.policy.trail)
