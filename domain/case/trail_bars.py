"""Bars and ribbons of a money trail: the hops of a case between their accounts. Pure.

An account that money reaches in two layers is two bars. The smallest accounts of a large layer are one bar.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add
from typing import Final, NamedTuple

from schemas.case.trail_layout import LETTERS, TrailDetail
from schemas.enums import Bucket
from schemas.identifiers import account_key, names_an_account

FOLDED: Final = "folded"
"""end of the id of the bar that stands for the smallest ones of its layer"""

Money = Mapping[Bucket, int]
Row = tuple[int, ...]
"""paise of each bucket, in the order of `LETTERS`"""
Fields = dict[str, object]
"""fields of a model"""
_PLACES: Final = {bucket: place for place, bucket in enumerate(LETTERS)}
NOTHING: Final[Row] = (0,) * len(LETTERS)


class TrailPlace(NamedTuple):
    """Account at an institution, as a hop names it."""

    institution: str | None
    as_told: str
    holder: str

    @property
    def bank(self) -> str:
        """Return the code of the institution, or its name as told."""
        return self.institution or self.as_told


class TrailHop(NamedTuple):
    """Hop with the money that is on it now."""

    hop_no: int
    parent_hop_no: int | None
    payer: TrailPlace
    """the victim's account for a hop without a parent; of another hop it is not read"""
    payee: TrailPlace
    balances_paise: Money


def account_id(place: TrailPlace) -> str:
    """Return the id of an account in a trail."""
    return f"{place.bank}|{account_key(place.holder)}"


@dataclass(slots=True, eq=False)
class Bar:
    """Account, bank or hop in one layer."""

    node_id: str
    layer: int
    at: TrailPlace | None
    """None for the folded ones of a layer"""
    holder: str
    """"" for a bank, and for the folded ones"""
    hop_no: int | None = None
    hops: int = 0
    folded: int = 0
    paise: int = 0
    rupees: int = 0
    stays: Row = NOTHING
    """what is on its hops"""
    stays_rupees: Sequence[int] = ()
    comes: "Sequence[Ribbon]" = ()
    goes: "Sequence[Ribbon]" = ()
    place: int = 0
    top: int = 0
    height: int = 0


@dataclass(slots=True, eq=False)
class Ribbon:
    """Hops between the same two bars that are drawn."""

    source: Bar
    target: Bar
    returns_to: Bar | None
    rows: list[Row] = field(default_factory=list)
    """what is on its hops and on all hops after them"""
    money: Row = NOTHING
    paise: int = 0
    rupees: int = 0
    from_top: int = 0
    to_top: int = 0
    height: int = 0


class _Leg(NamedTuple):
    """One hop between two bars."""

    source: Bar
    target: Bar
    returns_to: Bar | None
    money: Row


@dataclass(slots=True)
class Layer:
    """Bars of one layer."""

    counted: Fields
    """what it has with its folded bars too"""
    bars: list[Bar]
    """those that are drawn"""


