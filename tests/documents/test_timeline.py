"""The timeline of a case: readable whatever the case's size, and the same bytes each time."""

from datetime import UTC, datetime, timedelta

from documents.event_texts import SENTENCE_MAX_CHARS
from documents.rendering import Document, Table, compiled
from documents.timeline import ROWS_MAX, Story, compose_timeline
from domain.case.trail_layout import layout
from schemas.case.trail_layout import LEGS_DEFAULT, TrailDetail
from schemas.recovery.document_facts import PDF_MAX_BYTES

NOW = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)


def told(events: int) -> Document:
    story = Story("{} Bank".format)
    for seq in range(1, events + 1):
        at = NOW + timedelta(minutes=seq)
        data = {
            "claimed_paise": 12_50,
            "applied_paise": 0,
            "kind": "restore",
            "institution": "HDFC",
            "reason": "x" * 500,
        }
        story.take(seq, "order_confirmed" if seq % 2 else "hold_began", at, "bank:HDFC", data)
    paise = {"lost": -100_00, "held": 60_00, "restored": 40_00}
    return compose_timeline("32411265000000", NOW, 2, paise, layout([], TrailDetail.ACCOUNT, LEGS_DEFAULT), story)


def table(document: Document) -> Table:
    (found,) = [block for block in document.blocks if isinstance(block, Table)]
    return found


def test_every_event_is_told_in_the_time_of_india() -> None:
    rows = table(told(3)).rows
    assert [row[:3] for row in rows[:2]] == [
        ("1", "25-11-2026 00:31:00", "bank:HDFC"),
        ("2", "25-11-2026 00:32:00", "bank:HDFC"),
    ]
    assert rows[0][3].startswith(
        "HDFC Bank reports that it carried out the order (give back): ₹12.50 reported, ₹0.00 accepted. Reason: xxx"
    )
    assert rows[1][4].startswith("HDFC Bank के एक खाते में राशि रोकी गई")
    assert all(len(cell) <= SENTENCE_MAX_CHARS for row in rows for cell in row)


def test_a_long_log_is_told_by_day_and_kind_and_says_so() -> None:
    document = told(ROWS_MAX * 3)
    rows = table(document).rows
    assert sum(int(row[2]) for row in rows) == ROWS_MAX * 3
    assert len(rows) <= 2 * 5
    assert f"{ROWS_MAX * 3} events, counted by day and kind" in document.model_dump_json()


def test_headings_are_in_both_languages_and_buckets_apart() -> None:
    words = told(1).model_dump_json()
    for heading in ("Timeline of the case · मामले का घटनाक्रम", "On hold · रोकी गई", "Restored · लौटाई गई", "₹100.00"):
        assert heading in words


def test_the_longest_can_be_set() -> None:
    pdf = compiled(told(ROWS_MAX), NOW)
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) < PDF_MAX_BYTES


def test_it_is_the_same_again() -> None:
    assert compiled(told(100), NOW) == compiled(told(100), NOW)
