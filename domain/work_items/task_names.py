"""Names of the codes that work items state, and of documents and their facts, in both languages. Pure."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from domain.recovery.message_rules import NAMES as MESSAGES
from domain.text_tables import tables_of
from schemas.banks.keys import KeyChangeKind
from schemas.enums import Differing, Language, TaskKind
from schemas.nightly_runs import NightlyWork
from schemas.notifications import Medium, MessageKind, Recipient
from schemas.officers.administration import ProposalKind, ProposalState
from schemas.restoration_enums import DocumentKind, OrderReason

_PLACE: Final = re.compile(r"\[\d+\]")
_NAMED: Final[tuple[type[StrEnum], ...]] = (
    ProposalKind,
    ProposalState,
    KeyChangeKind,
    NightlyWork,
    MessageKind,
    Recipient,
    Medium,
    Differing,
    OrderReason,
    TaskKind,
)
_TEXTS: Final = tables_of("names")
_DOCUMENTS: Final = tables_of("documents")


def _names(kind: type[StrEnum]) -> Mapping[str, tuple[str, str]]:
    if kind is MessageKind:
        return MESSAGES
    english, hindi = _TEXTS[Language.EN], _TEXTS[Language.HI]
    return {code: (english[name], hindi[name]) for code in kind for name in [f"{kind.__name__}.{code}"]}


NAMES: Final[Mapping[type[StrEnum], Mapping[str, tuple[str, str]]]] = {kind: _names(kind) for kind in _NAMED}
"""English and Hindi names by kind of code and code"""


def name_of(kind: type[StrEnum], code: str | None, language: Language) -> str:
    """Return the name of a code; the code itself if it has no name."""
    names = NAMES[kind].get(code or "")
    return code or "" if names is None else names[language is Language.HI]


def document_name(kind: DocumentKind, language: Language) -> str:
    """Return what officers call a document."""
    return _DOCUMENTS[language][f"document.{kind}"]


def field_names(fields: Iterable[str], language: Language) -> str:
    """Return the names of facts of a document, each once. A fact without a name stands as it is."""
    keys = dict.fromkeys(_PLACE.sub("[]", field) for field in fields)
    return ", ".join(dict.fromkeys(_DOCUMENTS[language].get(f"field.{key}", key) for key in keys))
