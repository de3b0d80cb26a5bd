"""Export of a case as rows of a money-trail workbook; reading them gives the same trail (docs/how-to/money-trail.md).

The workbook shows where the money is, not how often it was reported. It has the applied amount of a bank's line, and
the amount that is still untraced. So no row claims more than its transfer has, and the order of rows does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.banks.directory import Directory
from domain.policy.model import TrailRules
from domain.workbook.columns import MONEY, SHEET_COLUMNS, Sheet, TrailColumn, day_column, sheet_named
from domain.workbook.row import CASH, NO_MONEY, SOURCE, VICTIMS_LAYER, plain_text
from schemas.case.answers import NOT_STATED
from schemas.enums import ClaimKind, Disposition, HopSource
from schemas.identifiers import account_key, names_a_transfer, reference_key
from schemas.text import IST

C = TrailColumn
Value = str | int
"""Text or number: paise in columns of money, else the number itself."""
ExportRow = dict[TrailColumn, Value]

OK_CODES = frozenset({"00", ""})
_TYPES = {"5": Sheet.ATM, "6": Sheet.AEPS, "11": Sheet.POS, "14": Sheet.CHEQUE}
_IDENTITY_COLUMNS = (C.UTR, C.ACCOUNT, C.UTR2, C.PAYEE_ACCOUNT, C.BANK)


@dataclass(frozen=True)
class ExportHop:
    """Data of a hop for the workbook."""

    hop_no: int
    parent_hop_no: int | None
    layer: int
    source: HopSource
    institution: str | None
    payer_institution_as_told: str
    payer_holder: str
    payee_institution_as_told: str
    payee_holder: str
    payee_ifsc: str | None
    reference: str
    amount_paise: int
    disputed_paise: int
    untraced_paise: int
    transferred_at: datetime
    opened_by_answer: int | None

    @property
    def key(self) -> tuple[str | None, str, str]:
        """Return the identity of a hop for a row: bank, transfer and account."""
        return self.institution, reference_key(self.reference), account_key(self.payee_holder)


@dataclass(frozen=True)
class ExportAnswer:
    """Data of an applied answer line for the workbook."""

    answer_id: int
    institution: str
    hop_nos: tuple[int, ...]
    kind: ClaimKind
    disposition: Disposition
    status_code: str
    amount_paise: int
    claim_paise: int
    applied_paise: int
    remarks: str
    raw: Mapping[str, Any]
    occurred_at: datetime | None
    received_at: datetime

    def value_of(self, name: str) -> str:
        """Return the line's text under a name of the bank wire, or ""."""
        value = self.raw.get(name)
        return "" if value is None else str(value)

    @property
    def source_sheet(self) -> Sheet | None:
        """Return the sheet from which the line was imported; None for a line of the bank itself."""
        return sheet_named(self.value_of("txn_type")) if self.value_of("source") == SOURCE else None

    @property
    def reference(self) -> str:
        """Return the reference of the line's own transaction."""
        references = (self.value_of("rrn_transaction_id"), self.value_of("rrn"))
        return next((reference for reference in references if names_a_transfer(reference)), "")


@dataclass(frozen=True)
class _Out:
    """Row to be written."""

    sheet: Sheet
    layer: int
    at: datetime | None
    cells: ExportRow

    @property
    def order(self) -> tuple[object, ...]:
        when = self.at.timestamp() if self.at else float("inf")
        return self.layer, when, *(str(self.cells.get(column, "")) for column in SHEET_COLUMNS[self.sheet])


def to_sheets(
    case_no: str, hops: Iterable[ExportHop], answers: Iterable[ExportAnswer], directory: Directory, rules: TrailRules
) -> dict[Sheet, list[ExportRow]]:
    """Return the rows of all ten sheets, in an order that depends only on their content."""
    export = _Export(hops, answers, directory, rules)
    sheets: dict[Sheet, list[ExportRow]] = {sheet: [] for sheet in Sheet}
    for out in sorted(_merged(export.rows()), key=lambda out: out.order):
        rows = sheets[out.sheet]
        cells = {name: plain_text(value) if isinstance(value, str) else value for name, value in out.cells.items()}
        filled = {name: value for name, value in cells.items() if value != ""}
        rows.append({C.SERIAL: len(rows) + 1, C.ACK_NO: case_no, **filled})
    return sheets


