"""Layout of a money trail as layers of bars with ribbons between them. Pure.

A bar stands in the layer of its hops: an account that money reaches in two layers is two bars. So the picture has no
cycle, and each rupee is counted once. A ribbon that comes back to an account of its own path names the earlier bar.

Amounts come from the ledger: a hop carries what is on it now and on all hops after it. So all that comes into a bar
goes on or stays. The time is O(E log E) for E hops.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from typing import Final

from domain.rupees import in_proportion, whole_rupees
from schemas.enums import Bucket
from schemas.identifiers import account_key, names_an_account
from schemas.tracing.trail_layout import (
    LETTERS,
    MONEY_UNITS,
    BucketShare,
    TrailBar,
    TrailDetail,
    TrailLayer,
    TrailPicture,
    TrailRibbon,
)

SLOT_UNITS: Final = 5_000
"""least height that a bar gets, so that its label can be read"""
GAP_UNITS: Final = 1_500
FOLDED: Final = "folded"
"""end of the id of the bar that stands for the smallest ones of its layer"""

Money = Mapping[Bucket, int]


@dataclass(frozen=True, slots=True)
class TrailPlace:
    """Account at an institution, as a hop names it."""

    institution: str | None
    as_told: str
    holder: str

    @property
    def bank(self) -> str:
        """Return the code of the institution, or its name as told."""
        return self.institution or self.as_told


@dataclass(frozen=True, slots=True)
class TrailHop:
    """Hop with the money that is on it now."""

    hop_no: int
    parent_hop_no: int | None
    payer: TrailPlace
    """the victim's account for a hop without a parent"""
    payee: TrailPlace
    balances_paise: Money


def account_id(place: TrailPlace) -> str:
    """Return the id of an account in a trail."""
    return f"{place.bank}|{account_key(place.holder)}"


def layout(hops: Iterable[TrailHop], detail: TrailDetail, legs: int) -> TrailPicture:
    """Return the layout of a trail. The same hops give the same layout, in whatever order they come."""
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
    stays: Counter[Bucket] = field(default_factory=Counter)
    stays_rupees: Sequence[int] = ()
    comes: "list[_Ribbon]" = field(default_factory=list)
    goes: "list[_Ribbon]" = field(default_factory=list)
    place: int = 0
    top: int = 0
    height: int = 0


@dataclass(slots=True, eq=False)
class _Ribbon:
    source: _Bar
    target: _Bar
    returns_to: _Bar | None
    hops: int = 0
    money: Counter[Bucket] = field(default_factory=Counter)
    paise: int = 0
    rupees: int = 0
    from_top: int = 0
    to_top: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class _Leg:
    """One hop between two bars."""

    source: _Bar
    target: _Bar
    returns_to: _Bar | None
    money: Money


@dataclass(slots=True)
class _Layer:
    counted: TrailLayer
    bars: list[_Bar]
    """those that are drawn"""