class Trail:
    """Hops of a case between their bars."""

    def __init__(self, hops: Sequence[TrailHop], detail: TrailDetail) -> None:
        """Put the hops, which are in the order of their numbers, between their bars."""
        self._detail = detail
        own, flows = _rows(hops)
        self.hops_without_money = flows.count(NOTHING)
        self._bars: dict[str, Bar] = {}
        self._shown: dict[Bar | None, Bar | None] = {None: None}
        """the bar that is drawn for each bar"""
        self._legs = self._all_legs(hops, own, flows)

    def _all_legs(self, hops: Sequence[TrailHop], own: Sequence[Row], flows: Sequence[Row]) -> list[_Leg]:
        names, returns = self._names(hops)
        by_hop = self._detail is TrailDetail.HOP
        ends: dict[int, Bar] = {}
        legs = []
        for hop, name, stays, flow in zip(hops, names, own, flows, strict=True):
            if flow == NOTHING:
                continue
            paise = sum(flow)
            if hop.parent_hop_no is None:
                source = self._payer(hop)
                source.paise += paise
            else:
                source = ends[hop.parent_hop_no]
            layer = source.layer + 1
            target = self._bar(f"{layer}:{name}", layer, hop.payee, hop.hop_no if by_hop else None)
            ends[hop.hop_no] = target
            target.paise += paise
            target.hops += 1
            target.stays = stays if target.stays is NOTHING else tuple(map(add, target.stays, stays))
            back = returns.get(hop.hop_no)
            legs.append(_Leg(source, target, None if back is None else ends[back], flow))
        return legs

    def _names(self, hops: Sequence[TrailHop]) -> tuple[Sequence[str], Mapping[int, int]]:
        """Return the names of the bars of hops in their layers, and to which earlier hop a hop comes back."""
        if self._detail is TrailDetail.BANK:
            # Every payment back to a bank is no cycle. One back to an account is.
            return [hop.payee.bank for hop in hops], {}
        payees = [hop.payee for hop in hops]
        keys = [account_key(payee.holder) for payee in payees]
        accounts = [f"{payee.institution or payee.as_told}|{key}" for payee, key in zip(payees, keys, strict=True)]
        returns = _returns(hops, accounts, keys)
        return ([str(hop.hop_no) for hop in hops] if self._detail is TrailDetail.HOP else accounts), returns

    def _payer(self, hop: TrailHop) -> Bar:
        name = hop.payer.bank if self._detail is TrailDetail.BANK else account_id(hop.payer)
        return self._bar(f"0:{name}", 0, hop.payer, None)

    def _bar(self, node_id: str, layer: int, at: TrailPlace, hop_no: int | None) -> Bar:
        bar = self._bars.get(node_id)
        if bar is None:
            holder = "" if self._detail is TrailDetail.BANK else at.holder
            bar = self._bars[node_id] = Bar(node_id, layer, at, holder, hop_no)
        return bar

    def folded(self, legs: int) -> list[Layer]:
        """Return the layers from left to right, each with its smallest bars folded into one.

        At most `legs` ribbons go to the other bars of a layer. Its largest bar always stands for itself.
        """
        layers: dict[int, list[Bar]] = defaultdict(list)
        for bar in self._bars.values():
            layers[bar.layer].append(bar)
        comes: dict[int, list[_Leg]] = defaultdict(list)
        for leg in self._legs:
            comes[leg.target.layer].append(leg)
        return [self._fold(number, layers[number], comes[number], legs) for number in sorted(layers)]

    def _fold(self, number: int, bars: list[Bar], comes: Sequence[_Leg], legs: int) -> Layer:
        bars.sort(key=lambda bar: (-bar.paise, bar.node_id))
        up_to = accumulate(self._ribbons_to(bars[:legs], comes))
        kept = max(1, sum(1 for count in up_to if count <= legs))
        counted: Fields = {
            "layer": number,
            "bars": len(bars),
            "hops": len(comes),
            "paise": sum(bar.paise for bar in bars),
        }
        # One bar alone is not folded, because it would need the same place.
        shown, rest = (bars, []) if len(bars) - kept <= 1 else (bars[:kept], bars[kept:])
        self._shown.update(zip(shown, shown, strict=True))
        if rest:
            more = _folded(number, rest)
            self._shown.update(dict.fromkeys(rest, more))
            shown = [*shown, more]
        return Layer(counted, shown)

    def _ribbons_to(self, bars: Sequence[Bar], comes: Sequence[_Leg]) -> list[int]:
        """Return how many ribbons would lead to each of these bars of a layer, at least one to each."""
        # A bar of one hop has one ribbon. Only the others are counted, because most bars of a large trail have one.
        ends: dict[Bar, set[tuple[Bar | None, Bar | None]]] = {bar: set() for bar in bars if bar.hops > 1}
        if ends:
            for source, target, back, _ in comes:
                if target in ends:
                    ends[target].add((self._shown[source], self._shown[back]))
        return [len(ends[bar]) if bar in ends else 1 for bar in bars]

    def tie(self) -> None:
        """Make the ribbons between the bars that are drawn."""
        shown = self._shown
        by_bars: dict[tuple[Bar | None, Bar | None, Bar | None], Ribbon] = {}
        for leg in self._legs:
            key = (shown[leg.source], shown[leg.target], shown[leg.returns_to])
            ribbon = by_bars.get(key)
            if ribbon is None:
                source, target, back = key
                assert source is not None
                assert target is not None
                ribbon = by_bars[key] = Ribbon(source, target, back)
            ribbon.rows.append(leg.money)
        comes: dict[Bar, list[Ribbon]] = defaultdict(list)
        goes: dict[Bar, list[Ribbon]] = defaultdict(list)
        for ribbon in by_bars.values():
            ribbon.money = summed(ribbon.rows)
            ribbon.paise = sum(ribbon.money)
            comes[ribbon.target].append(ribbon)
            goes[ribbon.source].append(ribbon)
        for bar, ribbons in comes.items():
            bar.comes = ribbons
        for bar, ribbons in goes.items():
            bar.goes = ribbons