class _Export:
    """Working state of one export."""

    def __init__(
        self, hops: Iterable[ExportHop], answers: Iterable[ExportAnswer], directory: Directory, rules: TrailRules
    ) -> None:
        self._hops = {hop.hop_no: hop for hop in hops}
        self._answers = {answer.answer_id: answer for answer in answers}
        self._directory = directory
        self._rules = rules
        self._untraced = {hop.hop_no: hop.untraced_paise for hop in self._hops.values()}
        self._opened: dict[int, int] = defaultdict(int)
        self._by_desk: dict[tuple[int, str], int] = defaultdict(int)
        for hop in self._hops.values():
            if hop.opened_by_answer is not None:
                self._opened[hop.opened_by_answer] += hop.disputed_paise
            if hop.source is HopSource.DESK and hop.parent_hop_no is not None:
                self._by_desk[hop.parent_hop_no, reference_key(hop.reference)] += hop.disputed_paise

    def rows(self) -> Iterator[_Out]:
        """Yield every row, in no particular order."""
        below: dict[tuple[object, ...], list[ExportHop]] = {}
        for hop in self._hops.values():
            if hop.parent_hop_no is None:
                yield self._victims(hop)
            else:
                # Without a reference, only the line that reported a transfer distinguishes it from another.
                reported_by = None if hop.reference else (hop.opened_by_answer, hop.hop_no)
                key = (self._hops[hop.parent_hop_no].key, hop.key, hop.payee_institution_as_told, reported_by)
                below.setdefault(key, []).append(hop)
        for same in below.values():
            yield self._transfer(same)
        for answer in self._answers.values():
            hops = [self._hops[hop_no] for hop_no in answer.hop_nos]
            out = self._answer_row(answer, hops) if hops else None
            if out:
                yield out

    # -- transfers ---------------------------------------------------------------------------------------------

    def _victims(self, hop: ExportHop) -> _Out:
        cells = {
            **self._transfer_cells(hop, hop.amount_paise, hop.disputed_paise, VICTIMS_LAYER),
            C.ACCOUNT: _stated(hop.payer_holder),
            C.UTR: hop.reference,
            C.TRANSACTION_DATE: _day(hop.transferred_at),
            C.ACTION_BY: _stated(hop.payer_institution_as_told),
        }
        return _Out(Sheet.TRANSFER, VICTIMS_LAYER, hop.transferred_at, cells)

    def _transfer(self, same: Sequence[ExportHop]) -> _Out:
        """Return the row of one transfer; for several hops of one account, one row with their sum."""
        first = same[0]
        assert first.parent_hop_no is not None, "a victim's transfer has no parent"
        parent = self._hops[first.parent_hop_no]
        answer = self._answers.get(first.opened_by_answer or 0)
        disputed_paise = sum(hop.disputed_paise for hop in same)
        amount_paise = max(disputed_paise, *(hop.amount_paise for hop in same))
        layer = min(hop.layer for hop in same)
        at = answer.occurred_at if answer else first.transferred_at
        cells = {
            **self._transfer_cells(first, amount_paise, disputed_paise, layer),
            C.ACCOUNT: _stated(parent.payee_holder),
            C.UTR: parent.reference,
            C.TRANSACTION_DATE: _day(at) or (answer.value_of("transaction_datetime") if answer else ""),
            **(self._reported_by(answer) if answer else {}),
            C.ACTION_BY: self._name(parent.institution) if parent.institution else "",
        }
        return _Out(Sheet.TRANSFER, layer, at, cells)

    def _transfer_cells(self, hop: ExportHop, amount_paise: int, disputed_paise: int, layer: int) -> ExportRow:
        bank = self._name(hop.institution) if hop.institution else _stated(hop.payee_institution_as_told)
        institution, _ = self._directory.resolve(bank, hop.payee_ifsc, hop.payee_holder, "")
        # An IFSC of another bank than the hop's, after a correction by the desk, would mislead the reader.
        ifsc = hop.payee_ifsc if (institution.code if institution else None) == hop.institution else ""
        return {
            C.BANK: bank,
            C.LAYER: layer,
            C.PAYEE_ACCOUNT: _stated(hop.payee_holder),
            C.IFSC: ifsc or "",
            C.UTR2: hop.reference,
            C.TRANSACTION_AMOUNT: amount_paise,
            C.DISPUTED: disputed_paise,
        }

    # -- lines of banks -----------------------------------------------------------------------------------------

    def _answer_row(self, answer: ExportAnswer, hops: Sequence[ExportHop]) -> _Out | None:
        if answer.disposition in {Disposition.REVIEW, Disposition.REFUSAL, Disposition.CORRECTION}:
            return self._without_money(answer, hops)
        if answer.kind is ClaimKind.MOVED:
            return self._untraced_row(answer, hops)
        if not answer.applied_paise:
            return None
        sheet = Sheet.HOLD if answer.kind is ClaimKind.HELD else _cash_sheet(answer)
        cells = self._about(answer, hops, sheet)
        if sheet is Sheet.HOLD:
            cells |= {C.HOLD_AMOUNT: answer.applied_paise, C.LAYER: min(hop.layer for hop in hops)}
        elif sheet is Sheet.AEPS:
            cells |= {
                C.WITHDRAWAL_AMOUNT: answer.applied_paise,
                C.PARENT_UTR: cells[C.UTR],
                C.PARENT_ACCOUNT: cells[C.ACCOUNT],
                C.PARENT_IFSC: hops[0].payee_ifsc or "",
                C.PARENT_LAYER: min(hop.layer for hop in hops),
            }
        else:
            cells |= {
                C.WITHDRAWAL_AMOUNT: max(answer.amount_paise, answer.applied_paise),
                C.DISPUTED: answer.applied_paise,
                C.ATM_ID: answer.value_of("atm_id"),
                C.ATM_PLACE: answer.value_of("place_of_atm"),
                C.MID: answer.value_of("mid"),
                C.TID: answer.value_of("tid"),
                C.APPROVAL_CODE: answer.value_of("approval_code"),
            }
        return self._out(answer, hops, sheet, cells)

    def _untraced_row(self, answer: ExportAnswer, hops: Sequence[ExportHop]) -> _Out | None:
        """Return the row of money that moved on untraced and is still not placed, or None."""
        by_desk = sum(self._by_desk[hop.hop_no, reference_key(answer.reference)] for hop in hops)
        wanted_paise = answer.applied_paise - self._opened[answer.answer_id] - by_desk
        lost_paise = 0
        for hop in hops:
            part = max(0, min(wanted_paise - lost_paise, self._untraced[hop.hop_no]))
            self._untraced[hop.hop_no] -= part
            lost_paise += part
        if not lost_paise:
            return None
        without_sum = answer.source_sheet is Sheet.SMALL and not answer.value_of("amount")
        small = without_sum or lost_paise < self._rules.min_chase_paise
        sheet = Sheet.SMALL if small else Sheet.TRANSFER
        cells = self._about(answer, hops, sheet)
        if not without_sum:
            cells |= {C.TRANSACTION_AMOUNT: lost_paise, C.DISPUTED: lost_paise}
        if not small:
            cells |= {
                C.TRANSACTION_AMOUNT: max(answer.amount_paise, lost_paise),
                C.BANK: answer.value_of("payee_bank") or answer.value_of("payee_bank_code"),
                C.PAYEE_ACCOUNT: answer.value_of("payee_account_number"),
                C.LAYER: min(hop.layer for hop in hops) + 1,
                C.IFSC: answer.value_of("ifsc_code"),
                C.UTR2: answer.reference,
                C.REFERENCE_NO: answer.value_of("reference_no"),
            }
        return self._out(answer, hops, sheet, cells)

    def _without_money(self, answer: ExportAnswer, hops: Sequence[ExportHop]) -> _Out:
        """Return the row of a line that places no money, such as a refusal."""
        named = sheet_named(answer.value_of("txn_type"))
        sheet = named if named in NO_MONEY and answer.kind is ClaimKind.UNKNOWN else Sheet.OTHER
        cells = self._about(answer, hops, sheet)
        if answer.status_code not in OK_CODES:
            cells[C.REMARKS] = f"{answer.status_code}: {answer.remarks}"
        if answer.amount_paise:
            cells[C.TRANSACTION_AMOUNT] = answer.amount_paise
            cells[C.DISPUTED] = answer.claim_paise or answer.amount_paise
        return self._out(answer, hops, sheet, cells)

    def _about(self, answer: ExportAnswer, hops: Sequence[ExportHop], sheet: Sheet) -> ExportRow:
        """Return the cells for the money and the bank of a line. Hops of several accounts have only the transfer."""
        one_account = len({hop.key for hop in hops}) == 1
        own = answer.value_of("cheque_no") if sheet is Sheet.CHEQUE else answer.reference
        return {
            C.ACCOUNT: _stated(hops[0].payee_holder) if one_account else "",
            C.UTR: hops[0].reference,
            day_column(sheet): _day(answer.occurred_at) or answer.value_of("transaction_datetime"),
            **self._reported_by(answer),
            C.REFERENCE_NO: own or answer.value_of("reference_no"),
        }

    def _reported_by(self, answer: ExportAnswer) -> ExportRow:
        # The time at which a workbook was read is not the time of the bank's action.
        acted_at = None if answer.value_of("source") == SOURCE else answer.received_at
        return {
            C.REFERENCE_NO: answer.value_of("reference_no"),
            C.REMARKS: answer.remarks,
            C.ACTION_BY: self._name(answer.institution),
            C.ACTION_DATE: answer.value_of("date_of_action") or _day(acted_at),
            C.NODAL: answer.value_of("pis_nodal"),
        }

    def _out(self, answer: ExportAnswer, hops: Sequence[ExportHop], sheet: Sheet, cells: ExportRow) -> _Out:
        known = {column: value for column, value in cells.items() if column in SHEET_COLUMNS[sheet]}
        return _Out(sheet, min(hop.layer for hop in hops), answer.occurred_at, known)

    def _name(self, code: str) -> str:
        """Return the bank's name if the directory resolves it to the same bank, else its code."""
        bank = self._directory.get(code)
        institution = self._directory.resolve(bank.name, None, "", "")[0] if bank else None
        return bank.name if bank and institution and institution.code == code else code


