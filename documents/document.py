"""Model of a document for the template: letterhead, addressee, subject, and blocks in order."""

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
    """Heading of the blocks after it."""

    block: Literal["heading"] = "heading"
    text: str
    new_page: bool = False


class Pairs(FrozenModel):
    """Names and values, one per line."""

    block: Literal["pairs"] = "pairs"
    rows: tuple[tuple[str, str], ...]


class Items(FrozenModel):
    """Numbered list."""

    block: Literal["items"] = "items"
    items: tuple[str, ...]


class Table(FrozenModel):
    """Table; `figures` are right-aligned columns, `widths` their shares of the page (0: as wide as needed)."""

    block: Literal["table"] = "table"
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[int, ...] = ()
    widths: tuple[int, ...]
    foot: tuple[str, ...] = ()


class Blanks(FrozenModel):
    """Statement to sign, with lines to fill in by hand below it, on one page."""

    block: Literal["blanks"] = "blanks"
    text: str
    labels: tuple[str, ...]


class Lines(FrozenModel):
    """Lines to fill in by hand."""

    block: Literal["lines"] = "lines"
    labels: tuple[str, ...]


class Choices(FrozenModel):
    """Options to tick by hand."""

    block: Literal["choices"] = "choices"
    label: str
    options: tuple[str, ...]


class Ribbon(FrozenModel):
    """Band of a drawing from one side to the other, of one colour, perhaps with a letter at its end."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float
    height: float
    colour: str
    letter: str = ""


class Box(FrozenModel):
    """Filled rectangle of a drawing, perhaps with a letter."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    letter: str = ""


class Label(FrozenModel):
    """Text of a drawing, to the right of its point, which is at half the height of the text."""

    x: float
    y: float
    text: str
    strong: bool = False


class Arc(FrozenModel):
    """Dashed line between two points of a drawing."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float


class Drawing(FrozenModel):
    """Picture of shapes, in millimetres from its upper left corner. A reader that cannot see it is told `alt`."""

    block: Literal["drawing"] = "drawing"
    alt: str
    height: float
    ribbons: tuple[Ribbon, ...]
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]
    labels: tuple[Label, ...]


Block = Drawing | Paragraph | Heading | Pairs | Items | Table | Blanks | Lines | Choices


class Document(FrozenModel):
    """Complete content of a document. Empty parts are omitted."""

    language: str
    number: str
    head: tuple[str, str] | None
    """authority that issues the document"""
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
    """Column of a table with its cells, top to bottom."""

    head: str
    cells: Sequence[str]
    width: int = 0
    figures: bool = False


def table(columns: Sequence[Column], total: tuple[str, str] | None = None) -> Table:
    """Return a table of the columns with any content; `total`, label and sum, is below the last one."""
    kept = [column for column in columns if any(column.cells)]
    return Table(
        head=tuple(column.head for column in kept),
        rows=tuple(zip(*(column.cells for column in kept), strict=True)),
        figures=tuple(index for index, column in enumerate(kept) if column.figures),
        widths=tuple(column.width for column in kept),
        foot=total if total and len(kept) > 1 else (),
    )


class Imprint(FrozenModel):
    """Data that a document gets at issue."""

    number: str
    issued_at: UtcDatetime
