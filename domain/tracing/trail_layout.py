"""Layout of a money trail as layers of bars with ribbons between them. Pure.

A bar stands in the layer of its hops: an account that money reaches in two layers is two bars. So the picture has no
cycle, and each rupee is counted once. A ribbon that comes back to an account of its own path names the earlier bar.

Amounts come from the ledger: a hop carries what is on it now and on all hops after it. So all that comes into a bar
goes on or stays. The time is O(E log E) for E hops. `layout_fields` gives plain fields for a page, because the check of
a model would take a quarter of the time again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import add
from typing import Final, NamedTuple

from domain.rupees import in_proportion, whole_rupees
from schemas.enums import Bucket
from schemas.identifiers import account_key, names_an_account
from schemas.tracing.trail_layout import (
    LETTERS,
    MONEY_UNITS,
    TrailDetail,
    TrailPicture,
)

SLOT_UNITS: Final = 5_000
"""least height that a bar gets, so that its label can be read"""
GAP_UNITS: Final = 1_500
FOLDED: Final = "folded"
"""end of the id of the bar that stands for the smallest ones of its layer"""

Money = Mapping[Bucket, int]
Row = tuple[int, ...]
"""paise of each bucket, in the order of `LETTERS`"""
Fields = dict[str, object]
"""fields of a model"""
_LETTERS: Final = tuple(LETTERS.items())
_PLACES: Final = {bucket: place for place, bucket in enumerate(LETTERS)}
_NOTHING: Final[Row] = (0,) * len(LETTERS)
_EXACT: Final = 1 << 128
"""factor with which the quotients of two sums below 2**64 differ by a whole number, if they differ"""


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


def layout(hops: Iterable[TrailHop], detail: TrailDetail, legs: int) -> TrailPicture:
    """Return the layout of a trail. The same hops give the same layout, in whatever order they come."""
    # One call makes all models of the picture, because a large trail has tens of thousands.
    return TrailPicture.model_validate(layout_fields(hops, detail, legs))


def layout_fields(hops: Iterable[TrailHop], detail: TrailDetail, legs: int) -> Fields:
    """Return the fields of the layout of a trail."""
    trail = _Trail(sorted(hops, key=lambda hop: hop.hop_no), detail)
    layers = trail.folded(legs)
    trail.tie()
    _order(layers)
    _count_rupees(layers)
    return _picture(trail, layers, detail, legs)


# -- bars and ribbons --------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Bar:
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
    stays: Row = _NOTHING
    """what is on its hops"""
    stays_rupees: Sequence[int] = ()
    comes: "Sequence[_Ribbon]" = ()
    goes: "Sequence[_Ribbon]" = ()
    place: int = 0
    top: int = 0
    height: int = 0


@dataclass(slots=True, eq=False)
class _Ribbon:
    source: _Bar
    target: _Bar
    returns_to: _Bar | None
    rows: list[Row] = field(default_factory=list)
    """what is on its hops and on all hops after them"""
    money: Row = _NOTHING
    paise: int = 0
    rupees: int = 0
    from_top: int = 0
    to_top: int = 0
    height: int = 0


class _Leg(NamedTuple):
    """One hop between two bars."""

    source: _Bar
    target: _Bar
    returns_to: _Bar | None
    money: Row


@dataclass(slots=True)
class _Layer:
    counted: Fields
    """what it has with its folded bars too"""
    bars: list[_Bar]
    """those that are drawn"""


class _Trail:
    """Hops of a case between their bars."""

    def __init__(self, hops: Sequence[TrailHop], detail: TrailDetail) -> None:
        self._detail = detail
        own, flows = _rows(hops)
        self.hops_without_money = flows.count(_NOTHING)
        self._bars: dict[str, _Bar] = {}
        self._shown: dict[_Bar | None, _Bar | None] = {None: None}
        """the bar that is drawn for each bar"""
        self._legs = self._all_legs(hops, own, flows)

    def _all_legs(self, hops: Sequence[TrailHop], own: Sequence[Row], flows: Sequence[Row]) -> list[_Leg]:
        names, returns = self._names(hops)
        by_hop = self._detail is TrailDetail.HOP
        ends: dict[int, _Bar] = {}
        legs = []
        for hop, name, stays, flow in zip(hops, names, own, flows, strict=True):
            if flow == _NOTHING:
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
            target.stays = stays if target.stays is _NOTHING else tuple(map(add, target.stays, stays))
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

    def _payer(self, hop: TrailHop) -> _Bar:
        name = hop.payer.bank if self._detail is TrailDetail.BANK else account_id(hop.payer)
        return self._bar(f"0:{name}", 0, hop.payer, None)

    def _bar(self, node_id: str, layer: int, at: TrailPlace, hop_no: int | None) -> _Bar:
        bar = self._bars.get(node_id)
        if bar is None:
            holder = "" if self._detail is TrailDetail.BANK else at.holder
            bar = self._bars[node_id] = _Bar(node_id, layer, at, holder, hop_no)
        return bar

    def folded(self, legs: int) -> list[_Layer]:
        """Return the layers from left to right, each with its smallest bars folded into one.

        At most `legs` ribbons go to the other bars of a layer. Its largest bar always stands for itself.
        """
        layers: dict[int, list[_Bar]] = defaultdict(list)
        for bar in self._bars.values():
            layers[bar.layer].append(bar)
        comes: dict[int, list[_Leg]] = defaultdict(list)
        for leg in self._legs:
            comes[leg.target.layer].append(leg)
        return [self._fold(number, layers[number], comes[number], legs) for number in sorted(layers)]

    def _fold(self, number: int, bars: list[_Bar], comes: Sequence[_Leg], legs: int) -> _Layer:
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
        return _Layer(counted, shown)

    def _ribbons_to(self, bars: Sequence[_Bar], comes: Sequence[_Leg]) -> list[int]:
        """Return how many ribbons would lead to each of these bars of a layer, at least one to each."""
        # A bar of one hop has one ribbon. Only the others are counted, because most bars of a large trail have one.
        ends: dict[_Bar, set[tuple[_Bar | None, _Bar | None]]] = {bar: set() for bar in bars if bar.hops > 1}
        if ends:
            for source, target, back, _ in comes:
                if target in ends:
                    ends[target].add((self._shown[source], self._shown[back]))
        return [len(ends[bar]) if bar in ends else 1 for bar in bars]

    def tie(self) -> None:
        """Make the ribbons between the bars that are drawn."""
        shown = self._shown
        found: dict[tuple[_Bar | None, _Bar | None, _Bar | None], _Ribbon] = {}
        for leg in self._legs:
            key = (shown[leg.source], shown[leg.target], shown[leg.returns_to])
            ribbon = found.get(key)
            if ribbon is None:
                source, target, back = key
                assert source is not None
                assert target is not None
                ribbon = found[key] = _Ribbon(source, target, back)
            ribbon.rows.append(leg.money)
        comes: dict[_Bar, list[_Ribbon]] = defaultdict(list)
        goes: dict[_Bar, list[_Ribbon]] = defaultdict(list)
        for ribbon in found.values():
            ribbon.money = _summed(ribbon.rows)
            ribbon.paise = sum(ribbon.money)
            comes[ribbon.target].append(ribbon)
            goes[ribbon.source].append(ribbon)
        for bar, ribbons in comes.items():
            bar.comes = ribbons
        for bar, ribbons in goes.items():
            bar.goes = ribbons


def _folded(layer: int, bars: Sequence[_Bar]) -> _Bar:
    more = _Bar(f"{layer}:{FOLDED}", layer, None, "", folded=len(bars))
    for bar in bars:
        more.hops += bar.hops
        more.paise += bar.paise
    more.stays = _summed([bar.stays for bar in bars])
    return more


def _summed(rows: Sequence[Row]) -> Row:
    if not rows:
        return _NOTHING
    return rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True)))


def _row(money: Money) -> Row:
    if not money:
        return _NOTHING
    row = list(_NOTHING)
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
    found: dict[int, int] = {}
    if not stated:
        return found
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
                found[hop_no] = earlier[-1]
            if onward:
                earlier.append(hop_no)
                # The negative number comes when all hops after this one are done.
                stack.append(-hop_no)
        if onward:
            stack.extend(onward[::-1])
    return found


# -- places ------------------------------------------------------------------------------------------------------------


def _order(layers: Sequence[_Layer]) -> None:
    """Order each layer by where its money comes from, in one sweep from left to right, and stack its bars.

    The folded ones stand last.
    """
    total = sum(bar.paise for bar in layers[0].bars) if layers else 0
    for layer in layers:
        layer.bars.sort(key=lambda bar: (bar.folded > 0, _middle_of_payers(bar), -bar.paise, bar.node_id))
        top = 0
        for place, bar in enumerate(layer.bars):
            bar.place, bar.height = place, _height(bar.paise, total)
            slot = max(bar.height, SLOT_UNITS)
            bar.top = top + (slot - bar.height) // 2
            top += slot + GAP_UNITS
    highest = _height_of(layers)
    for layer in layers:
        down = (highest - _height_of((layer,))) // 2
        for bar in layer.bars:
            bar.top += down
    for layer in layers:
        for bar in layer.bars:
            _place_ribbons(bar, total)


def _height(paise: int, total: int) -> int:
    return paise * MONEY_UNITS // total


def _height_of(layers: Sequence[_Layer]) -> int:
    """Return the height of the highest of these layers."""
    return max(
        (
            sum(max(bar.height, SLOT_UNITS) for bar in layer.bars) + GAP_UNITS * (len(layer.bars) - 1)
            for layer in layers
        ),
        default=0,
    )


def _middle_of_payers(bar: _Bar) -> int:
    """Return the middle of the bars from which money came, each by its money.

    The unit is so fine that two bars have the same number only at the same place.
    """
    weighed = sum(ribbon.paise * (2 * ribbon.source.top + ribbon.source.height) for ribbon in bar.comes)
    return weighed * _EXACT // bar.paise if bar.comes else 0


def _place_ribbons(bar: _Bar, total: int) -> None:
    """Place the ribbons of a bar below one another, in the order of the bars at their other ends."""
    bar.comes = sorted(bar.comes, key=lambda ribbon: (ribbon.source.place, _back(ribbon)))
    bar.goes = sorted(bar.goes, key=lambda ribbon: (ribbon.target.place, _back(ribbon)))
    top = bar.top
    for ribbon in bar.comes:
        ribbon.to_top = top
        ribbon.height = _height(ribbon.paise, total)
        top += ribbon.height
    top = bar.top
    for ribbon in bar.goes:
        ribbon.from_top = top
        top += _height(ribbon.paise, total)


def _back(ribbon: _Ribbon) -> str:
    return ribbon.returns_to.node_id if ribbon.returns_to else ""


# -- rupees ------------------------------------------------------------------------------------------------------------


def _count_rupees(layers: Sequence[_Layer]) -> None:
    """Give each bar and ribbon whole rupees, from left to right, so that what comes in goes on or stays."""
    if not layers:
        return
    paid = [bar.paise for bar in layers[0].bars]
    for bar, rupees in zip(layers[0].bars, in_proportion(whole_rupees(sum(paid)), paid), strict=True):
        bar.rupees = rupees
    for layer in layers:
        for bar in layer.bars:
            bar.rupees += sum(ribbon.rupees for ribbon in bar.comes)
            goes = [ribbon.paise for ribbon in bar.goes]
            rupees_of = in_proportion(bar.rupees, [*goes, *bar.stays])
            for ribbon, rupees in zip(bar.goes, rupees_of[: len(goes)], strict=True):
                ribbon.rupees = rupees
            bar.stays_rupees = rupees_of[len(goes) :]


# -- the picture -------------------------------------------------------------------------------------------------------


def _picture(trail: _Trail, layers: Sequence[_Layer], detail: TrailDetail, legs: int) -> Fields:
    bars = [bar for layer in layers for bar in layer.bars]
    stays = _summed([bar.stays for bar in bars])
    rupees = _summed([tuple(bar.stays_rupees) for bar in bars])
    return {
        "detail": detail,
        "legs": legs,
        "money_units": MONEY_UNITS,
        "height": _height_of(layers),
        "paise": sum(stays),
        "rupees": sum(rupees),
        "stays": _shares(stays, rupees),
        "hops_without_money": trail.hops_without_money,
        "layers": [layer.counted | {"rupees": sum(bar.rupees for bar in layer.bars)} for layer in layers],
        "bars": list(map(_drawn_bar, bars)),
        "ribbons": [_drawn_ribbon(ribbon) for bar in bars for ribbon in bar.goes],
    }


def _drawn_bar(bar: _Bar) -> Fields:
    at = bar.at
    return {
        "node_id": bar.node_id,
        "layer": bar.layer,
        "place": bar.place,
        "institution": at.institution if at else None,
        "institution_as_told": at.as_told if at else "",
        "holder": bar.holder,
        "hop_no": bar.hop_no,
        "folded": bar.folded,
        "hops": bar.hops,
        "paise": bar.paise,
        "rupees": bar.rupees,
        "top": bar.top,
        "height": bar.height,
        "stays": _shares(bar.stays, bar.stays_rupees),
    }


def _drawn_ribbon(ribbon: _Ribbon) -> Fields:
    return {
        "from_node": ribbon.source.node_id,
        "to_node": ribbon.target.node_id,
        "hops": len(ribbon.rows),
        "paise": ribbon.paise,
        "rupees": ribbon.rupees,
        "from_top": ribbon.from_top,
        "to_top": ribbon.to_top,
        "height": ribbon.height,
        "bands": _shares(ribbon.money, in_proportion(ribbon.rupees, ribbon.money)),
        "returns_to": _back(ribbon) or None,
    }


def _shares(money: Row, rupees: Sequence[int]) -> list[Fields]:
    return [
        {"bucket": bucket, "letter": letter, "paise": paise, "rupees": whole}
        for (bucket, letter), paise, whole in zip(_LETTERS, money, rupees, strict=True)
        if paise
    ]
