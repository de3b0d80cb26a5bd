"""Layout of a case's money trail: layers from left to right, with the places of bars and ribbons.

Amounts are paise and whole rupees. `top` and `height` are units: `MONEY_UNITS` are all the money of the trail.
"""

from enum import StrEnum
from typing import Final

from schemas.base import FrozenModel
from schemas.enums import Bucket

MONEY_UNITS: Final = 100_000
"""height of a bar with all the money of the trail"""
LEGS_DEFAULT: Final = 300
LEGS_MAX: Final = 2_000

LETTERS: Final = {
    Bucket.RESTORED: "R",
    Bucket.HELD: "H",
    Bucket.RELEASED: "L",
    Bucket.IN_PLAY: "P",
    Bucket.UNTRACED: "U",
    Bucket.REFUSED: "X",
    Bucket.SPENT: "S",
    Bucket.WITHDRAWN: "W",
}
"""letter of each bucket that money can be in, in the order in which bands are drawn"""


class TrailDetail(StrEnum):
    """Level of detail: what one bar of the layout stands for."""

    BANK = "bank"
    ACCOUNT = "account"
    HOP = "hop"


class BucketShare(FrozenModel):
    """Money of one bucket."""

    bucket: Bucket
    letter: str
    paise: int
    rupees: int


class TrailBar(FrozenModel):
    """Bank, account or hop in one layer. Layer 0 has the accounts from which victims paid."""

    node_id: str
    layer: int
    place: int
    """place in the layer from the top, from 0"""
    institution: str | None
    institution_as_told: str
    holder: str
    """account, VPA or wallet; "" for a bank, and for the folded ones of a layer"""
    hop_no: int | None
    """hop of a bar that stands for one"""
    folded: int
    """number of bars that this one stands for; 0 for a bar of its own"""
    hops: int
    """transfers that come in"""
    paise: int
    """money that came in: what stayed, and what went on"""
    rupees: int
    top: int
    height: int
    stays: tuple[BucketShare, ...]
    """what stayed, by bucket; its place is below the ribbons that go on"""


class TrailRibbon(FrozenModel):
    """Money that went from one bar to another in the next layer, by the buckets where it is now."""

    from_node: str
    to_node: str
    hops: int
    paise: int
    rupees: int
    from_top: int
    to_top: int
    height: int
    bands: tuple[BucketShare, ...]
    returns_to: str | None
    """bar of an earlier layer with the same account, if the money came back there; it is counted once"""


class TrailLayer(FrozenModel):
    """One layer of the trail, with all its hops."""

    layer: int
    bars: int
    """banks, accounts or hops, the folded ones too"""
    hops: int
    paise: int
    rupees: int


class TrailPicture(FrozenModel):
    """Layout of a trail. Bars stand by layer and place, ribbons by the places of their bars."""

    detail: TrailDetail
    legs: int
    """ribbons of a layer above which its smallest bars are folded"""
    money_units: int
    height: int
    """height of the highest layer, in units"""
    paise: int
    rupees: int
    stays: tuple[BucketShare, ...]
    """where all the money is now; the buckets sum to it"""
    hops_without_money: int
    """hops that are in the table alone, because no money of the case went by them"""
    layers: tuple[TrailLayer, ...]
    bars: tuple[TrailBar, ...]
    ribbons: tuple[TrailRibbon, ...]


class TrailLayoutView(FrozenModel):
    """Layout of a case's money trail, at one instant."""

    case_ack_no: str
    version: int
    """`seq` of the case's last event at that instant"""
    picture: TrailPicture