class _Trail:
    """Hops of a case between their bars."""

    def __init__(self, hops: Sequence[TrailHop], detail: TrailDetail) -> None:
        self._detail = detail
        flows = _flows(hops)
        self._hops = [hop for hop in hops if flows[hop.hop_no]]
        self.hops_without_money = len(hops) - len(self._hops)
        self._accounts = {hop.hop_no: account_id(hop.payee) for hop in self._hops}
        self._bars: dict[str, _Bar] = {}
        self._shown: dict[str, _Bar] = {}
        """the bar that is drawn for each bar"""
        self._legs = self._all_legs(flows)

    def _all_legs(self, flows: Mapping[int, Counter[Bucket]]) -> list[_Leg]:
        # Every payment back to a bank is no cycle. One back to an account is.
        returns = {} if self._detail is TrailDetail.BANK else _returns(self._hops, self._accounts)
        ends: dict[int, _Bar] = {}
        legs = []
        for hop in self._hops:
            flow = flows[hop.hop_no]
            source = self._payer(hop) if hop.parent_hop_no is None else ends[hop.parent_hop_no]
            target = ends[hop.hop_no] = self._payee(hop, source.layer + 1)
            if hop.parent_hop_no is None:
                source.paise += flow.total()
            target.paise += flow.total()
            target.hops += 1
            target.stays.update(_placed(hop))
            back = returns.get(hop.hop_no)
            legs.append(_Leg(source, target, None if back is None else ends[back], flow))
        return legs

    def _payer(self, hop: TrailHop) -> _Bar:
        name = hop.payer.bank if self._detail is TrailDetail.BANK else account_id(hop.payer)
        return self._bar(f"0:{name}", 0, hop.payer, None)

    def _payee(self, hop: TrailHop, layer: int) -> _Bar:
        match self._detail:
            case TrailDetail.BANK:
                return self._bar(f"{layer}:{hop.payee.bank}", layer, hop.payee, None)
            case TrailDetail.ACCOUNT:
                return self._bar(f"{layer}:{self._accounts[hop.hop_no]}", layer, hop.payee, None)
            case TrailDetail.HOP:
                return self._bar(f"{layer}:{hop.hop_no}", layer, hop.payee, hop.hop_no)

    def _bar(self, node_id: str, layer: int, at: TrailPlace, hop_no: int | None) -> _Bar:
        if node_id not in self._bars:
            holder = "" if self._detail is TrailDetail.BANK else at.holder
            self._bars[node_id] = _Bar(node_id, layer, at, holder, hop_no)
        return self._bars[node_id]

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
        ribbons: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
        for leg in comes:
            back = self._shown[leg.returns_to.node_id].node_id if leg.returns_to else None
            ribbons[leg.target.node_id].add((self._shown[leg.source.node_id].node_id, back))
        up_to = accumulate(max(1, len(ribbons[bar.node_id])) for bar in bars)
        kept = max(1, sum(1 for count in up_to if count <= legs))
        counted = TrailLayer(
            layer=number,
            bars=len(bars),
            hops=len(comes),
            paise=sum(bar.paise for bar in bars),
            rupees=0,
        )
        # One bar alone is not folded, because it would need the same place.
        shown, rest = (bars, []) if len(bars) - kept <= 1 else (bars[:kept], bars[kept:])
        self._shown.update((bar.node_id, bar) for bar in shown)
        if rest:
            more = _folded(number, rest)
            self._shown.update((bar.node_id, more) for bar in rest)
            shown = [*shown, more]
        return _Layer(counted, shown)

    def tie(self) -> None:
        """Make the ribbons between the bars that are drawn."""
        found: dict[tuple[str, str, str | None], _Ribbon] = {}
        for leg in self._legs:
            source, target = self._shown[leg.source.node_id], self._shown[leg.target.node_id]
            back = self._shown[leg.returns_to.node_id] if leg.returns_to else None
            key = (source.node_id, target.node_id, back.node_id if back else None)
            ribbon = found.get(key)
            if ribbon is None:
                ribbon = found[key] = _Ribbon(source, target, back)
                source.goes.append(ribbon)
                target.comes.append(ribbon)
            ribbon.hops += 1
            ribbon.money.update(leg.money)
        for ribbon in found.values():
            ribbon.paise = ribbon.money.total()


def _folded(layer: int, bars: Sequence[_Bar]) -> _Bar:
    more = _Bar(f"{layer}:{FOLDED}", layer, None, "", folded=len(bars))
    for bar in bars:
        more.hops += bar.hops
        more.paise += bar.paise
        more.stays.update(bar.stays)
    return more


def _placed(hop: TrailHop) -> dict[Bucket, int]:
    return {bucket: paise for bucket, paise in hop.balances_paise.items() if bucket in LETTERS and paise}


def _flows(hops: Sequence[TrailHop]) -> dict[int, Counter[Bucket]]:
    """Return the money of each hop and of all hops after it, by bucket."""
    flows = {hop.hop_no: Counter(_placed(hop)) for hop in hops}
    # A hop has a higher number than its parent, so its own sum is complete when its turn comes.
    for hop in reversed(hops):
        if hop.parent_hop_no is not None:
            flows[hop.parent_hop_no].update(flows[hop.hop_no])
    return flows


def _returns(hops: Sequence[TrailHop], accounts: Mapping[int, str]) -> dict[int, int]:
    """Return by hop the latest earlier hop of its own path that reached the same account.

    Each path is walked once, with the hops that stand on it by account.
    """
    # Accounts that a bank does not state are not one account.
    stated = {hop.hop_no for hop in hops if names_an_account(account_key(hop.payee.holder))}
    after: dict[int | None, list[int]] = defaultdict(list)
    for hop in hops:
        after[hop.parent_hop_no].append(hop.hop_no)
    found: dict[int, int] = {}
    on_path: dict[str, list[int]] = defaultdict(list)
    stack = after[None][::-1]
    while stack:
        hop_no = stack.pop()
        earlier = on_path[accounts[abs(hop_no)]] if abs(hop_no) in stated else []
        if hop_no < 0:
            if earlier:
                earlier.pop()
            continue
        if earlier:
            found[hop_no] = earlier[-1]
        earlier.append(hop_no)
        # The negative number comes when all hops after this one are done.
        stack.append(-hop_no)
        stack.extend(after[hop_no][::-1])
    return found


