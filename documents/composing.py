"""Composer of a document in one language from its facts."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from documents import to_banks, to_people
from documents.pieces import Body, lay_out
from documents.rendering import Document, Imprint
from documents.wording import Wording, words_of
from schemas.enums import Language
from schemas.recovery.document_facts import DocumentFacts
from schemas.restoration_enums import DocumentKind

_BODIES: Final[Mapping[DocumentKind, Callable[[Any, Wording], Body]]] = {
    DocumentKind.LIEN_NOTICE: to_banks.lien_notice,
    DocumentKind.MAGISTRATE_REPORT: to_people.magistrate_report,
    DocumentKind.FOLLOW_UP: to_banks.follow_up,
    DocumentKind.NOTICE_94: to_banks.notice_94,
    DocumentKind.NOTICE_106: to_banks.notice_106,
    DocumentKind.NOTICE_107: to_people.notice_107,
    DocumentKind.RESTORATION_APPLICATION: to_people.restoration_application,
    DocumentKind.SIGNED_APPLICATION: to_people.signed_application,
    DocumentKind.RESTORATION_ORDER: to_banks.restoration_order,
    DocumentKind.RELEASE_ORDER: to_banks.release_order,
    DocumentKind.HOLDER_NOTICE: to_people.holder_notice,
    DocumentKind.STATUS_LETTER: to_people.status_letter,
}


def compose(facts: DocumentFacts, language: Language, imprint: Imprint) -> Document:
    """Return the document with these facts in this language."""
    words = words_of(language)
    return lay_out(facts, words, imprint, _BODIES[facts.kind](facts, words))
