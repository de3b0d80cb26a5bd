"""Ledger entries of a withdrawal: money that no bank confirmed leaves the loss. Pure."""

from collections.abc import Sequence

from domain.case.ledger import move_between
from schemas.base import FrozenModel
from schemas.case.answers import Entry
from schemas.enums import Bucket


class UnplacedMoney(FrozenModel):
    """Money of a withdrawn hop that no bank has placed (paise)."""

    hop_no: int
    root_no: int
    """the transfer of the complaint from which the money came"""
    in_play_paise: int
    refused_paise: int
    untraced_paise: int
    arrived_paise: int
    """the part of it that a bank has confirmed as arrived"""
    proposed_paise: int = 0
    """the part of the root that no officer has accepted as lost; it leaves before the loss"""


def withdrawal_entries(hops: Sequence[UnplacedMoney]) -> list[Entry]:
    """Return the entries by which unconfirmed money leaves the loss, and no money stays in play.

    Money that arrived at an account, and was still looked for there, becomes untraced.
    """
    entries: list[Entry] = []
    proposed = {hop.root_no: hop.proposed_paise for hop in hops}
    for hop in hops:
        unplaced = {
            Bucket.IN_PLAY: hop.in_play_paise,
            Bucket.REFUSED: hop.refused_paise,
            Bucket.UNTRACED: hop.untraced_paise,
        }
        leaves_paise = max(sum(unplaced.values()) - hop.arrived_paise, 0)
        for bucket, there_paise in unplaced.items():
            paise = min(leaves_paise, there_paise)
            if paise:
                entries.append(Entry(hop_no=hop.hop_no, bucket=bucket, amount_paise=-paise))
                outside_paise = min(paise, proposed[hop.root_no])
                proposed[hop.root_no] -= outside_paise
                parts = {Bucket.PROPOSED: outside_paise, Bucket.LOST: paise - outside_paise}
                entries += [Entry(hop_no=hop.root_no, bucket=b, amount_paise=p) for b, p in parts.items() if p]
            leaves_paise -= paise
            if bucket is Bucket.IN_PLAY and paise < there_paise:
                entries += move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, there_paise - paise)
    return entries
