"""A bank's word on an order beside the order: what of it is booked, and what is in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from domain.escalation import EscalationPolicy, Repeat
from schemas.base import FrozenModel
from schemas.enums import ContradictionKind
from schemas.identifiers import account_key
from schemas.orders.orders import Beneficiary, ConfirmedLine
from schemas.outbox.procedures import OrderPolicy, OrderRung
from schemas.restoration_enums import OrderKind

Disposition = Literal["applied", "contradiction", "duplicate"]

UNNAMED: Final = "LEFT-"
"""how a word begins that a page gives a credit of which the bank told no reference: it is no name of the bank's"""


class Via(StrEnum):
    """Which way a word came. One credit may be told over several, under several names."""

    DOOR = "door"
    FILE = "file"
    LETTER = "letter"
    OFFICER = "officer"


class Ordered(FrozenModel):
    """One line of an order as it stands."""

    amount_paise: int
    confirmed_paise: int
    beneficiary: Beneficiary | None = None

    @property
    def left_paise(self) -> int:
        """What the bank still has to do."""
        return self.amount_paise - self.confirmed_paise


class Word(FrozenModel):
    """One line of what the bank has said of an order before."""

    line_no: int
    natural_key: str
    amount_paise: int
    applied_paise: int
    disposition: Disposition
    reference: str
    credited_institution: str = ""
    credited_account: str = ""
    via: Via | None = None
    """none of a word that was taken before this was written down"""


@dataclass(frozen=True)
class Judged:
    """What becomes of one line of a bank's word. `applied_paise` is never above what is left of the order."""

    natural_key: str
    disposition: Disposition
    applied_paise: int = 0
    contradiction: ContradictionKind | None = None
    flags: tuple[str, ...] = ()
    against_paise: int | None = None
    """the figure that it contradicts; none: what of it is booked"""


def natural_key(said: ConfirmedLine) -> str:
    """By what the same credit is known again: the line and the bank's reference, else amount and moment."""
    if said.reference:
        return f"{said.line_no}|{said.reference.upper()}"
    return f"{said.line_no}|{said.amount_paise}|{said.done_at.isoformat()}"


def judge(
    kind: OrderKind,
    due_at: datetime,
    ordered: Ordered,
    said: ConfirmedLine,
    held_paise: int,
    known: Sequence[Word],
    via: Via = Via.DOOR,
) -> Judged:
    """Judge one line of a bank's word on an order that is due at `due_at`.

    `held_paise`: what is on hold to be moved. `known`: what the bank said before. What goes beyond the order, a second
    time or to another account is a contradiction for a person, and moves nothing that the order does not cover. So is
    what may be a credit told before under another name, and a credit told before with another amount.
    """
    key = natural_key(said)
    same = [word for word in known if word.natural_key == key or word.natural_key.startswith(f"{key} #")]
    if same:
        elsewhere = kind is OrderKind.RESTORE and _went_elsewhere(ordered.beneficiary, said)
        if _is_known(same, said, elsewhere=elsewhere) and not _settles(same, said, via):
            return Judged(key, "duplicate")
        # What was in doubt is said otherwise now, or two officers have found out: that is looked at afresh.
        key = f"{key} #{len(same)}"
    flags = ("late",) if said.done_at > due_at else ()
    if kind is OrderKind.RESTORE and _went_elsewhere(ordered.beneficiary, said):
        return Judged(key, "contradiction", 0, ContradictionKind.CREDITED_ELSEWHERE, flags)
    if booked_paise := sum(word.applied_paise for word in same):
        if not _settles(same, said, via):
            kind_of_doubt = ContradictionKind.CREDITED_OTHER_AMOUNT
            return Judged(key, "contradiction", 0, kind_of_doubt, flags, against_paise=booked_paise)
        return _within(key, ordered, said.amount_paise - booked_paise, held_paise, flags)
    if not same and (other := _other_name(said, known, via)):
        doubt = ContradictionKind.CREDITED_TWICE if other == "contradiction" else None
        return Judged(key, other, 0, doubt, (*flags, "told_before"))
    return _within(key, ordered, said.amount_paise, held_paise, flags)


