"""What a bank holds above the traceable amount, and which holds are small enough for a quick decision. Pure."""

from collections import Counter
from collections.abc import Sequence

from schemas.base import FrozenModel


class HeldLine(FrozenModel):
    """The bank's newest line by which it holds more of a hop than can be traced, in paise."""

    hop_no: int
    claimed_paise: int
    taken_paise: int
    """of it, on this or an earlier word"""
    let_go_paise: int
    """of the hop's excess, ordered to be let go already"""
    case_held_paise: int
    """what the case had on hold in the account when the line came, its own part included"""
    by_person: bool
    """whether a person has looked at it, and settled that what is above goes back"""


class Account(FrozenModel):
    """What all cases together have to do with the account, in paise."""

    taken_paise: int
    """put on hold by banks' words, also where it has gone home or back since"""
    in_play_paise: int
    """asked about and not answered: it may be on hold already"""
    let_go_paise: int
    """excess that was ordered to be let go"""


class Excess(FrozenModel):
    """What of a hop is held above the traceable and was not ordered to be let go yet, in paise."""

    hop_no: int
    excess_paise: int


def excess(lines: Sequence[HeldLine], account: Account) -> list[Excess]:
    """What goes back by itself, by hop; never more than the bank can mean by any reading of its words."""
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
    """A figure below what the case has on hold there is no total; the same one beside two transfers is."""
    if Counter(other.claimed_paise for other in lines)[line.claimed_paise] > 1:
        return True
    return not line.by_person and line.claimed_paise >= line.case_held_paise


class SmallHold(FrozenModel):
    """What is on hold at an account, and what else is known of it, in paise."""

    held_paise: int
    elsewhere_paise: int
    """on hold there in other cases"""
    balance_paise: int | None
    """what the account has, on hold or not, as its bank said last; None where it said nothing"""


def is_small(hold: SmallHold, below_paise: int, business_from_paise: int) -> bool:
    """Whether a little stops a business.

    An account that other victims' money went to is none, nor is one with nothing beside; one of which nothing is known
    may be.
    """
    if hold.held_paise >= below_paise or hold.elsewhere_paise:
        return False
    return hold.balance_paise is None or hold.balance_paise - hold.held_paise >= business_from_paise