def _merged(rows: Iterable[_Out]) -> list[_Out]:
    """Return the rows with those of equal identity merged into one, with the sum of their money."""
    merged: dict[tuple[object, ...], _Out] = {}
    for out in rows:
        key = _identity(out)
        first = merged.get(key)
        if first is None:
            merged[key] = out
        elif out.sheet not in NO_MONEY:
            sums: ExportRow = {c: _paise(first.cells, c) + _paise(out.cells, c) for c in MONEY if c in out.cells}
            merged[key] = _Out(out.sheet, min(first.layer, out.layer), first.at, first.cells | sums)
    return list(merged.values())


def _identity(out: _Out) -> tuple[object, ...]:
    """Return the identity of a row, equal for two rows with the same statement. Remarks do not count."""
    cells = out.cells
    reference = str(cells.get(C.UTR2 if out.sheet is Sheet.TRANSFER else C.REFERENCE_NO, ""))
    if not names_a_transfer(reference) or out.sheet is Sheet.CHEQUE:
        marks = (C.APPROVAL_CODE, C.ATM_ID, C.REFERENCE_NO if out.sheet is Sheet.CHEQUE else C.SERIAL)
        reference = "|".join([*(str(cells.get(c, "")) for c in marks), str(cells.get(day_column(out.sheet), ""))])
    parts = [str(cells.get(column, "")) for column in _IDENTITY_COLUMNS]
    victims = out.layer == VICTIMS_LAYER and out.sheet is Sheet.TRANSFER
    return out.sheet, victims, reference, *parts, *(_paise(cells, column) for column in sorted(MONEY))


def _paise(cells: ExportRow, column: TrailColumn) -> int:
    value = cells.get(column, 0)
    return value if isinstance(value, int) else 0


def _cash_sheet(answer: ExportAnswer) -> Sheet:
    """Return the sheet for the way in which money left the banks, or by the kind of line."""
    sheet = _TYPES.get(answer.value_of("txn_type_id").lstrip("0")) or sheet_named(answer.value_of("txn_type"))
    if sheet in CASH:
        return sheet
    return Sheet.POS if answer.kind is ClaimKind.SPENT else Sheet.ATM


def _day(at: datetime | None) -> str:
    """Return a time as officers write it; "" for None."""
    return f"{at.astimezone(IST):%d/%m/%Y %H:%M:%S}" if at else ""


def _stated(text: str) -> str:
    return "" if text == NOT_STATED else text
