"""The map of tiles has every district once, and neighbours stand as they do on the ground."""

from domain.districts import districts
from domain.reporting.figures import tiles

FAR_DEGREES = 1.8
"""about 180 km; nearer seats may change their sides, because tiles are squares"""


def test_every_district_has_one_tile_of_its_own() -> None:
    assert sorted(tile.code for tile in tiles()) == sorted(one.code for one in districts())
    assert len({(tile.column, tile.row) for tile in tiles()}) == len(districts())


def test_what_lies_far_east_or_south_stands_east_or_south() -> None:
    wrong = [
        (one.code, other.code)
        for one in tiles()
        for other in tiles()
        if (other.longitude - one.longitude > FAR_DEGREES and other.column <= one.column)
        or (one.latitude - other.latitude > FAR_DEGREES and other.row <= one.row)
    ]
    assert wrong == []
