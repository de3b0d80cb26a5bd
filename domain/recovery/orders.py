"""Comparison of a bank's confirmation with its order: the amount to book, or the doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from domain.case.requests import EscalationPolicy, Repeat
from schemas.base import FrozenModel
from schemas.enums import DiscrepancyKind
from schemas.identifiers import account_key
from schemas.procedures import OrderEscalationLevel, OrderPolicy
from schemas.recovery.orders import Beneficiary, ConfirmedLine
from schemas.restoration_enums import OrderKind

Disposition = Literal["applied", "discrepancy", "duplicate"]

UNNAMED: Final = "LEFT-"
"""prefix of the reference that a form assigns to a credit for which the bank gave none"""


class Via(StrEnum):
    """Channel of a confirmation. A bank may confirm one credit over several, with different references."""

    DOOR = "door"
    FILE = "file"
    LETTER = "letter"
    OFFICER = "officer"


class Ordered(FrozenModel):
    """Current state of one order line."""

    amount_paise: int
    confirmed_paise: int
    beneficiary: Beneficiary | None = None

    @property
    def left_paise(self) -> int:
        """Return the amount that the bank has not confirmed."""
        return self.amount_paise - self.confirmed_paise


class Statement(FrozenModel):
    """One line of an earlier confirmation by the bank."""

    line_no: int
    natural_key: str
    amount_paise: int
    applied_paise: int
    disposition: Disposition
    reference: str
    credited_institution: str = ""
    credited_account: str = ""
    via: Via | None = None
    """None for a confirmation older than this field"""


@dataclass(frozen=True)
class Judged:
    """Result for one line of a confirmation. `applied_paise` is never above the rest of the order line."""

    natural_key: str
    disposition: Disposition
    applied_paise: int = 0
    discrepancy: DiscrepancyKind | None = None
    flags: tuple[str, ...] = ()
    against_paise: int | None = None
    """amount that the line contradicts; None: the amount booked of it"""


def natural_key(line: ConfirmedLine) -> str:
    """Return the identity of a credit: line and bank's reference, else line, amount and time."""
    if line.reference:
        return f"{line.line_no}|{line.reference.upper()}"
    return f"{line.line_no}|{line.amount_paise}|{line.done_at.isoformat()}"


def judge(
    kind: OrderKind,
    due_at: datetime,
    ordered: Ordered,
    line: ConfirmedLine,
    held_paise: int,
    known: Sequence[Statement],
    via: Via = Via.DOOR,
) -> Judged:
    """Judge one line of a bank's confirmation of an order due at `due_at`.

    `held_paise` is the amount on hold to be moved. `known` has the bank's earlier confirmations. A discrepancy for an
    officer is an amount above the order, a repeated credit, or a credit to another account. So is a credit that may
    have been confirmed before under another reference, or with another amount. Only what the order covers is booked.
    """
    key = natural_key(line)
    same = [earlier for earlier in known if earlier.natural_key == key or earlier.natural_key.startswith(f"{key} #")]
    if same:
        elsewhere = kind is OrderKind.RESTORE and _went_elsewhere(ordered.beneficiary, line)
        if _is_known(same, line, elsewhere=elsewhere) and not _settles(same, line, via):
            return Judged(key, "duplicate")
        # The bank now states a doubtful credit differently, or two officers have checked it, so it is judged again.
        key = f"{key} #{len(same)}"
    flags = ("late",) if line.done_at > due_at else ()
    if kind is OrderKind.RESTORE and _went_elsewhere(ordered.beneficiary, line):
        return Judged(key, "discrepancy", 0, DiscrepancyKind.CREDITED_ELSEWHERE, flags)
    if booked_paise := sum(earlier.applied_paise for earlier in same):
        if not _settles(same, line, via):
            kind_of_doubt = DiscrepancyKind.CREDITED_OTHER_AMOUNT
            return Judged(key, "discrepancy", 0, kind_of_doubt, flags, against_paise=booked_paise)
        return _within(key, ordered, line.amount_paise - booked_paise, held_paise, flags)
    if not same and (other := _other_name(line, known, via)):
        doubt = DiscrepancyKind.CREDITED_TWICE if other == "discrepancy" else None
        return Judged(key, other, 0, doubt, (*flags, "told_before"))
    return _within(key, ordered, line.amount_paise, held_paise, flags)


