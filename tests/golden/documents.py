"""Return what can be read on each document for fixed facts, in each language, and the SHA-256 of its PDF."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any, Final

import typst

from documents.certificate import compose_certificate
from documents.composing import compose
from documents.event_texts import codes, kinds, places, sentence
from documents.rendering import TEMPLATE, Document, Imprint, as_input, compiled, fonts
from documents.timeline import Story, compose_timeline
from schemas.enums import Language
from schemas.recovery.document_facts import DocumentFacts
from schemas.restoration_enums import DocumentKind, OrderReason, Route, Step
from tests.documents.samples import CASE_NO, COURT_ORDER, EMERGENCY, NOW, WHOLE
from tests.documents.test_certificate import RECORD
from tests.documents.test_trail_picture import a_trail

IMPRINT: Final = Imprint(number="GH/UP/LN/2026/000123", issued_at=NOW)
_BLOCK: Final = re.compile(r"</?(?:p|div|h\d|tr|td|th|li|dt|dd|br|section|figure|title)\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]*>")
_SPECIAL: Final = {"bank", "money", "count", "why"}
"""places of a sentence that no field of an event fills by its name"""


def all_documents() -> dict[str, bytes]:
    """Return every example by the name of its golden file."""
    found = {f"documents/{name}": readable(document, at) for name, document, at in _documents()}
    return found | {"documents/variants.txt": variants(), "documents/event-sentences.txt": event_sentences()}


def _documents() -> Iterator[tuple[str, Document, datetime]]:
    facts: dict[str, DocumentFacts] = {kind.value: WHOLE[kind] for kind in DocumentKind}
    for language in Language:
        for name, known in (facts | {"lien_notice-emergency": EMERGENCY}).items():
            yield f"{name}.{language.value}.txt", compose(known, language, IMPRINT), NOW
        yield f"certificate.{language.value}.txt", compose_certificate(RECORD, language), NOW
    story = Story("{} Bank".format)
    for seq, kind in enumerate(("case_opened", "hold_began", "order_confirmed"), start=1):
        story.take(seq, kind, NOW, "officer:io", {"institution": "HDFC", "hop_id": seq, "amount_paise": 12_50})
    paise = {"lost": -100_00, "held": 60_00, "restored": 40_00}
    yield "timeline.txt", compose_timeline(CASE_NO, NOW, 2, paise, a_trail(3, 4), story), NOW


def readable(document: Document, at: datetime) -> bytes:
    """Return the text that the typesetter makes, one line for each piece, after the SHA-256 of the PDF."""
    lines = [f"PDF SHA-256 {hashlib.sha256(compiled(document, at)).hexdigest()}", *_lines(document)]
    return "".join(f"{line}\n" for line in (*lines, *document.footer)).encode()


def _lines(document: Document) -> list[str]:
    page = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        format="html",
        font_paths=fonts(),
        sys_inputs={"letter": as_input(document)},
    ).decode()
    text = unescape(_TAG.sub("", _BLOCK.sub("\n", page)))
    return [line for piece in text.splitlines() if (line := piece.strip())]


def variants() -> bytes:
    """Return the lines that a document has for another route, reason or step, and not for that of the example."""
    order, release = WHOLE[DocumentKind.RESTORATION_ORDER], WHOLE[DocumentKind.RELEASE_ORDER]
    letter, application = WHOLE[DocumentKind.STATUS_LETTER], WHOLE[DocumentKind.RESTORATION_APPLICATION]
    changed: list[tuple[DocumentFacts, dict[str, Any]]] = [
        *((order, {"route": route}) for route in Route),
        *((application, {"route": route}) for route in Route),
        *((release, {"reason": reason, "court_order": COURT_ORDER}) for reason in OrderReason),
        *((letter, {"step": step}) for step in (None, *Step)),
        *((facts, {"bond": False}) for facts in (order, application)),
    ]
    lines: list[str] = []
    for language in Language:
        usual = {kind: set(_lines(compose(facts, language, IMPRINT))) for kind, facts in WHOLE.items()}
        for facts, changes in changed:
            other = _lines(compose(facts.model_copy(update=changes), language, IMPRINT))
            name, value = next(iter(changes.items()))
            lines.append(f"== {facts.kind.value}, {language.value}: {name} {value}")
            lines += [line for line in other if line not in usual[facts.kind]]
    return "".join(f"{line}\n" for line in lines).encode()


def event_sentences() -> bytes:
    """Return what the timeline says of each kind of event, with all fields and with none, and of each code."""
    lines = []
    for kind in sorted(kinds()):
        needed, optional = places(kind)
        bare = _data(needed)
        for language in Language:
            lines.append(f"{kind} {language.value}: {sentence(kind, _data(needed | optional), language, _bank)}")
            if optional:
                lines.append(f"{kind} {language.value}, bare: {sentence(kind, bare, language, _bank)}")
    lines += [f"{code}: {texts['en']} · {texts['hi']}" for code, texts in sorted(codes().items())]
    return "".join(f"{line}\n" for line in lines).encode()


def _data(fields: set[str]) -> dict[str, object]:
    data: dict[str, object] = {name: f"<{name}>" for name in sorted(fields - _SPECIAL)}
    special = {
        "bank": ("institution", "HDFC"),
        "money": ("placed", [[1, "in_play", -500_00], [1, "held", 300_00], [1, "withdrawn", 200_00]]),
        "count": ("hops", [1, 2]),
        "why": ("reason", "a reason"),
    }
    return data | dict(special[name] for name in sorted(fields & _SPECIAL))


def _bank(code: str) -> str:
    return f"{code} Bank"
