"""Timeline of a case as a document: its events in the order of the log, in both languages."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from documents.event_texts import ids, sentence
from documents.rendering import NARROW, WIDE, Block, Column, Document, Heading, Pairs, Paragraph, table
from documents.trail_picture import trail_blocks
from domain.rupees import rupees
from schemas.case.trail_layout import TrailPicture
from schemas.enums import Bucket, Language
from schemas.text import IST

HOW_TO_VERIFY: Final = Path(__file__).with_name("how_to_verify.md")
"""instructions that accompany the evidence of a case"""
ROWS_MAX: Final = 1_500
"""most events shown singly; a longer log is counted by day and kind, so that it stays readable"""

_BUCKETS: Final = {
    Bucket.LOST: "Reported lost · बताई गई हानि",
    Bucket.PROPOSED: "Named by the victim's bank alone · केवल पीड़ित के बैंक ने बताई",
    Bucket.IN_PLAY: "In play · खोज जारी",
    Bucket.HELD: "On hold · रोकी गई",
    Bucket.RESTORED: "Restored · लौटाई गई",
    Bucket.RELEASED: "Released · मुक्त की गई",
    Bucket.WITHDRAWN: "Withdrawn · निकाली गई",
    Bucket.SPENT: "Spent · खर्च की गई",
    Bucket.REFUSED: "Refused by the bank · बैंक द्वारा अस्वीकृत",
    Bucket.UNTRACED: "Untraced · पता नहीं चला",
}

Row = tuple[str, str, str, str, str]


class Story:
    """Collects a log for the timeline: every event, or counts if there are too many."""

    def __init__(self, name_of: Callable[[str], str]) -> None:
        """Name banks by `name_of`, which gets the code of one."""
        self._name_of = name_of
        self._rows: list[Row] = []
        self._by_day: Counter[tuple[date, str]] = Counter()
        self.events = 0

    def take(self, seq: int, kind: str, at: datetime, actor: str, data: dict[str, Any]) -> None:
        """Add the next event."""
        self.events += 1
        here = at.astimezone(IST)
        self._by_day[here.date(), kind] += 1
        if self.events <= ROWS_MAX:
            english = sentence(kind, data, Language.EN, self._name_of) + _found_by(data)
            hindi = sentence(kind, data, Language.HI, self._name_of)
            self._rows.append((str(seq), f"{here:%d-%m-%Y %H:%M:%S}", actor, english, hindi))

    def blocks(self) -> Iterable[Block]:
        """Yield the blocks of the timeline, by event or by day."""
        if self.events <= ROWS_MAX:
            yield _events(self._rows)
            return
        days = sorted(self._by_day.items())
        yield Paragraph(
            text=f"{self.events} events, counted by day and kind; log/events.txt has each of them."
            f" · {self.events} घटनाएँ, दिन और प्रकार के अनुसार; प्रत्येक घटना log/events.txt में है।"
        )
        yield table(
            [
                Column("Day · दिन", [f"{day:%d-%m-%Y}" for (day, _), _ in days[:ROWS_MAX]]),
                Column("What · क्या", [_readable(kind) for (_, kind), _ in days[:ROWS_MAX]], WIDE),
                Column("Number · संख्या", [str(number) for _, number in days[:ROWS_MAX]], figures=True),
            ]
        )
        if len(days) > ROWS_MAX:
            yield Paragraph(text=f"And {len(days) - ROWS_MAX} more rows of later days. · और बाद के दिनों की पंक्तियाँ।")


def compose_timeline(
    case_no: str, opened_at: datetime, complaints: int, paise: dict[str, int], trail: TrailPicture, story: Story
) -> Document:
    """Return the complete document."""
    return Document(
        language="en",
        number=case_no,
        head=None,
        title="Timeline of the case · मामले का घटनाक्रम",
        law="Bharatiya Sakshya Adhiniyam, section 63 · भारतीय साक्ष्य अधिनियम, धारा 63",
        references=(
            ("Case · मामला", case_no),
            ("Opened · आरंभ", f"{opened_at.astimezone(IST):%d-%m-%Y %H:%M:%S}"),
            ("Complaints · शिकायतें", str(complaints)),
            ("Events · घटनाएँ", str(story.events)),
        ),
        to_label="",
        to=(),
        subject_label="Times · समय",
        subject="Indian Standard Time · भारतीय मानक समय",
        blocks=(
            Heading(text="Where the money is · राशि कहाँ है"),
            Pairs(rows=tuple(_money(paise))),
            Heading(text="Money trail · राशि का मार्ग"),
            *trail_blocks(trail, _BUCKETS),
            Heading(text="What happened · क्या हुआ"),
            *story.blocks(),
        ),
        signed=(),
        footer=(case_no,),
        page_words=("Page · पृष्ठ", "of · कुल"),
    )


def _money(paise: dict[str, int]) -> Iterable[tuple[str, str]]:
    for bucket, label in _BUCKETS.items():
        yield label, rupees(abs(paise.get(bucket.value, 0)), exact=True)


def _events(rows: Sequence[Row]) -> Block:
    numbers, moments, actors, english, hindi = zip(*rows, strict=True) if rows else ((),) * 5
    return table(
        [
            Column("No. · क्र.", numbers),
            Column("When · कब", moments),
            Column("Who · कौन", actors, NARROW),
            Column("What happened", english, WIDE),
            Column("क्या हुआ", hindi, WIDE),
        ]
    )


def _readable(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _found_by(data: dict[str, Any]) -> str:
    return f" ({found})" if (found := ids(data)) else ""
