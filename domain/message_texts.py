"""Texts of messages, and the registered templates of short messages.

Texts of notifications, written from the table `messages.toml`; no text stands elsewhere. A short message has at most
`SMS_PARTS_MAX` parts for all facts, because names are cut to what fits. English says Rs, because no seven-bit alphabet
has the Rupee sign.

Templates of short messages, as a sender in India registers them (DLT): texts with places for variables. An operator of
telephones drops a message whose text or id is not the registered one, and tells the sender nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from string import Formatter
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, ValidationError

from domain.message_rules import (
    ADDRESSEES,
    RULES,
    TEXTS,
    WORDS,
    Channel,
    Key,
    MessageLacks,
    MessagesWrong,
    Text,
)
from domain.rupees import rupees
from domain.text_tables import tables_of
from schemas.base import MAX_AMOUNT_PAISE, FrozenModel
from schemas.enums import Language, TaskKind
from schemas.notifications import (
    COURT_MAX_CHARS,
    REFERENCE_MAX_CHARS,
    SMS_PARTS_MAX,
    MessageFacts,
    MessageKind,
    Recipient,
    SmsIds,
    WaitingItem,
    masked_account,
    sms_parts,
)
from schemas.restoration_enums import GrievanceLevel, Step
from schemas.text import IST

OFFICER_MAX_CHARS: Final = 40
"""name and phone together; the name is cut"""
LINK_MAX_CHARS: Final = 48
BANK_MAX_CHARS: Final = 20
_NAMES: Final = tables_of("names")

IF_QUIET: Final = MessageKind.NEWS
"""the message that takes the place of every other one if a victim may not be told what it is about"""
_OF_NO_MATTER: Final = frozenset({IF_QUIET, MessageKind.MY_CASE_CODE, MessageKind.SIGNATURE_CODE})
"""messages that do not say what they are about, because another person may read them"""


class Said(FrozenModel):
    """Values that a text can name: the facts of the message, and values of its case."""

    case_no: str
    facts: MessageFacts
    ack_no: str = ""
    """of the victim's own complaint, which a victim knows the case by"""
    bank: str = ""
    """where the account under the hold is"""
    account: str = ""
    """the account, for its bank alone"""
    account_end: str = ""
    """its last characters: enough for its holder, nothing for another"""
    officer: str = ""
    """name of the officer who answers for the case"""
    phone: str = ""
    """the officer's"""
    link: str = ""
    """where an account holder can appeal, or a victim can answer"""
    my_page: str = ""
    """where a victim reads the own complaint"""


class Written(NamedTuple):
    """A text that can be sent. Only a letter has the subject."""

    subject: str
    text: str


def short(kind: MessageKind, to_whom: Recipient, language: Language, stated: Said) -> Written:
    """Return the text of a short message. Raises `MessageLacks` with every missing value."""
    too_long = [name for name in ("link", "my_page") if len(getattr(stated, name)) > LINK_MAX_CHARS]
    return _written(kind, to_whom, language, stated.model_copy(update=dict.fromkeys(too_long, "")))


def _written(kind: MessageKind, to_whom: Recipient, language: Language, stated: Said) -> Written:
    text = TEXTS[language].get((kind, to_whom))
    if text is None:
        raise MessageLacks(f"{kind.value} is not for {to_whom.value}")
    values = _values(language, stated)
    missing = sorted(name for name in text.names() if not values.get(name))
    if missing:
        raise MessageLacks(f"{kind.value} to {to_whom.value}: {', '.join(missing)}")
    return Written(text.subject.format_map(values), text.text.format_map(values))


def letter(kind: MessageKind, to_whom: Recipient, languages: tuple[Language, ...], stated: Said) -> Written:
    """Return the text of a letter in each language, with the footer of all our letters."""
    parts = [_written(kind, to_whom, language, stated) for language in languages]
    if kind in _OF_NO_MATTER:
        # The footer of all letters says who writes, and about what.
        return Written(parts[0].subject, "\n\n".join(part.text for part in parts) + "\n")
    words = [WORDS[language]["footer"] for language in languages]
    first = languages[0]
    case = WORDS[first]["case"].format(case=stated.ack_no or stated.case_no)
    return Written(f"{case}: {parts[0].subject}", "\n\n".join([part.text for part in parts] + words) + "\n")


