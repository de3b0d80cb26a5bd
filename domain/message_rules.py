"""Messages: the events that people are told of, and who is told what.

Notifications as one table, `messages.toml`: who is told what when something happens, and the texts of it. A caller
names the event and its facts. The table names the recipients, and for each of them the kind of the message, its
channels, and the facts that it carries.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import Field, ValidationError

from domain.errors import RuleBroken
from schemas.base import FrozenModel
from schemas.enums import Language
from schemas.notifications import MessageFacts, MessageKind, Recipient
from schemas.restoration_enums import CaseDuty, GrievanceLevel


class NotificationEvent(StrEnum):
    """Event that people are told of. `RULES` says when each one happens."""

    MONEY_HELD = "money_held"
    HOLD_BEGUN = "hold_begun"
    HOLD_OFFICER_NAMED = "hold_officer_named"
    HOLDER_CONTACT_TAKEN = "holder_contact_taken"
    HOLDER_CONTACT_REPLACED = "holder_contact_replaced"
    HOLDER_CONTACT_ENTERED = "holder_contact_entered"
    HOLD_LAPSES_SOON = "hold_lapses_soon"
    HOLD_LAPSED = "hold_lapsed"
    HOLD_RELEASED = "hold_released"
    HOLD_KEPT_BY_COURT = "hold_kept_by_court"
    RELEASE_PROPOSED = "release_proposed"
    APPLICATION_ISSUED = "application_issued"
    APPLICATION_DUE = "application_due"
    APPLICATION_SIGNED = "application_signed"
    NOTICE_GIVEN = "notice_given"
    HEARING_WAIVED = "hearing_waived"
    VICTIM_CORRECTED = "victim_corrected"
    PAYER_ACCOUNT_STATED = "payer_account_stated"
    CREDIT_ACCOUNT_TOLD = "credit_account_told"
    CREDIT_ACCOUNT_CONFIRMED = "credit_account_confirmed"
    CREDIT_ACCOUNT_ENDED = "credit_account_ended"
    STEP_DUE = "step_due"
    STEP_OVERDUE = "step_overdue"
    COURT_HEARING_NEAR = "court_hearing_near"
    PAYER_DECIDED = "payer_decided"
    RETURN_APPROVED = "return_approved"
    CREDITED = "credited"
    RESTORATION_REFUSED = "restoration_refused"
    MONEY_REFUSED = "money_refused"
    REST_REFUSED = "rest_refused"
    RESTORATION_CANCELLED = "restoration_cancelled"
    RESTORATION_DONE = "restoration_done"
    NOTHING_HELD = "nothing_held"
    RESTORATION_STOPPED = "restoration_stopped"
    STATUS_LETTER_ISSUED = "status_letter_issued"
    BANK_NOTICE_ISSUED = "bank_notice_issued"
    FIR_UNSIGNED = "fir_unsigned"
    DUTY_DUE = "duty_due"
    DUTY_OVERDUE = "duty_overdue"
    CODE_ASKED = "code_asked"
    CODE_MADE = "code_made"
    LINK_CODE_ASKED = "link_code_asked"
    MY_CASE_CODE_ASKED = "my_case_code_asked"
    SIGNATURE_CODE_ASKED = "signature_code_asked"
    GRIEVANCE_AT_BANK = "grievance_at_bank"
    GRIEVANCE_AT_OFFICER = "grievance_at_officer"
    GRIEVANCE_OVERDUE = "grievance_overdue"
    GRIEVANCE_DECIDED = "grievance_decided"
    GRIEVANCE_WITHDRAWN = "grievance_withdrawn"
    QUIET_NEWS = "quiet_news"
    COMPLAINT_CODE_ASKED = "complaint_code_asked"
    COMPLAINT_LINK_ASKED = "complaint_link_asked"
    WORK_ITEMS_WAIT = "work_items_wait"


class Addressee(StrEnum):
    """Kind of recipient. `ADDRESSEES` says who that is in a case."""

    VICTIM = "victim"
    VICTIMS = "victims"
    HOLDER = "holder"
    BANK = "bank"
    BANK_OF_HOLD = "bank_of_hold"
    NODAL_OFFICER = "nodal_officer"
    IO = "io"
    SUPERVISING = "supervising"
    STEP_OFFICER = "step_officer"
    LEVEL_OFFICER = "level_officer"
    COMPLAINANT = "complainant"
    ACTING_OFFICER = "acting_officer"


class Channel(StrEnum):
    """How a message can go to its recipient."""

    SMS = "sms"
    EMAIL = "email"
    BANK_LETTER = "bank_letter"
    """e-mail to the bank's desk, which forwards it; only for a holder whose contact is not known"""
    APPEAL_CONTACT = "appeal_contact"
    """SMS and e-mail to the further contact that the holder's appeal names"""


