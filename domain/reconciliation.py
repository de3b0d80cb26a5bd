"""Comparing a bank's list of liens with what the ledger holds at that bank, both ways. Nothing is decided here."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.identifiers import reference_key
from schemas.reconciliation import Difference, ListedLien, Reason


class Transfer(NamedTuple):
    """A transfer of a case, at the bank that is asked."""

    case_no: str
    reference_key: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How it came out: every row is matched or among the differences."""

    rows_in: int
    rows_matched: int
    bank_paise: int
    our_paise: int
    differences: tuple[Difference, ...]

    @property
    def rows_differing(self) -> int:
        """Rows of the list that differ."""
        return self.rows_in - self.rows_matched

    @property
    def missing(self) -> int:
        """Transfers that the list lacks."""
        return sum(difference.reason is Reason.MISSING_AT_BANK for difference in self.differences)


def compare(rows: Sequence[ListedLien], case_of: Mapping[str, str], held_paise: Mapping[Transfer, int]) -> Comparison:
    """Lay the list beside the ledger.

    `case_of` names the case of each acknowledgement number that is known, `held_paise` what the ledger has on hold of
    each transfer at the bank, zero where nothing is. Several rows about one transfer are one lien in parts.
    """
    parts: dict[Transfer, list[ListedLien]] = defaultdict(list)
    differences: list[Difference] = []
    for row in rows:
        case_no = case_of.get(row.ack_no)
        if row.fault:
            differences.append(_difference(row, Reason.UNREADABLE, detail=row.fault))
        elif case_no is None:
            differences.append(_difference(row, Reason.UNKNOWN_CASE, row.amount_paise))
        else:
            parts[Transfer(case_no, reference_key(row.reference))].append(row)
    matched = 0
    for transfer, listed in parts.items():
        reason = _judged(listed, held_paise.get(transfer))
        if reason is None:
            matched += len(listed)
        else:
            told = sum(row.amount_paise for row in listed)
            differences += [_difference(row, reason, told, held_paise.get(transfer)) for row in listed]
    differences.sort(key=lambda difference: difference.row_no or 0)
    return Comparison(
        rows_in=len(rows),
        rows_matched=matched,
        bank_paise=sum(row.amount_paise for row in rows if not row.fault),
        our_paise=sum(held_paise.values()),
        differences=(*differences, *_missing(parts.keys(), held_paise)),
    )


def _judged(listed: Sequence[ListedLien], held_paise: int | None) -> Reason | None:
    if held_paise is None:
        return Reason.UNKNOWN_REFERENCE
    if held_paise == sum(row.amount_paise for row in listed):
        return None
    return Reason.AMOUNT_DIFFERS if held_paise else Reason.NOT_HELD_BY_US


def _missing(listed: Collection[Transfer], held_paise: Mapping[Transfer, int]) -> list[Difference]:
    return [
        Difference(
            row_no=None,
            reason=Reason.MISSING_AT_BANK,
            ack_no=transfer.case_no,
            reference=transfer.reference_key,
            bank_paise=None,
            our_paise=paise,
        )
        for transfer, paise in sorted(held_paise.items())
        if paise and transfer not in listed
    ]


def _difference(
    row: ListedLien,
    reason: Reason,
    bank_paise: int | None = None,
    our_paise: int | None = None,
    *,
    detail: str = "",
) -> Difference:
    return Difference(
        row_no=row.row_no,
        reason=reason,
        detail=detail,
        ack_no=row.ack_no,
        reference=row.reference,
        bank_paise=bank_paise,
        our_paise=our_paise,
    )
