"""Excess that a bank holds above the traceable amount, and small-value holds. Pure."""

from collections import Counter
from collections.abc import Sequence

from schemas.base import FrozenModel


class HeldLine(FrozenModel):
    """Latest line in which a bank holds more of a hop than can be traced, in paise."""

    hop_no: int
    claimed_paise: int
    taken_paise: int
    """part applied from this or an earlier line"""
    let_go_paise: int
    """part of the hop's excess already ordered to be released"""
    case_held_paise: int
    """amount that the case had on hold in the account when the line came, including its own part"""
    by_person: bool
    """whether an officer has checked it and decided that the excess is released"""


class Account(FrozenModel):
    """Totals of all cases on the account, in paise."""

    taken_paise: int
    """put on hold by banks' lines, including money restored or released since"""
    in_play_paise: int
    """requested and not answered, so it may already be on hold"""
    let_go_paise: int
    """excess ordered to be released"""


class Excess(FrozenModel):
    """Excess of a hop above the traceable amount, not yet ordered to be released, in paise."""

    hop_no: int
    excess_paise: int


def excess(lines: Sequence[HeldLine], account: Account) -> list[Excess]:
    """Return the excess to release by hop, never more than any reading of the bank's lines allows."""
    found = {line.hop_no: _of_its_own(line) for line in lines if not _may_be_a_total(line, lines)}
    totals = [line for line in lines if line.hop_no not in found]
    if totals and not any(paise > 0 for paise in found.values()):
        most = max(totals, key=lambda line: line.claimed_paise)
        theirs = account.taken_paise + account.in_play_paise + account.let_go_paise
        found[most.hop_no] = most.claimed_paise - theirs
    return [Excess(hop_no=hop_no, excess_paise=paise) for hop_no, paise in sorted(found.items()) if paise > 0]


def _of_its_own(line: HeldLine) -> int:
    return line.claimed_paise - line.taken_paise - line.let_go_paise


def _may_be_a_total(line: HeldLine, lines: Sequence[HeldLine]) -> bool:
    """Return whether a line may state the total hold on the account.

    An amount below the case's hold there is no total. The same amount for two transfers may be one.
    """
    if Counter(other.claimed_paise for other in lines)[line.claimed_paise] > 1:
        return True
    return not line.by_person and line.claimed_paise >= line.case_held_paise


class SmallHold(FrozenModel):
    """Money on hold at an account, and other known money there, in paise."""

    held_paise: int
    elsewhere_paise: int
    """on hold there in other cases"""
    balance_paise: int | None
    """latest balance from the bank, including money on hold; None if the bank gave none"""


def is_small(hold: SmallHold, below_paise: int, business_from_paise: int) -> bool:
    """Return whether a small hold may stop a business.

    An account that received money of other victims is not a business account, nor is one without other money. An
    account with an unknown balance may be one.
    """
    if hold.held_paise >= below_paise or hold.elsewhere_paise:
        return False
    return hold.balance_paise is None or hold.balance_paise - hold.held_paise >= business_from_paise
