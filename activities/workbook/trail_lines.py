"""Rows of the money-trail workbook as lines of a bank's answer."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from adapters.banks.answers import KINDS, AnswerLine, JsonObject, LineFlag, LineType, flagged
from adapters.banks.i4c.money import format_rupees
from domain.case.flags import CLOCK_SKEW
from domain.case.missing_dates import no_date_flag
from domain.workbook.columns import Sheet, day_column
from domain.workbook.row import SOURCE, TrailRow, plain_text
from schemas.base import Flag
from schemas.enums import ClaimKind

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
    told: JsonObject = {
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
    return source | {name: value for name, value in told.items() if value}
