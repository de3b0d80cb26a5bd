"""The texts about work items, composed from their fields whenever they are shown.

The text that officers read about a task, composed from its structured fields whenever it is shown. No text is stored,
and no task is found by its text. `domain/texts` has the templates by cause. One whose name has a dot is a variant, or a
part that is put into a template.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from domain.message_rules import NAMES as MESSAGES
from domain.rupees import rupees
from domain.text_tables import Table, tables_of
from schemas.banks.administration import ProposalKind, ProposalState
from schemas.enums import Differing, KeyChangeKind, Language, TaskKind
from schemas.nightly_runs import NightlyWork
from schemas.notifications import Medium, MessageKind, Recipient
from schemas.restoration_enums import DocumentKind, OrderReason
from schemas.tasks import Subject, TaskCause, TaskFacts

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


TEXTS: Final = tables_of("work_items")

_VARIANTS: Final[Mapping[TaskCause, Callable[[Subject, TaskFacts], str | None]]] = {
    TaskCause.ANSWER_NOT_UNDERSTOOD: lambda _, facts: facts.line,
    TaskCause.DISCREPANCY: lambda _, facts: facts.discrepancy,
    TaskCause.ORDER_NOT_SENT: lambda _, facts: "lacking" if facts.lacking else None,
    TaskCause.TELEPHONE_ANSWER_TO_CHECK: lambda _, facts: "unknown" if facts.number_is_known is False else None,
    TaskCause.CREDIT_ACCOUNT_OBJECTED: lambda _, facts: "ordered" if facts.order_id else None,
    TaskCause.UNREACHABLE: lambda subject, facts: f"{subject.kind}.{facts.way}" if facts.way else subject.kind,
}
"""finds the variant of a template; a variant without a text is the template itself"""


def compose(
    cause: TaskCause,
    subject: Subject,
    facts: TaskFacts,
    language: Language = Language.EN,
    *,
    bank: str = "",
    names: Mapping[str, str] | None = None,
    in_play_paise: int | None = None,
) -> str:
    """Return the text of a task in this language. `bank` and `in_play_paise` are what is known beside its facts.

    `names` has names of banks by their codes. A bank without one stands by its code.
    """
    texts, named = TEXTS[language], names or {}
    known: dict[str, object] = facts.model_dump(mode="json") | {"id": subject.id, **_named(subject, facts, language)}
    at_stake = texts["at_stake"].format(in_play=_sum(in_play_paise)) if in_play_paise else ""
    known |= {"bank": named.get(facts.institution, facts.institution) or bank or texts["bank"], "at_stake": at_stake}
    known |= {"to_bank": named.get(facts.to_bank, facts.to_bank)}
    known |= {"claimed": _sum(facts.claimed_paise)}
    known |= {"against": _sum(facts.against_paise), "sum": f", {known['claimed']}" if facts.claimed_paise else ""}
    known |= {"released": _sum(facts.released_paise), "waiting": _sum(facts.waiting_paise)}
    variant = _VARIANTS[cause](subject, facts) if cause in _VARIANTS else None
    template = texts.get(f"{cause}.{variant}", texts[cause])
    return template.format_map(known | _parts(subject, facts, texts, language))


def _named(subject: Subject, facts: TaskFacts, language: Language) -> dict[str, str]:
    """Return by the names of the templates what the facts state by codes."""
    return {
        "lacking": field_names(facts.lacking, language),
        "differing": ", ".join(name_of(Differing, part, language) for part in facts.differing),
        "message": name_of(MessageKind, facts.message, language),
        "to_whom": name_of(Recipient, facts.to_whom, language),
        "medium": name_of(Medium, facts.medium, language),
        "order_reason": name_of(OrderReason, facts.order_reason, language),
        "task_kind": name_of(TaskKind, facts.task_kind, language),
        "key_change": name_of(KeyChangeKind, facts.key_change, language),
        "proposal": name_of(ProposalKind, facts.detail, language),
        "decision": name_of(ProposalState, facts.code, language),
        "run": name_of(NightlyWork, subject.id, language),
    }


def _sum(paise: int | None) -> str:
    return rupees(paise or 0, exact=(paise or 0) % 100 != 0)


def _parts(subject: Subject, facts: TaskFacts, texts: Table, language: Language) -> dict[str, str]:
    """Return by the names of the templates the parts that are texts themselves."""
    credit = texts["discrepancy.credit"].format(reference=facts.reference) if facts.reference else ""
    end = facts.account_end
    return {
        "credit": credit,
        "account": texts["small_hold.account"].format(account_end=end) if end else "",
        "business": texts["small_hold.known" if facts.other_business else "small_hold.unknown"],
        "duty": texts.get(f"duty.{subject.id}", subject.id),
        "no_officer_why": texts[f"no_officer.{facts.no_officer or ''}"],
        "documents": "; ".join(_documents(facts, texts, language)),
    }


def _documents(facts: TaskFacts, texts: Table, language: Language) -> Iterator[str]:
    for document in facts.documents:
        kind = document_name(document.kind, language)
        if document.lacking:
            lacking = field_names(document.lacking, language)
            yield texts["documents_wait.lacking"].format(kind=kind, lacking=lacking)
        if document.failures:
            yield texts["documents_wait.failed"].format(kind=kind, failures=", ".join(document.failures))
        if not document.lacking and not document.failures:
            yield texts["documents_wait.ready"].format(kind=kind)