def _within(key: str, ordered: Ordered, said_paise: int, held_paise: int, flags: tuple[str, ...]) -> Judged:
    """Return the part of an amount that fits into the order line and the hold."""
    if ordered.left_paise == 0:
        return Judged(key, "discrepancy", 0, DiscrepancyKind.CREDITED_TWICE, flags)
    applied_paise = min(said_paise, ordered.left_paise, held_paise)
    if applied_paise < said_paise:
        return Judged(key, "discrepancy", applied_paise, DiscrepancyKind.CREDITED_ABOVE_ORDER, flags)
    if applied_paise < ordered.left_paise:
        flags = (*flags, "partial")
    return Judged(key, "applied", applied_paise, None, flags)


def _says_the_same(earlier: Statement, line: ConfirmedLine) -> bool:
    return (earlier.amount_paise, account_key(earlier.credited_account), earlier.credited_institution.upper()) == (
        line.amount_paise,
        account_key(line.credited_account),
        line.credited_institution.upper(),
    )


def _is_known(same: Sequence[Statement], line: ConfirmedLine, *, elsewhere: bool) -> bool:
    """Return whether the line adds nothing to earlier lines about the same credit.

    For a booked credit only the amount is compared.
    """
    if any(_says_the_same(earlier, line) for earlier in same):
        return True
    booked = [earlier for earlier in same if earlier.applied_paise]
    amounts = {earlier.amount_paise for earlier in booked} | {sum(earlier.applied_paise for earlier in booked)}
    return bool(booked) and not elsewhere and line.amount_paise in amounts


def _settles(same: Sequence[Statement], line: ConfirmedLine, via: Via) -> bool:
    """Return whether two officers confirm a credit that is in doubt.

    Nothing of it is booked, or a smaller amount is booked and the larger one is recorded as a doubt.
    """
    if via is not Via.OFFICER:
        return False
    booked_paise = sum(earlier.applied_paise for earlier in same)
    if not booked_paise:
        return True
    doubted = [earlier for earlier in same if not earlier.applied_paise and earlier.disposition == "discrepancy"]
    return booked_paise < line.amount_paise and any(earlier.amount_paise == line.amount_paise for earlier in doubted)


def _other_name(
    line: ConfirmedLine, known: Sequence[Statement], via: Via
) -> Literal["duplicate", "discrepancy"] | None:
    """Return whether a booked credit of the same amount and line may be this one under another reference.

    "duplicate": only one of the two has a reference, as for a telephone call followed by the bank's message.
    "discrepancy": both have one and came over different channels, so the answer is not certain. Each booked credit
    matches once.
    """
    alike = [
        earlier for earlier in known if earlier.line_no == line.line_no and earlier.amount_paise == line.amount_paise
    ]
    booked = [earlier for earlier in alike if earlier.applied_paise]
    keys = {earlier.natural_key for earlier in booked}
    again = {earlier.natural_key for earlier in alike if earlier.disposition == "duplicate"} - keys
    name = _name(line.reference)
    unnamed = [earlier for earlier in booked if bool(_name(earlier.reference)) != bool(name)]
    if not name:
        unnamed += [earlier for earlier in booked if not _name(earlier.reference) and earlier.via not in {via, None}]
    if len(unnamed) > len(again):
        return "duplicate"
    other_ways = [earlier for earlier in booked if name and _name(earlier.reference) and earlier.via not in {via, None}]
    return "discrepancy" if other_ways else None


def _name(reference: str) -> str:
    return "" if reference.startswith(UNNAMED) else reference


def _went_elsewhere(beneficiary: Beneficiary | None, line: ConfirmedLine) -> bool:
    """Return whether the bank names another account or another bank than the order.

    If the bank names none, the account of the order is assumed.
    """
    if beneficiary is None:
        return False
    if line.credited_account and account_key(line.credited_account) != account_key(beneficiary.holder):
        return True
    named, ordered = line.credited_institution.upper(), beneficiary.institution.upper()
    return bool(named) and bool(ordered) and named != ordered


def order_escalation(policy: OrderPolicy) -> EscalationPolicy[OrderEscalationLevel]:
    """Return the escalation levels of an order without a response, each counted from the one below."""
    again, repeat = policy.supervisor_again_seconds, None
    if again is not None:
        repeat = Repeat(every=timedelta(seconds=again), times=policy.supervisor_times)
    return EscalationPolicy(_steps(policy.levels), repeat)


def cancellation_escalation(policy: OrderPolicy, today: OrderPolicy) -> EscalationPolicy[OrderEscalationLevel]:
    """Return the levels of a cancellation; an older order promises none and gets those of `today`."""
    return EscalationPolicy(_steps(policy.cancel_levels or today.cancel_levels))


def _steps(seconds: Mapping[OrderEscalationLevel, float]) -> dict[OrderEscalationLevel, timedelta]:
    return {level: timedelta(seconds=seconds[level]) for level in OrderEscalationLevel if level in seconds}