class Fact(StrEnum):
    """Fact of an event, as `MessageFacts` names it."""

    AMOUNT = "amount_paise"
    UNTIL = "until"
    DAYS = "days"
    REFERENCE = "reference"
    CODE = "code"
    DECISION = "decision"
    DUTY = "duty"
    STEP = "step"
    NUMBER = "number"
    NEXT_LEVEL = "next_level"
    RESTORED = "restored_paise"
    NEXT_DUE_AT = "next_due_at"
    COURT = "court"
    TO_ACCOUNT = "to_account"
    ITEMS = "items"
    TASK = "task"


AS_FIRST_TOLD_IF_MARKED: Final = MessageKind.VICTIM_CORRECTED
"""the message that goes to the contact that the complaint told first, in place of others, in a marked case"""
ANSWERS_WHO_ASKED: Final = frozenset(
    {MessageKind.GRIEVANCE_CODE, MessageKind.APPEAL_CODE, MessageKind.GRIEVANCE_DECIDED}
)
"""the only messages to a holder while the bank's answer leaves in doubt whose account is on hold"""
DUTY_OF_LEVEL: Final[Mapping[GrievanceLevel, CaseDuty]] = {
    GrievanceLevel.IO: CaseDuty.IO,
    GrievanceLevel.DY_SP: CaseDuty.SUPERVISING,
}
"""duty in the case whose officer decides at a level, if one is assigned"""
_PACKAGED: Final = Path(__file__).with_name("messages.toml")
_NotEmpty = Annotated[str, Field(min_length=1)]
_T = TypeVar("_T")


class MessageLacks(RuleBroken):
    """The message cannot be written, because a value that it must state is missing."""


class MessagesWrong(ValueError):
    """The table of messages is not whole; the text has one line per mistake."""


class Rule(FrozenModel):
    """One message about an event."""

    to: Addressee
    kind: MessageKind
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    facts: tuple[Fact, ...] = ()
    """facts of the event that the message carries"""
    encloses: bool = False
    """whether the event's documents are attached to the e-mail"""


class EventRules(FrozenModel):
    """When an event happens, and the messages about it in the order in which they are written."""

    when: _NotEmpty
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]


class Reach(FrozenModel):
    """Who an addressee is, and what a message to the addressee has besides the facts of the event."""

    who: _NotEmpty
    texts: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    """recipients whose texts are used"""
    facts: tuple[Fact, ...] = ()
    """facts that are added unless the event states them"""
    values: tuple[str, ...] = ()
    """values that are added, as `Said` names them"""