def _folded(layer: int, bars: Sequence[Bar]) -> Bar:
    more = Bar(f"{layer}:{FOLDED}", layer, None, "", folded=len(bars))
    for bar in bars:
        more.hops += bar.hops
        more.paise += bar.paise
    more.stays = summed([bar.stays for bar in bars])
    return more


def summed(rows: Sequence[Row]) -> Row:
    """Return the sums of rows, bucket by bucket."""
    if not rows:
        return NOTHING
    return rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True)))


def _row(money: Money) -> Row:
    if not money:
        return NOTHING
    row = list(NOTHING)
    for bucket, paise in money.items():
        if (place := _PLACES.get(bucket)) is not None:
            row[place] = paise
    return tuple(row)


def _rows(hops: Sequence[TrailHop]) -> tuple[list[Row], list[Row]]:
    """Return what is on each hop, and what is on it and on all hops after it."""
    own = [_row(hop.balances_paise) for hop in hops]
    place_of: dict[int | None, int] = {hop.hop_no: place for place, hop in enumerate(hops)}
    # A hop has a higher number than its parent, so its own sum is complete when its turn comes.
    order = [(place_of[hop.hop_no], place_of[hop.parent_hop_no]) for hop in hops if hop.parent_hop_no is not None]
    columns = [list(column) for column in zip(*own, strict=True)]
    for column in columns:
        for place, parent in reversed(order):
            if column[place]:
                column[parent] += column[place]
    return own, list(zip(*columns, strict=True))


def _returns(hops: Sequence[TrailHop], accounts: Sequence[str], keys: Sequence[str]) -> dict[int, int]:
    """Return by hop the latest earlier hop of its own path that reached the same account.

    Each path is walked once, with the hops that stand on it by account.
    """
    # Most accounts of a large trail are reached once, and no money comes back to them.
    reached = Counter(accounts)
    # Accounts that a bank does not state are not one account.
    stated = {
        hop.hop_no: account
        for hop, account, key in zip(hops, accounts, keys, strict=True)
        if reached[account] > 1 and names_an_account(key)
    }
    back_to: dict[int, int] = {}
    if not stated:
        return back_to
    after: dict[int | None, list[int]] = defaultdict(list)
    for hop in hops:
        after[hop.parent_hop_no].append(hop.hop_no)
    on_path: dict[str, list[int]] = {account: [] for account in stated.values()}
    stack = after[None][::-1]
    while stack:
        hop_no = stack.pop()
        if hop_no < 0:
            on_path[stated[-hop_no]].pop()
            continue
        onward = after.get(hop_no)
        if hop_no in stated:
            earlier = on_path[stated[hop_no]]
            if earlier:
                back_to[hop_no] = earlier[-1]
            if onward:
                earlier.append(hop_no)
                # The negative number comes when all hops after this one are done.
                stack.append(-hop_no)
        if onward:
            stack.extend(onward[::-1])
    return back_to
