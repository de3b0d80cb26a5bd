"""Figures over a period, sums of the supervisor's page, and the map of districts as tiles.

Rules of figures over a period: buckets of durations, intervals of shares, and rows that may be named. Pure. A day's
durations are kept as counts in buckets, so that the days of a year can be added. Eight buckets double the duration, so
each is 9 % wide, and its middle is at most 4.5 % from any duration in it.
"""

import math
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from domain.case.ledger import CONTRA_BUCKETS
from schemas.base import FrozenModel
from schemas.enums import Bucket
from schemas.reporting.wall import MoneyFigure

BUCKETS_A_DOUBLING: Final = 8
FIRST_SECONDS: Final = 0.001
"""the end of bucket 0"""
_Z: Final = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations"""


def seconds_of(bucket: int) -> float:
    """Return the middle of a bucket of durations, by ratio."""
    if bucket == 0:
        return FIRST_SECONDS
    return float(FIRST_SECONDS * 2 ** ((bucket - 0.5) / BUCKETS_A_DOUBLING))


def interval(within: int, judged: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share by Wilson's method; None for a share of nothing."""
    if judged == 0:
        return None
    share, square = within / judged, _Z * _Z
    middle = (share + square / (2 * judged)) / (1 + square / judged)
    half = _Z * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged)) / (1 + square / judged)
    low = 0.0 if within == 0 else max(0.0, middle - half)
    high = 1.0 if within == judged else min(1.0, middle + half)
    return low, high


def named(
    cases: Mapping[str, int], cases_min: int, rows_max: int, known: Collection[str] = frozenset()
) -> frozenset[str]:
    """Return the keys that have a row of their own, by the number of cases of each.

    A key of `known` needs no number of cases. At most `rows_max` keys are named, those with the most cases.
    """
    may_be = sorted((-count, key) for key, count in cases.items() if count >= cases_min or key in known)
    return frozenset(key for _, key in may_be[:rows_max])


BUCKETS: Final[Mapping[MoneyFigure, frozenset[Bucket]]] = {
    **{figure: frozenset({Bucket(figure.value)}) for figure in MoneyFigure if figure.value in set(Bucket)},
    MoneyFigure.COMPLAINTS: frozenset({Bucket.LOST}),
    MoneyFigure.ALL: frozenset(Bucket).difference(CONTRA_BUCKETS),
    MoneyFigure.EVER_HELD: frozenset({Bucket.HELD, Bucket.RESTORED, Bucket.RELEASED}),
}


PACKAGED_TILES: Final = Path(__file__).with_name("district_tiles.toml")


class Tile(FrozenModel):
    """Place of one district on the map; column 0 is in the west, row 0 in the north."""

    code: str
    column: int
    row: int
    latitude: float
    longitude: float
    """of the district's seat"""


@cache
def tiles() -> tuple[Tile, ...]:
    """Return the tiles of all districts, from north to south and from west to east."""
    data = tomllib.loads(PACKAGED_TILES.read_text(encoding="utf-8"))
    listed = [Tile.model_validate(entry) for entry in data["tile"]]
    return tuple(sorted(listed, key=lambda tile: (tile.row, tile.column)))