def items_short(language: Language, facts: MessageFacts, ack_no: str | None, link: str) -> str:
    """Return the text of a short message to an officer about work items, of which the first is stated."""
    stated = _of_items(language, facts, ack_no, link)
    return short(MessageKind.WORK_ITEMS, Recipient.OFFICER, language, stated).text


def items_letter(language: Language, facts: MessageFacts, listed: Sequence[WaitingItem], link: str) -> Written:
    """Return a letter to an officer about work items, with a line for each that is listed."""
    words, stated = WORDS[language], _of_items(language, facts, listed[0].ack_no, link)
    written = _written(MessageKind.WORK_ITEMS, Recipient.OFFICER, language, stated)
    lines = [_item_line(item, words, language) for item in listed]
    if facts.items is not None and facts.items > len(listed):
        lines.append(words["items_more"].format(more=facts.items - len(listed)))
    return Written(written.subject, "\n\n".join([written.text, "\n".join(lines), words["footer"]]) + "\n")


def _of_items(language: Language, facts: MessageFacts, ack_no: str | None, link: str) -> Said:
    return Said(case_no=ack_no or WORDS[language]["no_case"], facts=facts, link=link)


def _item_line(item: WaitingItem, words: Mapping[str, str], language: Language) -> str:
    due = words["item_due"].format(until=_time(item.deadline_at)) if item.deadline_at else ""
    return words["item_line"].format(
        task=_NAMES[language][f"TaskKind.{item.kind}"],
        case=item.ack_no or words["no_case"],
        amount=_amount(language, item.at_least_paise),
        since=_time(item.opened_at),
        due=due,
    )


def forwarded(languages: tuple[Language, ...], stated: Said, account: str, inner: Written) -> Written:
    """Return a letter that asks a bank to send `inner` to its customer."""
    words = WORDS[languages[0]]
    asks = [WORDS[language]["forward"].format(account=account) for language in languages]
    subject = f"{words['case'].format(case=stated.case_no)}: {words['forward_subject']}"
    return Written(subject, "\n\n".join([*asks, "--", inner.text]))


def _values(language: Language, stated: Said) -> dict[str, str]:
    facts, words = stated.facts, WORDS[language]
    amount = "" if facts.amount_paise is None else _amount(language, facts.amount_paise)
    decision = facts.decision and words[facts.decision]
    if "{amount}" in decision:
        decision = decision.format(amount=amount) if amount else ""
    link = stated.link and f"{stated.link}?lang={language.value}"
    known = {
        "case": stated.ack_no or stated.case_no,
        "bank": stated.bank[:BANK_MAX_CHARS].strip(),
        "account": stated.account,
        "end": stated.account_end,
        "amount": amount,
        "restored": "" if facts.restored_paise is None else _amount(language, facts.restored_paise),
        "until": _day(facts.until),
        "until_time": _time(facts.until),
        "days": "" if facts.days is None else str(facts.days),
        "reference": facts.reference,
        "court": facts.court,
        "number": facts.number,
        "to_account": facts.to_account,
        "code": facts.code,
        "decision": decision,
        "duty": facts.duty and words[facts.duty],
        "step": words[facts.step] if facts.step else "",
        "next": _next(facts, words),
        "items": "" if facts.items is None else str(facts.items),
        "task": _NAMES[language][f"TaskKind.{facts.task}"] if facts.task else "",
        "reply_desk": words["reply_at"].format(link=stated.link) if stated.link else words["reply_desk"],
        "officer": _officer(stated) or words["officer"],
        "my_page": f"{stated.my_page}?lang={language.value}" if stated.my_page else words["my_page"],
        "where": words["at"].format(link=link) if link else words["where"],
        "reply_at": words["reply_at"].format(link=link) if link else words["reply"],
        "form_at": words["form_at"].format(link=link) if link else words["form_by_call"],
    }
    return known | {"further": _further(facts, words, known)}


