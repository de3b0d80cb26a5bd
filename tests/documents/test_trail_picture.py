"""The picture of a money trail in a document: what it draws, and that it can be typeset for archives and readers."""

from datetime import UTC, datetime

from documents.rendering import Drawing, compiled
from documents.timeline import Story, compose_timeline
from documents.trail_picture import LEGS_IN_A_DOCUMENT, trail_blocks
from domain.case.trail_bars import TrailHop, TrailPlace
from domain.case.trail_layout import layout
from schemas.case.trail_layout import TrailDetail, TrailPicture
from schemas.enums import Bucket

NOW = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)
VICTIM = TrailPlace(None, "State Bank, account of Asha Devi", "30000009999")


def at(bank: str | None, account: str) -> TrailPlace:
    return TrailPlace(bank, bank or "Asha Devi's own bank", account)


def a_trail(layers: int = 7, wide: int = 30) -> TrailPicture:
    hops = [TrailHop(1, None, VICTIM, at("KKBK", "50100000006018"), {Bucket.HELD: 1_12_000_00})]
    for layer in range(2, layers + 1):
        first = len(hops) + 1
        for number in range(wide):
            place = at("PUNB" if number else None, f"{layer:04}{number:010}")
            bucket = (Bucket.WITHDRAWN, Bucket.IN_PLAY, Bucket.UNTRACED)[number % 3]
            hops.append(TrailHop(first + number, first - 1, VICTIM, place, {bucket: (wide - number) * 1_000_00}))
    back = at("KKBK", "50100000006018")
    hops.append(TrailHop(len(hops) + 1, len(hops), VICTIM, back, {Bucket.SPENT: 14_000_00}))
    return layout(hops, TrailDetail.ACCOUNT, LEGS_IN_A_DOCUMENT)


def drawings(picture: TrailPicture) -> list[Drawing]:
    return [block for block in trail_blocks(picture) if isinstance(block, Drawing)]


def test_all_layers_are_drawn_inside_the_page() -> None:
    first, second = drawings(a_trail())
    assert "layer 1: 1 accounts, ₹" in first.alt
    assert "layer 8: 1 accounts, ₹14,000" in second.alt
    for drawing in (first, second):
        for ribbon in drawing.ribbons:
            assert 0 <= ribbon.from_x < ribbon.to_x <= 168
            assert max(ribbon.from_y, ribbon.to_y) + ribbon.height <= drawing.height
        assert all(0 <= label.y <= drawing.height for label in drawing.labels)
    assert any(label.text.startswith("and 8 more, ₹") for label in first.labels)


def test_no_victims_account_and_no_typed_text_is_drawn() -> None:
    said = " ".join(label.text for drawing in drawings(a_trail()) for label in drawing.labels)
    assert "••6018" in said
    assert "Asha" not in said
    assert "State Bank" not in said
    assert "9999" not in said


def test_the_picture_is_typeset_and_is_the_same_again() -> None:
    story = Story(str)
    timeline = compose_timeline("32411265000000", NOW, 1, {"lost": -100_00}, a_trail(), story)
    pdf = compiled(timeline, NOW)
    assert pdf.startswith(b"%PDF-")
    assert compiled(timeline, NOW) == pdf
