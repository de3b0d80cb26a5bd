"""The map of Uttar Pradesh as tiles: one square a district, where its seat lies."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from schemas.base import FrozenModel

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
    found = [Tile.model_validate(one) for one in data["tile"]]
    return tuple(sorted(found, key=lambda tile: (tile.row, tile.column)))
