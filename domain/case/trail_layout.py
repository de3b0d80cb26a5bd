"""Layout of a money trail as layers of bars with ribbons between them. Pure.

A bar stands in the layer of its hops: an account that money reaches in two layers is two bars. So the picture has no
cycle, and each rupee is counted once. A ribbon that comes back to an account of its own path names the earlier bar.

Amounts come from the ledger: a hop carries what is on it now and on all hops after it. So all that comes into a bar
goes on or stays. The time is O(E log E) for E hops. `layout_fields` gives plain fields for a page, because the check of
a model would take a quarter of the time again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.case.trail_bars import Bar, Fields, Layer, Ribbon, Row, Trail, TrailHop, summed
from domain.rupees import in_proportion, whole_rupees
from schemas.case.trail_layout import LETTERS, MONEY_UNITS, TrailDetail, TrailPicture

SLOT_UNITS: Final = 5_000
"""least height that a bar gets, so that its label can be read"""
GAP_UNITS: Final = 1_500
_LETTERS: Final = tuple(LETTERS.items())
_EXACT: Final = 1 << 128
"""factor with which the quotients of two sums below 2**64 differ by a whole number, if they differ"""


def layout(hops: Iterable[TrailHop], detail: TrailDetail, legs: int) -> TrailPicture:
    """Return the layout of a trail. The same hops give the same layout, in whatever order they come."""
    # One call makes all models of the picture, because a large trail has tens of thousands.
    return TrailPicture.model_validate(layout_fields(hops, detail, legs))


def layout_fields(hops: Iterable[TrailHop], detail: TrailDetail, legs: int) -> Fields:
    """Return the fields of the layout of a trail."""
    trail = Trail(sorted(hops, key=lambda hop: hop.hop_no), detail)
    layers = trail.folded(legs)
    trail.tie()
    _order(layers)
    _count_rupees(layers)
    return _picture(trail, layers, detail, legs)


# -- places ------------------------------------------------------------------------------------------------------------


def _order(layers: Sequence[Layer]) -> None:
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


def _height_of(layers: Sequence[Layer]) -> int:
    """Return the height of the highest of these layers."""
    return max(
        (
            sum(max(bar.height, SLOT_UNITS) for bar in layer.bars) + GAP_UNITS * (len(layer.bars) - 1)
            for layer in layers
        ),
        default=0,
    )


def _middle_of_payers(bar: Bar) -> int:
    """Return the middle of the bars from which money came, each by its money.

    The unit is so fine that two bars have the same number only at the same place.
    """
    weighed = sum(ribbon.paise * (2 * ribbon.source.top + ribbon.source.height) for ribbon in bar.comes)
    return weighed * _EXACT // bar.paise if bar.comes else 0


def _place_ribbons(bar: Bar, total: int) -> None:
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


def _back(ribbon: Ribbon) -> str:
    return ribbon.returns_to.node_id if ribbon.returns_to else ""


# -- rupees ------------------------------------------------------------------------------------------------------------


def _count_rupees(layers: Sequence[Layer]) -> None:
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


def _picture(trail: Trail, layers: Sequence[Layer], detail: TrailDetail, legs: int) -> Fields:
    bars = [bar for layer in layers for bar in layer.bars]
    stays = summed([bar.stays for bar in bars])
    rupees = summed([tuple(bar.stays_rupees) for bar in bars])
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


def _drawn_bar(bar: Bar) -> Fields:
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


def _drawn_ribbon(ribbon: Ribbon) -> Fields:
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