class Text(FrozenModel):
    """Subject and text of a message, with the names of its values in braces."""

    subject: _NotEmpty
    text: _NotEmpty

    def names(self) -> frozenset[str]:
        """Return the names of its values."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.subject + self.text) if name)


class Both(FrozenModel, Generic[_T]):
    """Something in every language."""

    en: _T
    hi: _T

    def of(self, language: Language) -> _T:
        """Return it in this language."""
        return self.hi if language is Language.HI else self.en


class Texts(Both[Text]):
    """The text for some recipients."""

    to: Annotated[tuple[Recipient, ...], Field(min_length=1)]


class Message(FrozenModel):
    """One kind of message: its name in work items, and its texts."""

    name: Both[_NotEmpty]
    expires: bool = False
    as_first_told: bool = False
    texts: Annotated[tuple[Texts, ...], Field(min_length=1)]


class Table(FrozenModel):
    """The content of `messages.toml`."""

    event: Mapping[NotificationEvent, EventRules]
    addressee: Mapping[Addressee, Reach]
    message: Mapping[MessageKind, Message]
    word: Mapping[str, Both[_NotEmpty]]


Key = tuple[MessageKind, Recipient]


def read(content: Mapping[str, Any]) -> Table:
    """Return the table of this content, in which every event, addressee, message and language is.

    Raises `MessagesWrong`. `message_texts` checks the values and the lengths of the texts.
    """
    try:
        table = Table.model_validate(content)
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise MessagesWrong("\n".join(lines)) from None
    mistakes = [
        *_missing("event", NotificationEvent, table.event),
        *_missing("addressee", Addressee, table.addressee),
        *_missing("message", MessageKind, table.message),
    ]
    if not mistakes:
        ruled = {key for event in table.event.values() for rule in event.rules for key in _keys(rule, table.addressee)}
        written = {(kind, to) for kind, message in table.message.items() for texts in message.texts for to in texts.to}
        mistakes += [f"message.{kind}: no text for {to}" for kind, to in sorted(ruled - written)]
        mistakes += [f"message.{kind}: no rule sends it to {to}" for kind, to in sorted(written - ruled)]
    if mistakes:
        raise MessagesWrong("\n".join(mistakes))
    return table


def texts_of(table: Table) -> Mapping[Language, Mapping[Key, Text]]:
    """Return by language the text of each message to each recipient."""
    return {
        language: {
            (kind, to_whom): texts.of(language)
            for kind, message in table.message.items()
            for texts in message.texts
            for to_whom in texts.to
        }
        for language in Language
    }


def _missing(section: str, all_of: type[StrEnum], listed: Iterable[StrEnum]) -> list[str]:
    return [f"{section}.{member.value}: not in the table" for member in all_of if member not in frozenset(listed)]


def _keys(rule: Rule, addressees: Mapping[Addressee, Reach]) -> Iterator[Key]:
    return ((rule.kind, to_whom) for to_whom in addressees[rule.to].texts)


_TABLE: Final = read(tomllib.loads(_PACKAGED.read_text(encoding="utf-8")))
RULES: Final = _TABLE.event
ADDRESSEES: Final = _TABLE.addressee
TEXTS: Final = texts_of(_TABLE)
NAMES: Final[Mapping[str, tuple[str, str]]] = {
    kind: (_TABLE.message[kind].name.en, _TABLE.message[kind].name.hi) for kind in MessageKind
}
"""English and Hindi names of messages in work items"""
WORDS: Final = {language: {name: of.of(language) for name, of in _TABLE.word.items()} for language in Language}
"""parts of which texts are made"""
EXPIRING: Final = frozenset(kind for kind, message in _TABLE.message.items() if message.expires)
"""kinds that are not sent after their fact `until`; the text is blanked then"""
AS_FIRST_TOLD: Final = frozenset(kind for kind, message in _TABLE.message.items() if message.as_first_told)
"""kinds that also go to the contact that the complaint told first, after officers have corrected it

They have no link there, because that contact may be a stranger's.
"""


def facts_of(event: NotificationEvent) -> frozenset[Fact]:
    """Return the facts that the messages about an event carry."""
    return frozenset(fact for rule in RULES[event].rules for fact in rule.facts)


def carried(rule: Rule, facts: MessageFacts) -> MessageFacts:
    """Return the facts that the message of a rule carries, and the occasion."""
    return MessageFacts.model_validate(facts.model_dump(include={"occasion", *rule.facts}))


def channels_of(kind: MessageKind, to_whom: Recipient) -> frozenset[Channel]:
    """Return the channels that the rules allow to a message of this kind for this recipient.

    Raises `MessageLacks` if no rule sends the recipient such a message.
    """
    if (kind, to_whom) not in _CHANNELS:
        raise MessageLacks(f"no rule sends {kind.value} to {to_whom.value}")
    return _CHANNELS[kind, to_whom]


def _channels() -> Mapping[Key, frozenset[Channel]]:
    channels: defaultdict[Key, frozenset[Channel]] = defaultdict(frozenset)
    for entry in RULES.values():
        for rule in entry.rules:
            for key in _keys(rule, ADDRESSEES):
                channels[key] |= frozenset(rule.channels)
    return dict(channels)


_CHANNELS: Final = _channels()
