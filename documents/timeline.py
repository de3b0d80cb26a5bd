"""Timeline of a case as a document: its events in the order of the log, in both languages."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from documents.event_texts import ids, sentence
from documents.rendering import NARROW, WIDE, Block, Column, Document, Heading, Pairs, Paragraph, table
from documents.trail_picture import trail_blocks
from documents.wording import in_both, words_of
from domain.rupees import rupees
from schemas.case.trail_layout import TrailPicture
from schemas.enums import Bucket, Language
from schemas.text import IST

HOW_TO_VERIFY: Final = Path(__file__).with_name("how_to_verify.md")
"""instructions that accompany the evidence of a case"""
ROWS_MAX: Final = 1_500
"""most events shown singly; a longer log is counted by day and kind, so that it stays readable"""

_BUCKETS: Final = (
    Bucket.LOST,
    Bucket.PROPOSED,
    Bucket.IN_PLAY,
    Bucket.HELD,
    Bucket.RESTORED,
    Bucket.RELEASED,
    Bucket.WITHDRAWN,
    Bucket.SPENT,
    Bucket.REFUSED,
    Bucket.UNTRACED,
)

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
        yield Paragraph(text=in_both("timeline.counted", events=self.events))
        yield table(
            [
                Column(in_both("timeline.day"), [f"{day:%d-%m-%Y}" for (day, _), _ in days[:ROWS_MAX]]),
                Column(in_both("timeline.what"), [_readable(kind) for (_, kind), _ in days[:ROWS_MAX]], WIDE),
                Column(in_both("timeline.number"), [str(number) for _, number in days[:ROWS_MAX]], figures=True),
            ]
        )
        if len(days) > ROWS_MAX:
            yield Paragraph(text=in_both("timeline.later_days", rows=len(days) - ROWS_MAX))


def compose_timeline(
    case_no: str, opened_at: datetime, complaints: int, paise: dict[str, int], trail: TrailPicture, story: Story
) -> Document:
    """Return the complete document."""
    return Document(
        language="en",
        number=case_no,
        head=None,
        title=in_both("timeline.title"),
        law=in_both("timeline.law"),
        references=(
            (in_both("timeline.case"), case_no),
            (in_both("timeline.opened"), f"{opened_at.astimezone(IST):%d-%m-%Y %H:%M:%S}"),
            (in_both("timeline.complaints"), str(complaints)),
            (in_both("timeline.events"), str(story.events)),
        ),
        to_label="",
        to=(),
        subject_label=in_both("timeline.times"),
        subject=in_both("timeline.ist"),
        blocks=(
            Heading(text=in_both("timeline.where")),
            Pairs(rows=tuple(_money(paise))),
            Heading(text=in_both("timeline.trail")),
            *trail_blocks(trail),
            Heading(text=in_both("timeline.happened")),
            *story.blocks(),
        ),
        signed=(),
        footer=(case_no,),
        page_words=(in_both("timeline.page"), in_both("timeline.of")),
    )


def _money(paise: dict[str, int]) -> Iterable[tuple[str, str]]:
    for bucket in _BUCKETS:
        yield in_both(f"bucket.{bucket}"), rupees(abs(paise.get(bucket.value, 0)), exact=True)


def _events(rows: Sequence[Row]) -> Block:
    numbers, moments, actors, english, hindi = zip(*rows, strict=True) if rows else ((),) * 5
    return table(
        [
            Column(in_both("timeline.serial"), numbers),
            Column(in_both("timeline.when"), moments),
            Column(in_both("timeline.who"), actors, NARROW),
            Column(words_of(Language.EN).say("timeline.happened"), english, WIDE),
            Column(words_of(Language.HI).say("timeline.happened"), hindi, WIDE),
        ]
    )


def _readable(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _found_by(data: dict[str, Any]) -> str:
    return f" ({id_text})" if (id_text := ids(data)) else ""