def _next(facts: MessageFacts, words: Mapping[str, str]) -> str:
    """Return the next step of a restoration, with its day if that is known."""
    if facts.step is None:
        return words["next_unknown"]
    step = words[facts.step]
    return words["next_step"].format(step=step, day=_day(facts.next_due_at)) if facts.next_due_at else step


def _further(facts: MessageFacts, words: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Return the text about what the account holder can do after a decision."""
    if facts.decision in {"withdrawn", "withdrawn_on_page"}:
        return words["appeal_again"].format(**known)
    if facts.decision == "released":
        return words["appeal_over"]
    if facts.next_level is None:
        return words["appeal_last"]
    return words["appeal_on"].format(level=words[f"level_{facts.next_level}"], **known)


def _officer(stated: Said) -> str:
    if not stated.officer or not stated.phone:
        return stated.officer[:OFFICER_MAX_CHARS]
    phone = f", {stated.phone[:20]}"
    return stated.officer[: OFFICER_MAX_CHARS - len(phone)].strip() + phone


def _amount(language: Language, paise: int) -> str:
    text = rupees(paise, exact=paise % 100 != 0)
    return text.replace("₹", "Rs ") if language is Language.EN else text


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(IST):%d-%m-%Y}" if moment else ""


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(IST):%d-%m-%Y %H:%M}" if moment else ""


# -- the check of the table --------------------------------------------------------------------------------------------

HOLD_REFERENCE_CHARS: Final = 10
"""length of the reference of a hold, which its holder is told"""
LONGEST: Final = Said(
    case_no="2" * 14,
    facts=MessageFacts(
        amount_paise=MAX_AMOUNT_PAISE - 1,
        until=datetime(2026, 12, 9, 20, 0, tzinfo=UTC),
        days=3_660,
        reference="R" * REFERENCE_MAX_CHARS,
        code="1234567890",
        decision="part_released",
        duty="magistrate_report",
        step=Step.VERIFICATION,
        number="G0000000001",
        next_level=GrievanceLevel.DISTRICT_GRO,
        restored_paise=MAX_AMOUNT_PAISE - 1,
        court="C" * COURT_MAX_CHARS,
        next_due_at=datetime(2026, 12, 9, 20, 0, tzinfo=UTC),
        to_account=masked_account("9999", "b" * 60, 9),
        items=999_999,
        task=TaskKind.RESTORATION_STEP,
    ),
    officer="\N{DEVANAGARI LETTER KA}" * 90,
    phone="+91 98765 43210",
    link="https://" + "a" * (LINK_MAX_CHARS - 8),
    my_page="https://" + "a" * (LINK_MAX_CHARS - 8),
    bank="\N{DEVANAGARI LETTER KA}" * 60,
    account="9" * 34,
    account_end="9999",
)
"""every value at its longest, with letters of sixteen bits"""


def mistakes(texts: Mapping[Language, Mapping[Key, Text]]) -> Iterator[str]:
    """Yield every text that has an unknown value, other values than in English, or too many parts for an SMS."""
    for language, table in texts.items():
        values = _values(language, LONGEST)
        for (kind, to_whom), text in table.items():
            where = f"message.{kind} to {to_whom} in {language}"
            names = text.names()
            if unknown := sorted(names - values.keys()):
                yield f"{where}: no value has the name {', '.join(unknown)}"
                continue
            if names != texts[Language.EN][kind, to_whom].names():
                yield f"{where}: its values are not those of the English text"
            longest = values
            if to_whom is Recipient.HOLDER:
                facts = LONGEST.facts.model_copy(update={"reference": "R" * HOLD_REFERENCE_CHARS})
                longest = _values(language, LONGEST.model_copy(update={"facts": facts}))
            parts = sms_parts(text.text.format_map(longest)).count
            if parts > SMS_PARTS_MAX:
                yield f"{where}: {parts} parts of an SMS, at most {SMS_PARTS_MAX}"


if _MISTAKES := tuple(mistakes(TEXTS)):
    raise MessagesWrong("\n".join(_MISTAKES))


VARIABLE: Final = "{#var#}"
TEMPLATES_MAX: Final = 500
_ID: Final = re.compile(r"[0-9]{19}", re.ASCII)
"""an id of the register"""
_VARIABLES: Final = re.compile(r"(?:\{#var#\}\s*)+")
_IN_ENGLISH: Final = frozenset({Recipient.BANK})
"""recipients who read English; all others are written to in every language"""


class TemplateKey(NamedTuple):
    """Message, recipient and language: each has a template of its own."""

    kind: MessageKind
    to_whom: Recipient
    language: Language

    def __str__(self) -> str:
        """Return how a mistake names the template."""
        return f"{self.kind.value} to {self.to_whom.value} in {self.language.value}"


class Registered(FrozenModel):
    """One template of the file. A message that this release does not know is left aside."""

    message: Annotated[str, Field(max_length=60)]
    to: Annotated[str, Field(max_length=60)]
    language: Annotated[str, Field(max_length=10)]
    id: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=2_000)]


class TemplateFile(FrozenModel):
    """The file of templates: the entity that registered them, and each template."""

    entity_id: Annotated[str, Field(max_length=40)]
    template: Annotated[tuple[Registered, ...], Field(max_length=TEMPLATES_MAX)]


class TemplatesWrong(ValueError):
    """The templates of short messages are not those of this release; the text has one line per mistake."""


class SmsTemplates:
    """The ids of all templates, which are complete and have the texts of this release."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Check the content of a file. Raises `TemplatesWrong`."""
        try:
            file = TemplateFile.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            raise TemplatesWrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        registered = defaultdict[tuple[str, str, str], list[Registered]](list)
        for template in file.template:
            registered[template.message, template.to, template.language].append(template)
        mistakes = [] if _ID.fullmatch(file.entity_id) else ["entity_id: 19 digits are needed"]
        self._ids: dict[TemplateKey, SmsIds] = {}
        for key in template_keys():
            of_message = registered[key.kind.value, key.to_whom.value, key.language.value]
            # During an update the file may have the texts of both releases.
            ours = [template for template in of_message if _plain(template.text) == _plain(template_text(key))]
            if not of_message:
                mistakes.append(f"{key}: no template is registered")
            elif not ours:
                mistakes.append(f"{key}: the registered text is not that of this release")
            elif not _ID.fullmatch(ours[0].id):
                mistakes.append(f"{key}: its id has 19 digits")
            else:
                self._ids[key] = SmsIds(entity_id=file.entity_id, template_id=ours[0].id)
        mistakes += _used_twice(self._ids)
        if mistakes:
            raise TemplatesWrong("\n".join(mistakes))

    def ids(self, kind: MessageKind, to_whom: Recipient, language: Language) -> SmsIds | None:
        """Return the ids that a message is sent with, or None if it has no template."""
        return self._ids.get(TemplateKey(kind, to_whom, language))


def template_keys() -> Iterator[TemplateKey]:
    """Yield every message that goes by SMS, in the order of the texts, once for each language."""
    sent = {
        (rule.kind, to_whom)
        for event in RULES.values()
        for rule in event.rules
        if Channel.SMS in rule.channels
        for to_whom in ADDRESSEES[rule.to].texts
    }
    for kind, to_whom in TEXTS[Language.EN]:
        if (kind, to_whom) in sent:
            for language in (Language.EN,) if to_whom in _IN_ENGLISH else Language:
                yield TemplateKey(kind, to_whom, language)


def template_text(key: TemplateKey) -> str:
    """Return the text to register: that of the message, with a place for each variable."""
    text = TEXTS[key.language][key.kind, key.to_whom].text
    return "".join(fixed + (VARIABLE if name is not None else "") for fixed, name, _, _ in Formatter().parse(text))


def _used_twice(ids: dict[TemplateKey, SmsIds]) -> Iterator[str]:
    first: dict[str, TemplateKey] = {}
    for key, sms_ids in ids.items():
        if (other := first.setdefault(sms_ids.template_id, key)) is not key:
            yield f"{key}: its id is that of {other}"


def _plain(text: str) -> str:
    """Return a text for comparison. A long value may have several places, because each holds few characters."""
    return " ".join(_VARIABLES.sub(f"{VARIABLE} ", text).split())
