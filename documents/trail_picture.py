"""Picture of a money trail for a document, from the same layout that officers see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from documents.rendering import WIDE, Arc, Block, Box, Column, Drawing, Label, Paragraph, Ribbon, table
from documents.wording import in_both
from domain.rupees import grouped
from schemas.case.trail_layout import LETTERS, BucketShare, TrailBar, TrailPicture, TrailRibbon
from schemas.enums import Bucket
from schemas.identifiers import account_end, account_key

LEGS_IN_A_DOCUMENT: Final = 22
"""ribbons of a layer above which the picture folds it, so that it fits on a page"""
_COLUMNS: Final = 4
"""steps between layers side by side in one drawing; the last layer of a drawing is the first of the next"""
_WIDTH_MM: Final = 168.0
_LAST_MM: Final = 34.0
"""width kept for the labels of the last layer"""
_HEIGHT_MAX_MM: Final = 185.0
_HEAD_MM: Final = 6.0
_BAR_MM: Final = 1.0
_STAY_MM: Final = 3.2
_LETTER_LEAST_MM: Final = 2.4
_BAR_COLOUR: Final = "#303a45"
_COLOURS: Final[Mapping[Bucket, str]] = {
    Bucket.RESTORED: "#009e73",
    Bucket.HELD: "#56b4e9",
    Bucket.RELEASED: "#b5b5b5",
    Bucket.IN_PLAY: "#f0e442",
    Bucket.UNTRACED: "#8c7bb8",
    Bucket.REFUSED: "#999933",
    Bucket.SPENT: "#e69f00",
    Bucket.WITHDRAWN: "#d55e00",
}
"""colours that are told apart with every colour vision; the letter says the same"""


def trail_blocks(picture: TrailPicture) -> Iterable[Block]:
    """Yield the picture, in parts of a few layers, and its figures by layer."""
    if not picture.bars:
        return
    yield Paragraph(text=" · ".join(f"{letter}: {in_both(f'bucket.{bucket}')}" for bucket, letter in LETTERS.items()))
    last = picture.layers[-1].layer
    for first in range(0, last, _COLUMNS):
        yield _Part(picture, first, min(first + _COLUMNS, last)).drawing()
    layers = [layer for layer in picture.layers if layer.layer > 0]
    sums = [_rupees(layer.rupees) for layer in layers]
    yield table(
        [
            Column(in_both("timeline.layer"), [str(layer.layer) for layer in layers]),
            Column(in_both("timeline.transfers"), [str(layer.hops) for layer in layers], figures=True),
            Column(in_both("timeline.accounts"), [str(layer.bars) for layer in layers], figures=True),
            Column(in_both("timeline.reached"), sums, WIDE, figures=True),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Place:
    x: float
    y: float
    height: float


class _Part:
    """Layers `first` to `last` of a picture."""

    def __init__(self, picture: TrailPicture, first: int, last: int) -> None:
        self._picture = picture
        self._first, self._last = first, last
        self._bars = [bar for bar in picture.bars if first <= bar.layer <= last]
        self._scale = min(_HEIGHT_MAX_MM / picture.height, 0.9 * _HEIGHT_MAX_MM / picture.money_units)
        self._places = {bar.node_id: self._place(bar) for bar in self._bars}
        self._by_id = {bar.node_id: bar for bar in self._bars}

    def drawing(self) -> Drawing:
        """Return the drawing of these layers."""
        ribbons = [drawn for drawn in self._picture.ribbons if {drawn.from_node, drawn.to_node} <= self._places.keys()]
        return Drawing(
            alt=self._said(),
            height=_HEAD_MM + self._picture.height * self._scale + 2,
            ribbons=tuple(band for ribbon in ribbons for band in self._bands(ribbon)),
            boxes=tuple(box for bar in self._bars for box in self._boxes(bar)),
            arcs=tuple(arc for ribbon in ribbons for arc in self._arcs(ribbon)),
            labels=(*self._heads(), *map(self._label, self._bars)),
        )

    def _said(self) -> str:
        layers = [layer for layer in self._picture.layers if self._first <= layer.layer <= self._last]
        sums = "; ".join(f"layer {layer.layer}: {layer.bars} accounts, {_rupees(layer.rupees)}" for layer in layers)
        return f"Money trail, layers {self._first} to {self._last}. {sums}. The table and case/hops.jsonl say the same."

    def _x(self, layer: int) -> float:
        return (layer - self._first) * (_WIDTH_MM - _LAST_MM) / _COLUMNS

    def _place(self, bar: TrailBar) -> _Place:
        return _Place(self._x(bar.layer), _HEAD_MM + bar.top * self._scale, bar.height * self._scale)

    def _heads(self) -> Iterable[Label]:
        for layer in self._picture.layers:
            if self._first <= layer.layer <= self._last:
                name = f"Layer {layer.layer}" if layer.layer else "Paid from"
                yield Label(x=self._x(layer.layer), y=2, text=f"{name} {_rupees(layer.rupees)}", strong=True)

    def _bands(self, ribbon: TrailRibbon) -> Iterable[Ribbon]:
        """Yield the bands of a ribbon, which share its height by their money."""
        source, target = self._places[ribbon.from_node], self._places[ribbon.to_node]
        from_y, to_y = (_HEAD_MM + top * self._scale for top in (ribbon.from_top, ribbon.to_top))
        starts = source.x + _BAR_MM
        for band in ribbon.bands:
            height = ribbon.height * self._scale * band.paise / ribbon.paise
            yield Ribbon(
                from_x=starts,
                from_y=from_y,
                to_x=target.x,
                to_y=to_y,
                height=max(height, 0.05),
                colour=_COLOURS[band.bucket],
                letter=band.letter if height >= _LETTER_LEAST_MM else "",
            )
            from_y, to_y = from_y + height, to_y + height

    def _boxes(self, bar: TrailBar) -> Iterable[Box]:
        """Yield the bar, and what stayed there below the money that went on."""
        place = self._places[bar.node_id]
        yield Box(x=place.x, y=place.y, width=_BAR_MM, height=max(place.height, 0.2), colour=_BAR_COLOUR)
        y = place.y + place.height
        for stay in reversed(bar.stays):
            height = place.height * stay.paise / bar.paise
            y -= height
            yield _stay(stay, place.x + _BAR_MM, y, height)

    def _arcs(self, ribbon: TrailRibbon) -> Iterable[Arc]:
        """Yield the dashed line from money that came back to the earlier bar of its account."""
        if ribbon.returns_to in self._places:
            here, there = self._places[ribbon.to_node], self._places[ribbon.returns_to]
            yield Arc(
                from_x=here.x,
                from_y=here.y + here.height / 2,
                to_x=there.x + _BAR_MM,
                to_y=there.y + there.height / 2,
            )

    def _label(self, bar: TrailBar) -> Label:
        place = self._places[bar.node_id]
        beside = _STAY_MM if bar.stays else 0.0
        return Label(x=place.x + _BAR_MM + beside + 0.6, y=place.y + place.height / 2, text=_named(bar))


def _stay(stay: BucketShare, x: float, y: float, height: float) -> Box:
    letter = stay.letter if height >= _LETTER_LEAST_MM else ""
    return Box(x=x, y=y, width=_STAY_MM, height=max(height, 0.2), colour=_COLOURS[stay.bucket], letter=letter)


def _named(bar: TrailBar) -> str:
    """Return the label of a bar. No victim's account is named, and no text that a person typed."""
    sums = _rupees(bar.rupees)
    if bar.folded:
        return f"and {bar.folded} more, {sums}"
    if bar.layer == 0:
        return sums
    end = account_end(account_key(bar.holder))
    letters = "".join(stay.letter for stay in bar.stays)
    return " ".join(part for part in (bar.institution or "unknown", f"••{end}" if end else "", sums, letters) if part)


def _rupees(rupees: int) -> str:
    return f"₹{grouped(rupees)}"
