"""Layout of any trail: it sums, nothing overlaps, cycles end, and the order of the hops does not count."""

import time
from collections import Counter
from collections.abc import Sequence
from random import Random

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.case.trail_bars import TrailHop, TrailPlace
from domain.case.trail_layout import layout, layout_fields
from schemas.case.trail_layout import LETTERS, TrailBar, TrailDetail, TrailPicture, TrailRibbon
from schemas.enums import Bucket

BANKS = ("HDFC", "ICIC", None)
ACCOUNTS = ("50100000000001", "50100000000002", "0050100000000002", "NOTSTATED1")
LARGE_HOPS = 36_000
SECONDS_MAX = 10.0
"""ten times what it takes, so that a busy machine does not fail the test"""


def place(bank: str | None, holder: str) -> TrailPlace:
    return TrailPlace(bank, bank or "Some bank", holder)


places = st.builds(place, st.sampled_from(BANKS), st.sampled_from(ACCOUNTS))
money = st.dictionaries(st.sampled_from(list(Bucket)), st.integers(0, 10_000_000), max_size=3)


@st.composite
def trails(draw: st.DrawFn) -> list[TrailHop]:
    """Any trail of few accounts, so that money often comes back to one."""
    hops: list[TrailHop] = []
    for hop_no in range(1, draw(st.integers(0, 30)) + 1):
        parent = draw(st.none() | st.integers(1, hop_no - 1)) if hop_no > 1 else None
        hops.append(TrailHop(hop_no, parent, draw(places), draw(places), draw(money)))
    return hops


def comes(picture: TrailPicture, bar: TrailBar) -> list[TrailRibbon]:
    return [ribbon for ribbon in picture.ribbons if ribbon.to_node == bar.node_id]


def goes(picture: TrailPicture, bar: TrailBar) -> list[TrailRibbon]:
    return [ribbon for ribbon in picture.ribbons if ribbon.from_node == bar.node_id]


