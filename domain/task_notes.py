"""The text that officers read about a task, composed from its structured fields whenever it is shown.

No text is stored, and no task is found by its text. `TEXTS` has one table for each language.
"""

from collections.abc import Callable, Mapping
from typing import Final

from schemas.enums import Language
from schemas.tasks import Subject, TaskCause, TaskFacts, TaskSubject

ENGLISH: Final[Mapping[str, str]] = {
    TaskCause.INSTITUTION_UNKNOWN: "",
    TaskCause.REFERENCE_MISSING: "no reference",
    TaskCause.DATE_MISSING: "no date of the transfer: {detail}",
    TaskCause.REFERENCE_REFUSED: "{code}",
    TaskCause.ANSWER_NOT_UNDERSTOOD: "{code}",
    TaskCause.DISCREPANCY: "{discrepancy}",
    TaskCause.SMALL_TRANSFERS_WITHOUT_SUM: (
        "hop {id}: the bank says that the rest went on in small amounts and states no sum: ask for a statement"
    ),
    TaskCause.TRAIL_LIMIT: "trail limit",
    TaskCause.WAITS_FOR_DESK: "waits for the desk",
    TaskCause.MORE_OF_EXCLUDED_ON_HOLD: (
        "hop {id}: more of it is on hold, and the hop is excluded: reopen it, or the hold lapses"
    ),
    TaskCause.REQUEST_SILENT: "",
    TaskCause.REQUEST_REFUSED: "{code}",
    TaskCause.REQUEST_NOT_SENT: "{error}",
    TaskCause.ORDER_NOT_DONE: "order {id}",
    TaskCause.ORDER_NOT_SENT: "order {id}: not sent: {error}",
    "order_not_sent.lacking": "order {id}: not sent: its document lacks {lacking}",
    TaskCause.ORDER_BY_LETTER_ALONE: (
        "order {id}: it went by letter alone, no channel of the bank carries orders: telephone"
    ),
    TaskCause.ORDER_CANCELLATION_SILENT: (
        "order {id}: it is taken back, the bank has not said that it does it no more: telephone"
    ),
    TaskCause.ORDER_CANCELLATION_REJECTED: "order {id}: it is taken back, and the bank rejects that: telephone",
    TaskCause.ORDER_SECOND_OFFICER: "second officer for order {id}: what the bank said is written down",
    TaskCause.ORDER_TO_REPEAT: "{order_reason}: order {id} was cancelled, order again what remains of it",
    TaskCause.HOLD_LAPSES: "hold {id}",
    TaskCause.SMALL_HOLD: "hold {id}: {institution}{account}; {business}",
    "small_hold.account": ", account ending in {account_end}",
    "small_hold.known": "it has other business",
    "small_hold.unknown": "what else it has is not known",
    TaskCause.HOLDER_NOT_TOLD: "hold {id}: its holder was not told",
    TaskCause.HOLD_RETAINED_IDLE: "hold {id}: a court keeps it and nothing is under way",
    TaskCause.RESTORATION_STEP: "restoration {id}",
    TaskCause.APPLICATION_LACKS_FACTS: "restoration {id}: its application lacks something",
    TaskCause.GRIEVANCE: "grievance {id}",
    TaskCause.GRIEVANCE_UNTOLD: "grievance {id}: no officer can be told",
    TaskCause.COURT_ORDER_TO_CONFIRM: "read and confirm court order {id}: the banks act on it",
    TaskCause.CREDIT_ACCOUNT_TO_CONFIRM: "account {id} to be credited: a second officer is needed",
    TaskCause.DUTY: "{id}",
    TaskCause.DUTY_OVERDUE: "overdue: {id}",
    TaskCause.DUTY_TO_HAND_IN: "submit: {id}",
    TaskCause.FIR_BY_HAND: "register the FIR by hand",
    TaskCause.FIR_LAPSED: "the FIR that documents to banks or the magistrate name has lapsed: have another registered",
    TaskCause.TWO_FIRS: "two FIRs, have one of them cancelled: {fir_no} of the register, {our_fir} of ours",
    TaskCause.DOCUMENTS_WAIT: "documents: {documents}",
    "documents_wait.lacking": "{kind} lacks {lacking}",
    "documents_wait.failed": "{kind} failed: {failures}",
    "documents_wait.ready": "{kind} can be issued",
    TaskCause.MONEY_RETURNED: "money returned",
    TaskCause.MESSAGE_NOT_SENT: "message not sent: {message} to {to_whom} by {medium}",
    TaskCause.UNREACHABLE: "cannot be told: {to_whom}: {message}",
    "unreachable.complaint": "cannot be told: complaint {id}: {message}",
    "unreachable.hold": "cannot be told: holder of {reference}: {message}",
    TaskCause.DOCUMENT_TO_DELIVER: "cannot be delivered: {document_number} for {id}",
    TaskCause.FILE_REFUSED: "a file is in refused/, look there for others too: {detail}",
    TaskCause.FILE_IN_DOUBT: "a file in done/ is in doubt, look for others too: {detail}",
    TaskCause.LIENS_TO_ASK_FOR: "ask for the list of all liens it holds for us, and compare it",
    TaskCause.LIENS_OVERDUE: "its list of liens is overdue, and the desk's call brought none",
    TaskCause.LIENS_DIFFER: "rows that differ: {rows_differing}; liens that the list lacks: {liens_missing}",
}
"""templates by cause; a name after a dot is a variant, or a part that is put into the template"""

TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {Language.EN: ENGLISH}
"""a language without a table is shown in English"""

Texts = Mapping[str, str]


def compose(cause: TaskCause, subject: Subject, facts: TaskFacts, language: Language = Language.EN) -> str:
    """Return the text of a task in this language."""
    texts = TEXTS.get(language, ENGLISH)
    known: dict[str, object] = facts.model_dump(mode="json") | {"id": subject.id, "lacking": ", ".join(facts.lacking)}
    name, parts = _VARIANTS.get(cause, _plain)(cause, subject, facts, texts)
    return texts[name].format_map({**known, **parts})


_Variant = Callable[[TaskCause, Subject, TaskFacts, Texts], tuple[str, Mapping[str, str]]]
"""finds the name of the template, and the parts that are put into it"""


def _plain(cause: TaskCause, _subject: Subject, _facts: TaskFacts, _texts: Texts) -> tuple[str, Mapping[str, str]]:
    return cause, {}


def _order_not_sent(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, _texts: Texts
) -> tuple[str, Mapping[str, str]]:
    return f"{cause}.lacking" if facts.lacking else cause, {}


def _small_hold(cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts) -> tuple[str, Mapping[str, str]]:
    end = facts.account_end
    account = texts[f"{cause}.account"].format(account_end=end) if end else ""
    business = texts[f"{cause}.known" if facts.other_business else f"{cause}.unknown"]
    return cause, {"account": account, "business": business}


def _unreachable(cause: TaskCause, subject: Subject, _facts: TaskFacts, _texts: Texts) -> tuple[str, Mapping[str, str]]:
    named = subject.kind in {TaskSubject.COMPLAINT, TaskSubject.HOLD}
    return f"{cause}.{subject.kind}" if named else cause, {}


def _documents_wait(
    cause: TaskCause, _subject: Subject, facts: TaskFacts, texts: Texts
) -> tuple[str, Mapping[str, str]]:
    said = []
    for one in facts.documents:
        kind = one.kind.value
        if one.lacking:
            said.append(texts[f"{cause}.lacking"].format(kind=kind, lacking=", ".join(one.lacking)))
        if one.failures:
            said.append(texts[f"{cause}.failed"].format(kind=kind, failures=", ".join(one.failures)))
        if not one.lacking and not one.failures:
            said.append(texts[f"{cause}.ready"].format(kind=kind))
    return cause, {"documents": "; ".join(said)}


_VARIANTS: Final[Mapping[TaskCause, _Variant]] = {
    TaskCause.ORDER_NOT_SENT: _order_not_sent,
    TaskCause.SMALL_HOLD: _small_hold,
    TaskCause.UNREACHABLE: _unreachable,
    TaskCause.DOCUMENTS_WAIT: _documents_wait,
}
