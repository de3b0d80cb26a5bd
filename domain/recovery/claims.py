"""The claim of one hop on the money on hold at its account, at most what a bank confirmed. Pure."""

from pydantic import Field

from schemas.base import FrozenModel
from schemas.restoration_enums import ConfirmedBy


class HopMoney(FrozenModel):
    """Money of one hop at an account, and what banks said of it (paise)."""

    disputed_paise: int = Field(gt=0)
    sent_paise: int = Field(ge=0, default=0)
    """the sending bank said that this amount went to the account"""
    placed_paise: int = Field(ge=0, default=0)
    """the bank of the account said that it has this amount, or where it went from there"""
    moved_paise: int | None = Field(ge=0, default=None)
    """what the transfer moved by the statement of the sending bank; None without one"""
    only_imported: bool = False
    """only a workbook that a person imported has these statements, or a telephone answer that an officer entered, or
    the bank has not stated over a channel all that such an answer booked"""
    partly_by_telephone: bool = False
    """of such statements, some are telephone answers"""
    entered_sent_paise: int = Field(ge=0, default=0)
    """of `sent_paise`, what one officer alone entered"""
    entered_placed_paise: int = Field(ge=0, default=0)
    """of `placed_paise`, what one officer alone entered"""
    held_paise: int = Field(ge=0, default=0)
    """on hold, without what the bank is ordered to release"""
    to_release_paise: int = Field(ge=0, default=0)
    given_back_paise: int = Field(ge=0, default=0)
    """restored or released from the hop"""
    returned_paise: int = Field(ge=0, default=0)
    """came back to the account below the hop: the hop that came back claims it"""
    lost_paise: int = Field(ge=0, default=0)
    """gone at the hop or below it, without what is untraced at the hop itself"""
    untraced_paise: int = Field(ge=0, default=0)
    """untraced at the hop itself"""
    in_play_below_paise: int = Field(ge=0, default=0)
    in_play_paise: int = Field(ge=0, default=0)
    """in play at the hop itself"""


class Confirmed(FrozenModel):
    """The part of a transfer that a bank has confirmed as arrived (paise), and who confirms most."""

    paise: int
    by: ConfirmedBy


class Claimed(FrozenModel):
    """A claim in paise; zero if the hop claims nothing."""

    claim_paise: int
    most_paise: int
    """the part of the claim that is on hold or gone; the rest is still in play"""
    untraced_paise: int
    """the part of the hop's own untraced money that the claim counts"""
    excess_paise: int = 0
    """the part on hold above what the sending bank says that the transfer moved"""


def confirmed(hop: HopMoney) -> Confirmed:
    """Return what banks have confirmed as arrived at the account.

    It is never more than the disputed amount, or than what the sending bank says that the transfer moved. A bank that
    is asked for an invented amount may hold other money of the account.
    """
    most_paise = hop.disputed_paise if hop.moved_paise is None else min(hop.disputed_paise, hop.moved_paise)
    sent, placed = (min(paise, most_paise) for paise in (hop.sent_paise, hop.placed_paise))
    if hop.only_imported and (placed or sent):
        by = ConfirmedBy.TELEPHONE if hop.partly_by_telephone else ConfirmedBy.WORKBOOK
        return Confirmed(paise=max(placed, sent), by=by)
    if placed >= sent and placed:
        return Confirmed(paise=placed, by=ConfirmedBy.RECEIVING_BANK)
    return Confirmed(paise=sent, by=ConfirmedBy.SENDING_BANK if sent else ConfirmedBy.NOTHING)


def firm_paise(hop: HopMoney) -> int:
    """Return the part of what is confirmed that a bank stated over a channel, or that two officers confirmed."""
    sent_paise = max(hop.sent_paise - hop.entered_sent_paise, 0)
    placed_paise = max(hop.placed_paise - hop.entered_placed_paise, 0)
    return min(max(sent_paise, placed_paise), confirmed(hop).paise)


def claimed(hop: HopMoney) -> Claimed:
    """Return the claim of a hop, at most what a bank or two officers have confirmed.

    It is what is on hold, gone or in play of it. Untraced money and money in play at the hop itself may never have
    arrived, so they count last.
    """
    gone_paise = hop.given_back_paise + hop.to_release_paise + hop.returned_paise
    left_paise = max(firm_paise(hop) - gone_paise, hop.held_paise) - hop.held_paise
    counted = []
    for paise in (hop.lost_paise, hop.in_play_below_paise, hop.untraced_paise, hop.in_play_paise):
        counted.append(min(paise, left_paise))
        left_paise -= counted[-1]
    lost_paise, _, untraced_paise, _ = counted
    own_paise = hop.held_paise if hop.moved_paise is None else max(hop.moved_paise - gone_paise, 0)
    return Claimed(
        claim_paise=hop.held_paise + sum(counted),
        most_paise=hop.held_paise + lost_paise + untraced_paise,
        untraced_paise=untraced_paise,
        excess_paise=max(hop.held_paise - own_paise, 0),
    )
