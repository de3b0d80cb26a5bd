"""Return what victims, holders, banks and officers are told, for fixed facts, in each language."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any, Final
from uuid import UUID

import orjson

from api.pages import TEMPLATES
from api.public_pages import texts_of
from documents.wording import words_of
from domain.case.telephone import what_to_say
from domain.message_rules import ADDRESSEES, RULES, TEXTS, MessageLacks
from domain.message_texts import Said, forwarded, items_letter, items_short, letter, short, template_keys, template_text
from domain.recovery.documents import requirements
from domain.work_items.task_notes import NAMES, compose, document_name, field_names, name_of
from schemas.case.request_views import TaskHop
from schemas.enums import ClaimKind, Differing, DiscrepancyKind, HopState, Language, TaskKind
from schemas.notifications import MessageFacts, NoticeReason, WaitingItem, masked_account
from schemas.restoration_enums import DocumentKind, DutyKind, GrievanceLevel, Step
from schemas.tasks import DocumentWaits, NoOfficer, TaskCause, TaskFacts, TaskSubject, about
from tests.paths import ROOT

CONSOLE: Final = ROOT / "console" / "text"
DIGEST_CHARS: Final = 16
CASE: Final = "20112400000001"
AT: Final = datetime(2026, 12, 9, 20, 0, tzinfo=UTC)
FACTS: Final = MessageFacts(
    amount_paise=1_25_000_50,
    until=AT,
    days=30,
    reference="ABCDEFGHJK",
    code="482913",
    decision="part_released",
    duty="magistrate_report",
    step=Step.VERIFICATION,
    number="G00000042",
    next_level=GrievanceLevel.DISTRICT_GRO,
    restored_paise=5_000_00,
    court="CJM Lucknow, Misc. 1188/2026",
    next_due_at=AT + timedelta(days=3),
    to_account=masked_account("4321", "State Bank of India", 2),
    items=3,
    task=TaskKind.RESTORATION_STEP,
)
SAID: Final = Said(
    case_no=CASE,
    facts=FACTS,
    ack_no="20112400000002",
    officer="प्रज्ञा श्रीवास्तव",
    phone="9454400001",
    link="https://freeze.example/appeal",
    my_page="https://freeze.example/my",
    bank="Punjab National Bank",
    account="50100000000001",
    account_end="0001",
)
OTHER_FACTS: Final[tuple[dict[str, Any], ...]] = (
    *({"decision": decision} for decision in ("upheld", "released", "withdrawn", "withdrawn_on_page")),
    *({"duty": duty} for duty in ("follow_up", "fir_signature")),
    *({"step": step} for step in (None, *Step)),
    *({"next_level": level} for level in (None, GrievanceLevel.DY_SP, GrievanceLevel.STATE_GRO)),
    *({"task": kind} for kind in TaskKind),
    {"next_due_at": None},
    {"amount_paise": 5_000_00},
)
"""facts that a text names by a code, with their other values"""
OTHER_SAID: Final[tuple[dict[str, Any], ...]] = ({"officer": "", "phone": ""}, {"link": ""}, {"my_page": ""})


def all_messages() -> dict[str, bytes]:
    """Return every example by the name of its golden file."""
    found: dict[str, Iterable[str]] = {"rules": rules(), "sms-templates": sms_templates(), "names": names()}
    found |= {"page-texts": page_texts(), "console-texts": console_texts()}
    for language in Language:
        found[f"short.{language.value}"] = short_messages(language)
        found[f"letters.{language.value}"] = letters(language)
        found[f"work-items.{language.value}"] = work_items(language)
        found[f"call.{language.value}"] = call(language)
    return {f"people/{name}.txt": "".join(f"{line}\n" for line in lines).encode() for name, lines in found.items()}


# -- notifications -----------------------------------------------------------------------------------------------------


def rules() -> Iterator[str]:
    """Yield who is told what of each event, over which channels, with which facts."""
    for event, of in RULES.items():
        yield f"== {event.value}: {of.when}"
        for rule in of.rules:
            encloses = ", with the documents" if rule.encloses else ""
            channels, facts = ", ".join(rule.channels), ", ".join(rule.facts) or "-"
            yield f"{rule.kind.value} to {rule.to.value} by {channels}{encloses}: {facts}"
    for addressee, reach in ADDRESSEES.items():
        yield f"{addressee.value}: {', '.join(reach.texts)}; {', '.join(reach.facts)}; {', '.join(reach.values)}"


def sms_templates() -> Iterator[str]:
    """Yield the text that is registered for each short message."""
    for key in template_keys():
        yield f"{key.kind.value} to {key.to_whom.value} in {key.language.value}: {template_text(key)}"


def short_messages(language: Language) -> Iterator[str]:
    """Yield each short message, and its text for other facts where that differs."""
    for kind, to_whom in TEXTS[language]:
        usual = short(kind, to_whom, language, SAID).text
        yield f"== {kind.value} to {to_whom.value}"
        yield usual
        others = [(facts, SAID.model_copy(update={"facts": FACTS.model_copy(update=facts)})) for facts in OTHER_FACTS]
        others += [(said, SAID.model_copy(update=said)) for said in OTHER_SAID]
        for changes, said in others:
            try:
                text = short(kind, to_whom, language, said).text
            except MessageLacks as lacks:
                text = f"({lacks})"
            if text != usual:
                ((name, value),) = list(changes.items())[:1]
                yield f"-- {name} {value}: {text}"


def letters(language: Language) -> Iterator[str]:
    """Yield each letter, one in both languages, one that a bank forwards, and one about work items."""
    for kind, to_whom in TEXTS[language]:
        yield from _letter(f"{kind.value} to {to_whom.value}", *letter(kind, to_whom, (language,), SAID))
    kind, to_whom = next(iter(TEXTS[language]))
    inner = letter(kind, to_whom, (language, *(other for other in Language if other is not language)), SAID)
    yield from _letter("in both languages", *inner)
    yield from _letter("forwarded", *forwarded((language,), SAID, SAID.account, inner))
    yield from _letter("of work items", *items_letter(language, FACTS, WAITING, SAID.link))
    yield items_short(language, FACTS, None, SAID.link)


def _letter(name: str, subject: str, text: str) -> Iterator[str]:
    yield f"== {name}: {subject}"
    yield from text.rstrip("\n").split("\n")


WAITING: Final = [
    WaitingItem(
        task_id=number,
        kind=TaskKind.PHONE_BANK,
        reason=NoticeReason.OPEN,
        ack_no=ack_no,
        at_least_paise=10_000_00 * number,
        opened_at=AT,
        deadline_at=deadline_at,
    )
    for number, (ack_no, deadline_at) in enumerate([(CASE, AT + timedelta(hours=1)), (None, None)])
]

# -- work items --------------------------------------------------------------------------------------------------------

_ITEM: Final = TaskFacts(
    code="02",
    error="BankUnreachable: SMTP 451",
    lacking=("officer.rank", "accounts[0].amount_paise", "new_field"),
    line=ClaimKind.UNKNOWN,
    claimed_paise=1_250_50,
    against_paise=600_00,
    discrepancy=DiscrepancyKind.EXCEEDS_DISPUTED,
    institution="HDFC",
    account_end="4321",
    message="hold",
    to_whom="io",
    medium="sms",
    reference="UTR1",
    document_number="GH/2026/17",
    fir_no="0412/2026",
    our_fir="0413/2026",
    documents=(
        DocumentWaits(kind=DocumentKind.NOTICE_107, lacking=("officer.rank",), failures=("E",)),
        DocumentWaits(kind=DocumentKind.LIEN_NOTICE),
    ),
    detail="K1",
    ack_no=CASE,
    differing=(Differing.PAYER, Differing.AMOUNT),
    rows_differing=4,
    liens_missing=5,
    releases=6,
    released_paise=700_00,
    waiting_paise=800_00,
    withdrawal_id=9,
    correction_id=10,
    merge_id=11,
    found_id=12,
    violations=13,
    task_id=14,
    task_kind=TaskKind.PHONE_BANK,
    to_bank="XYZB",
    at="10-12-2026 01:30",
    request_id="6f1c",
    order_reason="court",  # type: ignore[arg-type]
    key_change="add",  # type: ignore[arg-type]
)
_OTHER_ITEMS: Final[tuple[dict[str, Any], ...]] = (
    *({"line": kind} for kind in ClaimKind),
    *({"discrepancy": kind, "order_id": "0b7e"} for kind in DiscrepancyKind),
    *({"no_officer": why} for why in NoOfficer),
    {"lacking": ()},
    {"other_business": True},
    {"number_is_known": False},
    {"order_id": "0b7e"},
    {"account_end": ""},
    {"institution": "", "to_bank": ""},
)


def work_items(language: Language) -> Iterator[str]:
    """Yield the text of each cause, and its text for another subject or other facts where that differs."""
    for cause in TaskCause:
        usual = _item(cause, TaskSubject.CASE, _ITEM, language)
        yield f"== {cause.value}: {usual}"
        seen = {usual}
        for subject in TaskSubject:
            if (text := _item(cause, subject, _ITEM, language)) not in seen:
                yield f"-- {subject.value}: {text}"
                seen.add(text)
        for changes in _OTHER_ITEMS:
            if (text := _item(cause, TaskSubject.CASE, _ITEM.model_copy(update=changes), language)) not in seen:
                ((name, value),) = list(changes.items())[:1]
                yield f"-- {name} {value}: {text}"
                seen.add(text)
    for cause, duty in product((TaskCause.DUTY, TaskCause.DUTY_OVERDUE, TaskCause.DUTY_TO_HAND_IN), DutyKind):
        yield compose(cause, about(TaskSubject.DUTY, duty), _ITEM, language)
    yield compose(
        TaskCause.REQUEST_SILENT, about(TaskSubject.REQUEST, 7), TaskFacts(), language, bank="B", in_play_paise=500_00
    )
    yield compose(TaskCause.REQUEST_SILENT, about(TaskSubject.REQUEST, 7), TaskFacts(), language)


def _item(cause: TaskCause, subject: TaskSubject, facts: TaskFacts, language: Language) -> str:
    return compose(cause, about(subject, 7), facts, language, names={"HDFC": "HDFC Bank"}, in_play_paise=5_000_00)


def names() -> Iterator[str]:
    """Yield the names of codes, documents and their facts in both languages."""
    for kind, of in NAMES.items():
        for code in of:
            yield f"{kind.__name__} {code}: {' · '.join(name_of(kind, code, language) for language in Language)}"
    for document in DocumentKind:
        yield f"{document.value}: {' · '.join(document_name(document, language) for language in Language)}"
    fields = sorted({rule.field for kind in DocumentKind for rule in requirements(kind)})
    for field in fields:
        yield f"{field}: {' · '.join(field_names([field], language) for language in Language)}"
    for language in Language:
        yield from (f"{language.value} {name}: {text}" for name, text in _leaves(words_of(language).table))


# -- pages -------------------------------------------------------------------------------------------------------------


def page_texts() -> Iterator[str]:
    """Yield for each text of the pages of banks and of the public the digest of its English and of its Hindi."""
    for folder in sorted({file.parent for file in TEMPLATES.rglob("*.toml")}):
        tables = texts_of(folder)
        for name in sorted(tables[Language.EN]):
            yield _digests(f"{folder.name}.{name}", [tables[language][name] for language in Language])


def console_texts() -> Iterator[str]:
    """Yield the same for each text of the console."""
    tables = [
        {
            f"{file.stem}.{name}": text
            for file in (CONSOLE / language.value).glob("*.json")
            for name, text in _leaves(orjson.loads(file.read_bytes()))
        }
        for language in Language
    ]
    for name in sorted(tables[0]):
        yield _digests(name, [table[name] for table in tables])


def _leaves(texts: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of a table of tables, with its name."""
    if isinstance(texts, str):
        yield name, texts
        return
    for key, value in texts.items():
        yield from _leaves(value, f"{name}.{key}" if name else key)


def _digests(name: str, texts: Iterable[str]) -> str:
    return f"{name} {' '.join(sha256(text.encode()).hexdigest()[:DIGEST_CHARS] for text in texts)}"


# -- calls -------------------------------------------------------------------------------------------------------------


def call(language: Language) -> list[str]:
    """Return what an officer reads out to a bank."""
    hop = TaskHop(
        hop_no=3,
        layer=2,
        state=HopState.ASKED,
        institution_as_told="HDFC",
        holder="50100000000001",
        reference="610212345678",
        amount_paise=5_000_00,
        in_play_paise=450_50,
        transferred_at=AT,
    )
    no_reference = hop.model_copy(update={"reference": ""})
    return [
        *what_to_say(CASE, "JOB-1", [hop], 1, language),
        *what_to_say(CASE, str(UUID(int=2**127 + 5)), [hop, no_reference], 3, language),
        *what_to_say(CASE, None, [hop], 4, language),
    ]
