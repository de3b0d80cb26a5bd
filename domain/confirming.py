"""A bank's word on an order beside the order: what of it is booked, and what is in doubt."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.base import Noun
from schemas.enums import ContradictionKind
from schemas.identifiers import account_key
from schemas.orders import Beneficiary, ConfirmedLine
from schemas.restoration_enums import OrderKind

Disposition = Literal["applied", "contradiction", "duplicate"]


class Ordered(Noun):
    """One line of an order as it stands."""

    amount_paise: int
    confirmed_paise: int
    beneficiary: Beneficiary | None = None

    @property
    def left_paise(self) -> int:
        """What the bank still has to do."""
        return self.amount_paise - self.confirmed_paise


@dataclass(frozen=True)
class Judged:
    """What becomes of one line of a bank's word. `applied_paise` is never above what is left of the order."""

    natural_key: str
    disposition: Disposition
    applied_paise: int = 0
    contradiction: ContradictionKind | None = None
    flags: tuple[str, ...] = ()


def natural_key(said: ConfirmedLine) -> str:
    """By what the same credit is known again: the line and the bank's reference, else amount and moment."""
    if said.reference:
        return f"{said.line_no}|{said.reference.upper()}"
    return f"{said.line_no}|{said.amount_paise}|{said.done_at.isoformat()}"


def judge(
    kind: OrderKind, due_at: datetime, ordered: Ordered, said: ConfirmedLine, held_paise: int, known: Set[str]
) -> Judged:
    """Judge one line of a bank's word on an order that is due at `due_at`.

    `held_paise`: what is on hold to be moved. `known`: the natural keys of what the bank said before. What goes beyond
    the order, a second time or to another account is a contradiction for a person, and moves nothing that the order
    does not cover.
    """
    key = natural_key(said)
    if key in known:
        return Judged(key, "duplicate")
    flags = ("late",) if said.done_at > due_at else ()
    if kind is OrderKind.RESTORE and _went_elsewhere(ordered.beneficiary, said):
        return Judged(key, "contradiction", 0, ContradictionKind.CREDITED_ELSEWHERE, flags)
    if ordered.left_paise == 0:
        return Judged(key, "contradiction", 0, ContradictionKind.CREDITED_TWICE, flags)
    applied_paise = min(said.amount_paise, ordered.left_paise, held_paise)
    if applied_paise < said.amount_paise:
        return Judged(key, "contradiction", applied_paise, ContradictionKind.CREDITED_ABOVE_ORDER, flags)
    if applied_paise < ordered.left_paise:
        flags = (*flags, "partial")
    return Judged(key, "applied", applied_paise, None, flags)


def _went_elsewhere(beneficiary: Beneficiary | None, said: ConfirmedLine) -> bool:
    """Whether the bank names another account than the order does; where it names none it is taken to be that one."""
    if beneficiary is None or not said.credited_account:
        return False
    return account_key(said.credited_account) != account_key(beneficiary.holder)
