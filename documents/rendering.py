"""Typesetting of documents as PDF/A-2 and PDF/UA, for archiving, search and screen readers.

The typesetter refuses a document with a character without a glyph, because it is not PDF/A. So no issued document has
one.
"""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import orjson
import typst

from documents.document import Document
from documents.printable import FONTS, plain
from domain.errors import RuleBroken
from domain.errors.recovery import DocumentTextTooLong, DocumentTooLarge
from schemas.recovery.document_facts import PDF_MAX_BYTES

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