def _within(key: str, ordered: Ordered, said_paise: int, held_paise: int, flags: tuple[str, ...]) -> Judged:
    """What of a sum the order and the hold have room for."""
    if ordered.left_paise == 0:
        return Judged(key, "contradiction", 0, ContradictionKind.CREDITED_TWICE, flags)
    applied_paise = min(said_paise, ordered.left_paise, held_paise)
    if applied_paise < said_paise:
        return Judged(key, "contradiction", applied_paise, ContradictionKind.CREDITED_ABOVE_ORDER, flags)
    if applied_paise < ordered.left_paise:
        flags = (*flags, "partial")
    return Judged(key, "applied", applied_paise, None, flags)


def _says_the_same(word: Word, said: ConfirmedLine) -> bool:
    return (word.amount_paise, account_key(word.credited_account), word.credited_institution.upper()) == (
        said.amount_paise,
        account_key(said.credited_account),
        said.credited_institution.upper(),
    )


def _is_known(same: Sequence[Word], said: ConfirmedLine, *, elsewhere: bool) -> bool:
    """Whether it says nothing that this credit's own words before it have not: of one that was booked, its amount."""
    if any(_says_the_same(word, said) for word in same):
        return True
    booked = [word for word in same if word.applied_paise]
    amounts = {word.amount_paise for word in booked} | {sum(word.applied_paise for word in booked)}
    return bool(booked) and not elsewhere and said.amount_paise in amounts


def _settles(same: Sequence[Word], said: ConfirmedLine, via: Via) -> bool:
    """Whether two officers say, of a credit that is in doubt, that it is one.

    Nothing of it was booked; or less was, and that it is more stands as a doubt already.
    """
    if via is not Via.OFFICER:
        return False
    booked_paise = sum(word.applied_paise for word in same)
    if not booked_paise:
        return True
    doubted = [word for word in same if not word.applied_paise and word.disposition == "contradiction"]
    return booked_paise < said.amount_paise and any(word.amount_paise == said.amount_paise for word in doubted)


def _other_name(said: ConfirmedLine, known: Sequence[Word], via: Via) -> Literal["duplicate", "contradiction"] | None:
    """Whether a credit of the same sum on the same line, which was booked, is this one under another name.

    It is where one of the two has no reference: a telephone call, then the credit's own message. Where both have one
    and came different ways nobody can tell. Each booked credit is known again once.
    """
    alike = [word for word in known if word.line_no == said.line_no and word.amount_paise == said.amount_paise]
    booked = [word for word in alike if word.applied_paise]
    keys = {word.natural_key for word in booked}
    again = {word.natural_key for word in alike if word.disposition == "duplicate"} - keys
    name = _name(said.reference)
    unnamed = [word for word in booked if bool(_name(word.reference)) != bool(name)]
    if not name:
        unnamed += [word for word in booked if not _name(word.reference) and word.via not in {via, None}]
    if len(unnamed) > len(again):
        return "duplicate"
    other_ways = [word for word in booked if name and _name(word.reference) and word.via not in {via, None}]
    return "contradiction" if other_ways else None


def _name(reference: str) -> str:
    return "" if reference.startswith(UNNAMED) else reference


def _went_elsewhere(beneficiary: Beneficiary | None, said: ConfirmedLine) -> bool:
    """Whether the bank names another account, or another bank, than the order does.

    Where it names none it is taken to be that one.
    """
    if beneficiary is None:
        return False
    if said.credited_account and account_key(said.credited_account) != account_key(beneficiary.holder):
        return True
    told, ordered = said.credited_institution.upper(), beneficiary.institution.upper()
    return bool(told) and bool(ordered) and told != ordered


def order_escalation(policy: OrderPolicy) -> EscalationPolicy[OrderRung]:
    """Return the levels that a bank's silence on an order reaches, each counted from the one below."""
    again, repeat = policy.supervisor_again_seconds, None
    if again is not None:
        repeat = Repeat(every=timedelta(seconds=again), times=policy.supervisor_times)
    return EscalationPolicy(_steps(policy.rungs), repeat)


def cancellation_escalation(policy: OrderPolicy, today: OrderPolicy) -> EscalationPolicy[OrderRung]:
    """Return the levels of a cancellation; an older order promises none and gets those of `today`."""
    return EscalationPolicy(_steps(policy.cancel_rungs or today.cancel_rungs))


def _steps(seconds: Mapping[OrderRung, float]) -> dict[OrderRung, timedelta]:
    return {level: timedelta(seconds=seconds[level]) for level in OrderRung if level in seconds}
