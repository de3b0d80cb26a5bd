"""A paper as the template lays it out: letterhead, addressee, subject, and blocks one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.base import FrozenModel, UtcDatetime

WIDE: Final = 3
NARROW: Final = 2


class Paragraph(FrozenModel):
    """Running text."""

    block: Literal["paragraph"] = "paragraph"
    text: str
    strong: bool = False


class Heading(FrozenModel):
    """What the blocks after it are about."""

    block: Literal["heading"] = "heading"
    text: str
    new_page: bool = False


class Pairs(FrozenModel):
    """Names and what they stand for, one a line."""

    block: Literal["pairs"] = "pairs"
    rows: tuple[tuple[str, str], ...]


class Items(FrozenModel):
    """A numbered list."""

    block: Literal["items"] = "items"
    items: tuple[str, ...]


class Table(FrozenModel):
    """A table; `figures` are the columns that stand right, `widths` their shares of the page (0: as wide as needed)."""

    block: Literal["table"] = "table"
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[int, ...] = ()
    widths: tuple[int, ...]
    foot: tuple[str, ...] = ()


class Blanks(FrozenModel):
    """What is signed, and the lines below it that are filled in by hand; on one page."""

    block: Literal["blanks"] = "blanks"
    text: str
    labels: tuple[str, ...]


class Lines(FrozenModel):
    """What is filled in by hand, a line each."""

    block: Literal["lines"] = "lines"
    labels: tuple[str, ...]


class Choices(FrozenModel):
    """Of these, what applies is ticked by hand."""

    block: Literal["choices"] = "choices"
    label: str
    options: tuple[str, ...]


Block = Paragraph | Heading | Pairs | Items | Table | Blanks | Lines | Choices


class Document(FrozenModel):
    """Everything that stands on a paper. What is empty is left out."""

    language: str
    number: str
    head: tuple[str, str] | None
    """whose paper it is"""
    title: str
    law: str
    references: tuple[tuple[str, str], ...]
    to_label: str
    to: tuple[str, ...]
    subject_label: str
    subject: str
    blocks: tuple[Block, ...]
    signed: tuple[str, ...]
    footer: tuple[str, ...]
    page_words: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table and what stands in it, top to bottom."""

    head: str
    cells: Sequence[str]
    width: int = 0
    figures: bool = False


def table(columns: Sequence[Column], total: tuple[str, str] | None = None) -> Table:
    """A table of those columns that hold anything; `total`, label and sum, stands below the last one."""
    kept = [column for column in columns if any(column.cells)]
    return Table(
        head=tuple(column.head for column in kept),
        rows=tuple(zip(*(column.cells for column in kept), strict=True)),
        figures=tuple(index for index, column in enumerate(kept) if column.figures),
        widths=tuple(column.width for column in kept),
        foot=total if total and len(kept) > 1 else (),
    )


class Imprint(FrozenModel):
    """What a paper gets when it is issued."""

    number: str
    issued_at: UtcDatetime