# -- places ------------------------------------------------------------------------------------------------------------


def _order(layers: Sequence[_Layer]) -> None:
    """Order each layer by where its money comes from, in one sweep from left to right, and stack its bars.

    The folded ones stand last.
    """
    total = sum(bar.paise for bar in layers[0].bars) if layers else 0
    for layer in layers:
        middle = {bar: _middle_of_payers(bar) for bar in layer.bars}
        layer.bars.sort(key=lambda bar: (bar.folded > 0, middle[bar], -bar.paise, bar.node_id))
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


def _middle_of_payers(bar: _Bar) -> Fraction:
    """Return the middle of the bars from which money came, each by its money."""
    weighed = sum(ribbon.paise * (2 * ribbon.source.top + ribbon.source.height) for ribbon in bar.comes)
    return Fraction(weighed, bar.paise) if bar.comes else Fraction(0)


def _place_ribbons(bar: _Bar, total: int) -> None:
    """Place the ribbons of a bar below one another, in the order of the bars at their other ends."""
    bar.comes.sort(key=lambda ribbon: (ribbon.source.place, _back(ribbon)))
    bar.goes.sort(key=lambda ribbon: (ribbon.target.place, _back(ribbon)))
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
            rupees_of = in_proportion(bar.rupees, [*goes, *(bar.stays[bucket] for bucket in LETTERS)])
            for ribbon, rupees in zip(bar.goes, rupees_of[: len(goes)], strict=True):
                ribbon.rupees = rupees
            bar.stays_rupees = rupees_of[len(goes) :]


# -- the picture -------------------------------------------------------------------------------------------------------


def _picture(trail: _Trail, layers: Sequence[_Layer], detail: TrailDetail, legs: int) -> TrailPicture:
    bars = [bar for layer in layers for bar in layer.bars]
    stays: Counter[Bucket] = Counter()
    rupees: Counter[Bucket] = Counter()
    for bar in bars:
        stays.update(bar.stays)
        rupees.update(dict(zip(LETTERS, bar.stays_rupees, strict=True)))
    return TrailPicture(
        detail=detail,
        legs=legs,
        money_units=MONEY_UNITS,
        height=_height_of(layers),
        paise=stays.total(),
        rupees=rupees.total(),
        stays=_shares(stays, [rupees[bucket] for bucket in LETTERS]),
        hops_without_money=trail.hops_without_money,
        layers=tuple(
            layer.counted.model_copy(update={"rupees": sum(bar.rupees for bar in layer.bars)}) for layer in layers
        ),
        bars=tuple(map(_drawn_bar, bars)),
        ribbons=tuple(_drawn_ribbon(ribbon) for bar in bars for ribbon in bar.goes),
    )


def _drawn_bar(bar: _Bar) -> TrailBar:
    at = bar.at
    return TrailBar(
        node_id=bar.node_id,
        layer=bar.layer,
        place=bar.place,
        institution=at.institution if at else None,
        institution_as_told=at.as_told if at else "",
        holder=bar.holder,
        hop_no=bar.hop_no,
        folded=bar.folded,
        hops=bar.hops,
        paise=bar.paise,
        rupees=bar.rupees,
        top=bar.top,
        height=bar.height,
        stays=_shares(bar.stays, bar.stays_rupees),
    )


def _drawn_ribbon(ribbon: _Ribbon) -> TrailRibbon:
    rupees = in_proportion(ribbon.rupees, [ribbon.money[bucket] for bucket in LETTERS])
    return TrailRibbon(
        from_node=ribbon.source.node_id,
        to_node=ribbon.target.node_id,
        hops=ribbon.hops,
        paise=ribbon.paise,
        rupees=ribbon.rupees,
        from_top=ribbon.from_top,
        to_top=ribbon.to_top,
        height=ribbon.height,
        bands=_shares(ribbon.money, rupees),
        returns_to=_back(ribbon) or None,
    )


def _shares(money: Money, rupees: Sequence[int]) -> tuple[BucketShare, ...]:
    return tuple(
        BucketShare(bucket=bucket, letter=letter, paise=money[bucket], rupees=whole)
        for (bucket, letter), whole in zip(LETTERS.items(), rupees, strict=True)
        if money.get(bucket)
    )
