"""A document: its composing and rendering.

Typesetting of documents as PDF/A-2 and PDF/UA, for archiving, search and screen readers. The typesetter refuses a
document with a character without a glyph, because it is not PDF/A. So no issued document has one.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import orjson
import typst

from documents.wording import FONTS, plain
from domain.errors import RuleBroken
from domain.errors.recovery import DocumentTextTooLong, DocumentTooLarge
from schemas.base import FrozenModel, UtcDatetime
from schemas.recovery.document_facts import PDF_MAX_BYTES

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


TEMPLATE: Final = Path(__file__).parent / "letter.typ"
MAX_INPUT_CHARS: Final = 2_000_000
TIMEOUT_SECONDS: Final = 30.0
_AT_ONCE: Final = 2
_pool: Final = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="typesetter")
_LISTED: Final = ("*.py", "*.typ", "words/*.toml")


class RenderingFailed(RuleBroken):
    """The document could not be typeset."""


async def render(document: Document, issued_at: datetime) -> bytes:
    """Return the PDF; the same document and time give the same bytes. Raises `RenderingFailed` or `LimitExceeded`.

    It is typeset in one of a few threads. A caller waits at most `TIMEOUT_SECONDS`.
    """
    if len(document.model_dump_json()) > MAX_INPUT_CHARS:
        raise DocumentTextTooLong(MAX_INPUT_CHARS)
    setting = asyncio.get_running_loop().run_in_executor(_pool, compiled, document, issued_at)
    try:
        pdf = await asyncio.wait_for(setting, TIMEOUT_SECONDS)
    except TimeoutError:
        raise RenderingFailed(f"it took longer than {TIMEOUT_SECONDS:.0f} seconds") from None
    if len(pdf) > PDF_MAX_BYTES:
        raise DocumentTooLarge(PDF_MAX_BYTES)
    return pdf


def compiled(document: Document, issued_at: datetime) -> bytes:
    """Return the typeset document. The call blocks. Raises `RenderingFailed`."""
    try:
        return typst.compile(
            TEMPLATE,
            root=TEMPLATE.parent,
            format="pdf",
            font_paths=fonts(),
            sys_inputs={"letter": as_input(document)},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=issued_at.replace(microsecond=0),
        )
    except typst.TypstError:
        # The typesetter's message may hold facts of the document.
        raise RenderingFailed("the typesetter refused it") from None


def as_input(document: Document) -> str:
    """Return the template's input: the document as JSON with every text in printable form."""
    return orjson.dumps(_plain(document.model_dump(mode="json"))).decode()


def _plain(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


@cache
def fonts() -> typst.Fonts:
    """Return the fonts of documents, without fonts of the system."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@cache
def template_version() -> str:
    """Return an id of all that a document's bytes depend on besides its facts.

    The same version gives the same hash.
    """
    room = TEMPLATE.parent
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _LISTED for path in room.glob(pattern)):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{digest.hexdigest()[:16]} typst-{version('typst')} noto-sans-{version('fontpkg-noto-sans')}"