def check_sums(picture: TrailPicture, hops: Sequence[TrailHop]) -> None:
    """Every amount is that of the ledger, and what comes into a bar goes on or stays, in paise and in rupees."""
    placed: Counter[Bucket] = Counter()
    for hop in hops:
        placed.update({bucket: paise for bucket, paise in hop.balances_paise.items() if bucket in LETTERS})
    assert {one.bucket: one.paise for one in picture.stays} == dict(+placed)
    assert (picture.paise, picture.rupees) == (placed.total(), (placed.total() + 50) // 100)
    assert sum(one.rupees for one in picture.stays) == picture.rupees
    for unit in ("paise", "rupees"):
        for bar in picture.bars:
            onward = sum(getattr(one, unit) for one in (*goes(picture, bar), *bar.stays))
            inward = sum(getattr(one, unit) for one in comes(picture, bar)) if bar.layer else onward
            assert getattr(bar, unit) == onward == inward
        for ribbon in picture.ribbons:
            assert sum(getattr(band, unit) for band in ribbon.bands) == getattr(ribbon, unit)
        for layer in picture.layers:
            assert sum(getattr(bar, unit) for bar in picture.bars if bar.layer == layer.layer) == getattr(layer, unit)
    assert sum(layer.hops for layer in picture.layers) + picture.hops_without_money == len(hops)
    assert sum(bar.hops for bar in picture.bars) == sum(layer.hops for layer in picture.layers)
    assert sum(ribbon.hops for ribbon in picture.ribbons) == sum(layer.hops for layer in picture.layers)


def check_places(picture: TrailPicture) -> None:
    """Bars stand below one another in their order, ribbons inside their bars, and all inside the picture."""
    by_id = {bar.node_id: bar for bar in picture.bars}
    for layer in picture.layers:
        bars = [bar for bar in picture.bars if bar.layer == layer.layer]
        assert [bar.place for bar in bars] == list(range(len(bars)))
        ends = [0, *(bar.top + bar.height for bar in bars)]
        assert all(end <= bar.top for end, bar in zip(ends, bars, strict=False))
        assert ends[-1] <= picture.height
    for bar in picture.bars:
        for top, ribbons in (("from_top", goes(picture, bar)), ("to_top", comes(picture, bar))):
            at = bar.top
            for ribbon in sorted(ribbons, key=lambda one: getattr(one, top)):
                assert getattr(ribbon, top) >= at
                at = getattr(ribbon, top) + ribbon.height
            assert at <= bar.top + bar.height
    for ribbon in picture.ribbons:
        source, target = by_id[ribbon.from_node], by_id[ribbon.to_node]
        assert target.layer == source.layer + 1
        if ribbon.returns_to is not None:
            assert by_id[ribbon.returns_to].layer < target.layer


@given(trails(), st.sampled_from(TrailDetail), st.integers(1, 8), st.randoms())
def test_any_layout_sums_and_nothing_overlaps(
    hops: list[TrailHop], detail: TrailDetail, legs: int, random: Random
) -> None:
    picture = layout(hops, detail, legs)
    check_sums(picture, hops)
    check_places(picture)
    for layer in picture.layers:
        own = [bar for bar in picture.bars if bar.layer == layer.layer and not bar.folded]
        assert len(own) <= legs + 1
        assert layer.bars == sum(bar.folded or 1 for bar in picture.bars if bar.layer == layer.layer)
    random.shuffle(hops)
    assert layout(hops, detail, legs) == picture
    # A page gets the fields without the check of the model.
    assert orjson.loads(orjson.dumps(layout_fields(hops, detail, legs))) == picture.model_dump(mode="json")


def hop(hop_no: int, parent: int | None, account: str, paise: int, bucket: Bucket = Bucket.HELD) -> TrailHop:
    return TrailHop(hop_no, parent, place("SBIN", "30000000001"), place("HDFC", account), {bucket: paise})


def test_money_that_comes_back_to_an_account_is_counted_once_and_names_its_earlier_bar() -> None:
    hops = [hop(1, None, "1111", 100), hop(2, 1, "2222", 200), hop(3, 2, "1111", 300), hop(4, 3, "3333", 400)]
    other_path = hop(5, 1, "3333", 50)
    picture = layout([*hops, other_path], TrailDetail.ACCOUNT, 300)
    assert [(one.from_node, one.to_node, one.returns_to) for one in picture.ribbons if one.returns_to] == [
        ("2:HDFC|2222", "3:HDFC|1111", "1:HDFC|1111")
    ]
    assert picture.paise == 1050
    assert not any(one.returns_to for one in layout(hops, TrailDetail.BANK, 300).ribbons)


def test_a_ribbon_has_a_band_for_each_place_where_its_money_is_now() -> None:
    hops = [
        hop(1, None, "1111", 0),
        hop(2, 1, "2222", 33_33, Bucket.WITHDRAWN),
        hop(3, 1, "2222", 33_33),
        hop(4, 2, "4444", 33_34),
    ]
    picture = layout(hops, TrailDetail.ACCOUNT, 300)
    (first,) = [one for one in picture.ribbons if one.to_node == "1:HDFC|1111"]
    assert [(band.letter, band.paise, band.rupees) for band in first.bands] == [("H", 66_67, 67), ("W", 33_33, 33)]
    assert [(bar.node_id, bar.hops, bar.rupees) for bar in picture.bars if bar.layer == 2] == [("2:HDFC|2222", 2, 100)]
    of_hops = layout(hops, TrailDetail.HOP, 300)
    assert [(bar.hop_no, bar.rupees) for bar in of_hops.bars if bar.layer == 2] == [(2, 67), (3, 33)]


def test_the_smallest_legs_of_a_layer_are_one_bar() -> None:
    hops = [hop(1, None, "1", 1)]
    hops += [hop(number, 1, str(1000 + number), number) for number in range(2, 12)]
    hops += [hop(12, 2, "5555", 7), hop(13, 11, "5555", 8)]
    picture = layout(hops, TrailDetail.ACCOUNT, 4)
    second = [(bar.node_id, bar.folded, bar.paise) for bar in picture.bars if bar.layer == 2]
    assert second == [
        ("2:HDFC|1011", 0, 19),
        ("2:HDFC|1010", 0, 10),
        ("2:HDFC|1002", 0, 9),
        ("2:HDFC|1009", 0, 9),
        ("2:folded", 6, sum(range(3, 9))),
    ]
    assert [(one.from_node, one.paise) for one in picture.ribbons if one.to_node == "3:HDFC|5555"] == [
        ("2:HDFC|1011", 8),
        ("2:HDFC|1002", 7),
    ]


def test_a_trail_of_the_largest_case_is_laid_out_in_time() -> None:
    random = Random(7)
    hops = []
    for hop_no in range(1, LARGE_HOPS + 1):
        parent = random.randint(max(1, hop_no // 8), hop_no - 1) if hop_no > 20 else None
        account = str(random.randint(10**9, 10**9 + LARGE_HOPS // 2))
        hops.append(hop(hop_no, parent, account, random.randint(1, 10**7), random.choice(list(LETTERS))))
    began = time.process_time()
    picture = layout(hops, TrailDetail.ACCOUNT, 300)
    assert time.process_time() - began < SECONDS_MAX
    assert all(len([bar for bar in picture.bars if bar.layer == one.layer]) <= 301 for one in picture.layers)
