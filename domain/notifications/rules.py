"""Rules of notifications: one table says who is told what when something happens.

A caller names the event and its facts. The table names the recipients, and for each of them the kind of the message,
its channels, and the facts that it carries.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.notifications.events import Addressee, Channel, Fact, NotificationEvent
from domain.notifications.texts import MessageLacks
from schemas.notifications import MessageFacts, MessageKind, Recipient
from schemas.police import CaseDuty
from schemas.restoration_enums import GrievanceLevel

AS_FIRST_TOLD: Final = frozenset(
    {
        MessageKind.CREDIT_ACCOUNT_TOLD,
        MessageKind.CREDIT_ACCOUNT_CONFIRMED,
        MessageKind.CREDIT_ACCOUNT_ENDED,
        MessageKind.APPLICATION_SIGNED,
    }
)
"""messages that also go to the contact that the complaint told first, after officers have corrected it

They have no link there, because that contact may be a stranger's.
"""
AS_FIRST_TOLD_IF_MARKED: Final = MessageKind.VICTIM_CORRECTED
"""the message that goes there instead in a marked case"""


@dataclass(frozen=True)
class Rule:
    """One message about an event."""

    to: Addressee
    kind: MessageKind
    channels: tuple[Channel, ...]
    facts: tuple[Fact, ...] = ()
    """facts of the event that the message carries"""
    encloses: bool = False
    """whether the event's documents are attached to the e-mail"""


@dataclass(frozen=True)
class EventRules:
    """When an event happens, and the messages about it in the order in which they are written."""

    when: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Reach:
    """Who an addressee is, and what a message to the addressee has besides the facts of the event."""

    who: str
    texts: tuple[Recipient, ...]
    """recipients whose texts are used"""
    facts: tuple[Fact, ...] = ()
    """facts that are added unless the event states them"""
    values: tuple[str, ...] = ()
    """values that are added, as `Said` names them"""


def _on(when: str, *rules: Rule) -> EventRules:
    return EventRules(when, rules)


_DIRECT: Final = (Channel.SMS, Channel.EMAIL)
_EMAIL: Final = (Channel.EMAIL,)
_DIRECT_OR_BANK: Final = (*_DIRECT, Channel.BANK_LETTER)

_VICTIM_FACTS: Final = (Fact.AMOUNT, Fact.RESTORED)
_OFFICER: Final = ("officer", "phone")
ADDRESSEES: Final[Mapping[Addressee, Reach]] = {
    Addressee.VICTIM: Reach(
        "the complaint's victim", (Recipient.VICTIM,), _VICTIM_FACTS, ("ack_no", "link", "my_page", *_OFFICER)
    ),
    Addressee.VICTIMS: Reach(
        "every victim whose money it is; the amount is that victim's share",
        (Recipient.VICTIM,),
        _VICTIM_FACTS,
        ("ack_no", "my_page", *_OFFICER),
    ),
    Addressee.HOLDER: Reach(
        "the holder of the account under the hold",
        (Recipient.HOLDER,),
        (Fact.REFERENCE, Fact.AMOUNT),
        ("bank", "account_end", "link", *_OFFICER),
    ),
    Addressee.BANK: Reach("the desk of the bank that a document is for", (Recipient.BANK,), (), _OFFICER),
    Addressee.BANK_OF_HOLD: Reach(
        "the desk of the bank that holds the money", (Recipient.BANK,), (), ("account", *_OFFICER)
    ),
    Addressee.NODAL_OFFICER: Reach(
        "the nodal officer of the bank who is on duty first, at the mobile in the directory", (Recipient.BANK,)
    ),
    Addressee.IO: Reach("the case's investigating officer", (Recipient.IO,)),
    Addressee.SUPERVISING: Reach("the case's supervising officer", (Recipient.OFFICER,)),
    Addressee.STEP_OFFICER: Reach(
        "the officer of the case who acts at the step: IO or supervising officer", (Recipient.IO, Recipient.OFFICER)
    ),
    Addressee.LEVEL_OFFICER: Reach(
        "the officer of the case with the duty of the level: IO or supervising officer; otherwise the grievance officer"
        " who is named for the level, of the victim's district or of the State",
        (Recipient.IO, Recipient.OFFICER),
    ),
    Addressee.COMPLAINANT: Reach(
        "the person who complains on the public page, at the mobile that the person has typed, or from which a call was"
        " missed",
        (Recipient.COMPLAINANT,),
        (),
        ("link",),
    ),
    Addressee.ACTING_OFFICER: Reach(
        "an officer who can act on work items, by the officer's own setting and shift (`docs/guides/desk.md`)",
        (Recipient.OFFICER,),
        (),
        ("link",),
    ),
}

RULES: Final[Mapping[NotificationEvent, EventRules]] = {
    # -- holds -----------------------------------------------------------------------------------------------------
    NotificationEvent.MONEY_HELD: _on(
        "money of a complaint comes on hold and joins a round of the victim's restoration",
        Rule(Addressee.VICTIM, MessageKind.MONEY_HELD, _DIRECT),
    ),
    NotificationEvent.HOLD_BEGUN: _on(
        "money comes on hold in an account, the first time or later; on the same day",
        Rule(Addressee.HOLDER, MessageKind.HOLD, _DIRECT_OR_BANK, (Fact.AMOUNT,)),
    ),
    NotificationEvent.HOLD_OFFICER_NAMED: _on(
        "an IO is assigned after the holder was notified of a hold without one",
        Rule(Addressee.HOLDER, MessageKind.HOLD, _DIRECT_OR_BANK, (Fact.AMOUNT,)),
    ),
    NotificationEvent.HOLDER_CONTACT_TAKEN: _on(
        "an officer enters how a holder can be reached",
        Rule(Addressee.HOLDER, MessageKind.HOLD, _DIRECT_OR_BANK),
    ),
    NotificationEvent.HOLDER_CONTACT_REPLACED: _on(
        "an officer enters another contact of a holder; before it takes the place of the known one",
        Rule(Addressee.HOLDER, MessageKind.CONTACT_REPLACED, _DIRECT),
    ),
    NotificationEvent.HOLDER_CONTACT_ENTERED: _on(
        "an officer enters a contact of a holder that differs from the known one",
        Rule(Addressee.BANK_OF_HOLD, MessageKind.CONTACT_REPLACED, _EMAIL),
    ),
    NotificationEvent.HOLD_LAPSES_SOON: _on(
        "money on hold that no order asks for lapses soon: at each number of days of the policy",
        Rule(Addressee.VICTIMS, MessageKind.LAPSE_WARNING, _DIRECT, (Fact.AMOUNT, Fact.DAYS)),
        Rule(Addressee.IO, MessageKind.LAPSE_WARNING, _DIRECT, (Fact.AMOUNT, Fact.DAYS)),
    ),
    NotificationEvent.HOLD_LAPSED: _on(
        "no order came in time, and the bank is ordered to release",
        Rule(Addressee.HOLDER, MessageKind.HOLD_LAPSED, _DIRECT_OR_BANK, (Fact.AMOUNT,)),
        Rule(Addressee.VICTIMS, MessageKind.HOLD_LAPSED, _DIRECT, (Fact.AMOUNT,)),
        Rule(Addressee.IO, MessageKind.HOLD_LAPSED, _DIRECT, (Fact.AMOUNT,)),
    ),
    NotificationEvent.HOLD_RELEASED: _on(
        "the bank confirms the release of money",
        Rule(Addressee.HOLDER, MessageKind.HOLD_RELEASED, _DIRECT_OR_BANK, (Fact.AMOUNT,)),
    ),
    NotificationEvent.HOLD_KEPT_BY_COURT: _on(
        "a second officer confirms an order of a court that keeps a hold",
        Rule(Addressee.HOLDER, MessageKind.HOLD_KEPT, _DIRECT_OR_BANK, (Fact.COURT,)),
    ),
    NotificationEvent.RELEASE_PROPOSED: _on(
        "an officer proposes to release money, by a grievance or of a small hold",
        Rule(Addressee.VICTIMS, MessageKind.RELEASE_PROPOSED, _DIRECT, (Fact.AMOUNT, Fact.UNTIL)),
    ),
    # -- restoration -----------------------------------------------------------------------------------------------
    NotificationEvent.APPLICATION_ISSUED: _on(
        "the application of a restoration is issued for the victim's signature",
        Rule(Addressee.VICTIM, MessageKind.APPLICATION_READY, _DIRECT, (Fact.AMOUNT, Fact.UNTIL), encloses=True),
    ),
    NotificationEvent.APPLICATION_DUE: _on(
        "the step `application` comes to its reminder, and the application is issued",
        Rule(Addressee.VICTIM, MessageKind.APPLICATION_READY, _DIRECT, (Fact.UNTIL,)),
        Rule(Addressee.STEP_OFFICER, MessageKind.STEP_DUE, _DIRECT, (Fact.UNTIL, Fact.STEP)),
    ),
    NotificationEvent.APPLICATION_SIGNED: _on(
        "the victim signs the application by a code",
        Rule(
            Addressee.VICTIM,
            MessageKind.APPLICATION_SIGNED,
            _DIRECT,
            (Fact.AMOUNT, Fact.TO_ACCOUNT),
            encloses=True,
        ),
    ),
    NotificationEvent.NOTICE_GIVEN: _on(
        "a notice to an account holder is issued, which starts the time to object",
        Rule(Addressee.VICTIM, MessageKind.OBJECTION_WINDOW, _DIRECT, (Fact.AMOUNT, Fact.UNTIL)),
        Rule(
            Addressee.HOLDER,
            MessageKind.OBJECTION_WINDOW,
            _DIRECT_OR_BANK,
            (Fact.AMOUNT, Fact.UNTIL),
            encloses=True,
        ),
    ),
    NotificationEvent.HEARING_WAIVED: _on(
        "an officer records that a holder waives the rest of the time to object",
        Rule(Addressee.HOLDER, MessageKind.HEARING_WAIVED, _DIRECT_OR_BANK, (Fact.AMOUNT, Fact.UNTIL)),
    ),
    NotificationEvent.VICTIM_CORRECTED: _on(
        "a second officer agrees to other personal data of a victim: at the old contact, and at the new one",
        Rule(Addressee.VICTIM, MessageKind.VICTIM_CORRECTED, _DIRECT),
    ),
    NotificationEvent.CREDIT_ACCOUNT_TOLD: _on(
        "an officer enters another account to be credited",
        Rule(Addressee.VICTIM, MessageKind.CREDIT_ACCOUNT_TOLD, _DIRECT, (Fact.TO_ACCOUNT,)),
    ),
    NotificationEvent.CREDIT_ACCOUNT_CONFIRMED: _on(
        "a second officer confirms another account to be credited, which starts the victim's time to object",
        Rule(Addressee.VICTIM, MessageKind.CREDIT_ACCOUNT_CONFIRMED, _DIRECT, (Fact.TO_ACCOUNT, Fact.UNTIL)),
    ),
    NotificationEvent.CREDIT_ACCOUNT_ENDED: _on(
        "the victim objects to another account to be credited, or an officer withdraws it",
        Rule(Addressee.VICTIM, MessageKind.CREDIT_ACCOUNT_ENDED, _DIRECT, (Fact.TO_ACCOUNT,)),
    ),
    NotificationEvent.STEP_DUE: _on(
        "another step at which an officer acts comes to its reminder, or an application is not issued by then",
        Rule(Addressee.STEP_OFFICER, MessageKind.STEP_DUE, _DIRECT, (Fact.UNTIL, Fact.STEP)),
    ),
    NotificationEvent.STEP_OVERDUE: _on(
        "a step is not done in time",
        Rule(Addressee.SUPERVISING, MessageKind.STEP_OVERDUE, _DIRECT, (Fact.UNTIL, Fact.STEP)),
    ),
    NotificationEvent.COURT_HEARING_NEAR: _on(
        "the day on which a court hears a restoration is near",
        Rule(Addressee.IO, MessageKind.COURT_HEARING, _DIRECT, (Fact.UNTIL, Fact.COURT)),
    ),
    NotificationEvent.RETURN_APPROVED: _on(
        "a restoration comes to its step `credit`",
        Rule(Addressee.VICTIM, MessageKind.APPROVED, _DIRECT, (Fact.AMOUNT, Fact.TO_ACCOUNT)),
    ),
    NotificationEvent.CREDITED: _on(
        "a bank confirms a credit",
        Rule(Addressee.VICTIM, MessageKind.CREDITED, _DIRECT, (Fact.AMOUNT, Fact.REFERENCE, Fact.TO_ACCOUNT)),
    ),
    NotificationEvent.RESTORATION_REFUSED: _on(
        "a restoration ends as refused",
        Rule(Addressee.VICTIM, MessageKind.REFUSED, _DIRECT, (Fact.AMOUNT,)),
    ),
    NotificationEvent.MONEY_REFUSED: _on(
        "a part of a restoration is refused, and none of it is restored yet",
        Rule(Addressee.VICTIM, MessageKind.REFUSED, _DIRECT, (Fact.AMOUNT,)),
    ),
    NotificationEvent.REST_REFUSED: _on(
        "a part of a restoration is refused after another part was restored",
        Rule(Addressee.VICTIM, MessageKind.REST_REFUSED, _DIRECT, (Fact.AMOUNT, Fact.RESTORED)),
    ),
    NotificationEvent.PAYER_DECIDED: _on(
        "two officers decide who paid a transfer that more than one complaint tells",
        Rule(Addressee.VICTIMS, MessageKind.TRANSFER_OF_ANOTHER, _DIRECT, (Fact.AMOUNT,)),
    ),
    NotificationEvent.RESTORATION_CANCELLED: _on(
        "an officer cancels a restoration",
        Rule(Addressee.VICTIM, MessageKind.CANCELLED, _DIRECT, (Fact.AMOUNT,)),
    ),
    NotificationEvent.RESTORATION_DONE: _on(
        "a restoration ends as restored",
        Rule(Addressee.VICTIM, MessageKind.RESTORED, _DIRECT, (Fact.RESTORED,)),
    ),
    NotificationEvent.NOTHING_HELD: _on(
        "a restoration is cancelled because no money is on hold any more",
        Rule(Addressee.VICTIM, MessageKind.NOTHING_HELD, _DIRECT),
    ),
    NotificationEvent.RESTORATION_STOPPED: _on(
        "one officer cancels a restoration with money on hold",
        Rule(Addressee.SUPERVISING, MessageKind.ALARM, _DIRECT, (Fact.AMOUNT,)),
    ),
    # -- documents and the police ----------------------------------------------------------------------------------
    NotificationEvent.STATUS_LETTER_ISSUED: _on(
        "a status letter is issued",
        Rule(
            Addressee.VICTIM,
            MessageKind.STATUS_LETTER,
            _DIRECT,
            (Fact.REFERENCE, Fact.STEP, Fact.NEXT_DUE_AT),
            encloses=True,
        ),
    ),
    NotificationEvent.BANK_NOTICE_ISSUED: _on(
        "a document for a bank is issued",
        Rule(Addressee.BANK, MessageKind.DOCUMENT_FOR_BANK, _EMAIL, (Fact.REFERENCE,), encloses=True),
    ),
    NotificationEvent.MY_CASE_CODE_ASKED: _on(
        "someone who knows the number of a complaint asks for a code on the page about it",
        Rule(Addressee.VICTIM, MessageKind.MY_CASE_CODE, (Channel.SMS,), (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.SIGNATURE_CODE_ASKED: _on(
        "the victim asks on the page about the own complaint for a code to sign the application",
        Rule(Addressee.VICTIM, MessageKind.SIGNATURE_CODE, (Channel.SMS,), (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.LINK_CODE_ASKED: _on(
        "an officer of a bank states something through a letter's link that needs a one-time code",
        Rule(Addressee.NODAL_OFFICER, MessageKind.LINK_CODE, (Channel.SMS,), (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.FIR_UNSIGNED: _on(
        "an e-Zero FIR is registered and not signed yet",
        Rule(Addressee.VICTIM, MessageKind.FIR_TO_SIGN, _DIRECT, (Fact.REFERENCE, Fact.UNTIL)),
    ),
    NotificationEvent.DUTY_DUE: _on(
        "a statutory duty comes to its reminder, or an IO is assigned after that",
        Rule(Addressee.IO, MessageKind.DUTY_DUE, _DIRECT, (Fact.UNTIL, Fact.DUTY)),
    ),
    NotificationEvent.DUTY_OVERDUE: _on(
        "a statutory duty is not done in time, or a supervising officer is assigned after that",
        Rule(Addressee.SUPERVISING, MessageKind.DUTY_DUE, _DIRECT, (Fact.UNTIL, Fact.DUTY)),
    ),
    # -- appeals ---------------------------------------------------------------------------------------------------
    NotificationEvent.CODE_ASKED: _on(
        "somebody with the hold's reference asks for a one-time code",
        # A code in a bank's mailbox would not stay a secret of the holder.
        Rule(Addressee.HOLDER, MessageKind.GRIEVANCE_CODE, _DIRECT, (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.CODE_MADE: _on(
        "an officer has a one-time code sent to the holder",
        # Without a contact the bank passes it on. No officer sees it.
        Rule(Addressee.HOLDER, MessageKind.APPEAL_CODE, _DIRECT_OR_BANK, (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.GRIEVANCE_AT_BANK: _on(
        "an appeal is filed, which the bank has to report on",
        Rule(Addressee.BANK_OF_HOLD, MessageKind.GRIEVANCE_TURN, _EMAIL, (Fact.NUMBER, Fact.UNTIL)),
    ),
    NotificationEvent.GRIEVANCE_AT_OFFICER: _on(
        "an appeal comes to a level above the bank, or the officer of its level is assigned or named",
        Rule(Addressee.LEVEL_OFFICER, MessageKind.GRIEVANCE_TURN, _DIRECT, (Fact.NUMBER, Fact.UNTIL, Fact.AMOUNT)),
    ),
    NotificationEvent.GRIEVANCE_OVERDUE: _on(
        "the highest level has not decided in time",
        Rule(Addressee.SUPERVISING, MessageKind.GRIEVANCE_OVERDUE, _DIRECT, (Fact.NUMBER, Fact.UNTIL)),
    ),
    NotificationEvent.GRIEVANCE_DECIDED: _on(
        "an officer decides an appeal",
        Rule(
            Addressee.HOLDER,
            MessageKind.GRIEVANCE_DECIDED,
            (*_DIRECT_OR_BANK, Channel.APPEAL_CONTACT),
            (Fact.NUMBER, Fact.DECISION, Fact.AMOUNT, Fact.NEXT_LEVEL),
        ),
    ),
    NotificationEvent.GRIEVANCE_WITHDRAWN: _on(
        "an appeal is withdrawn, on the appeal page or by an officer for its holder",
        Rule(
            Addressee.HOLDER,
            MessageKind.GRIEVANCE_DECIDED,
            (*_DIRECT_OR_BANK, Channel.APPEAL_CONTACT),
            (Fact.NUMBER, Fact.DECISION),
        ),
    ),
    # -- complaints on the public page -----------------------------------------------------------------------------
    NotificationEvent.QUIET_NEWS: _on(
        "anything of the above is to be told to a victim who asked that no message says what it is about",
        Rule(Addressee.VICTIM, MessageKind.NEWS, _DIRECT),
    ),
    NotificationEvent.COMPLAINT_CODE_ASKED: _on(
        "a person who complains on the public page confirms the mobile",
        Rule(Addressee.COMPLAINANT, MessageKind.COMPLAINT_CODE, (Channel.SMS,), (Fact.CODE, Fact.UNTIL)),
    ),
    NotificationEvent.COMPLAINT_LINK_ASKED: _on(
        "a call is missed, or a person who complains on the public page wants the code of the form by SMS",
        Rule(Addressee.COMPLAINANT, MessageKind.COMPLAINT_LINK, (Channel.SMS,), (Fact.REFERENCE, Fact.UNTIL)),
    ),
    # -- work items ------------------------------------------------------------------------------------------------
    NotificationEvent.WORK_ITEMS_WAIT: _on(
        "work items wait for an officer: without an owner, passed on to the officer, or near a deadline; several are"
        " one message, which is not about one case",
        Rule(Addressee.ACTING_OFFICER, MessageKind.WORK_ITEMS, _DIRECT, (Fact.ITEMS, Fact.TASK, Fact.AMOUNT)),
    ),
}

DUTY_OF_LEVEL: Final[Mapping[GrievanceLevel, CaseDuty]] = {
    GrievanceLevel.IO: CaseDuty.IO,
    GrievanceLevel.DY_SP: CaseDuty.SUPERVISING,
}
"""duty in the case whose officer decides at a level, if one is assigned"""
EXPIRING: Final = frozenset(
    {
        MessageKind.GRIEVANCE_CODE,
        MessageKind.APPEAL_CODE,
        MessageKind.LINK_CODE,
        MessageKind.MY_CASE_CODE,
        MessageKind.SIGNATURE_CODE,
        MessageKind.COMPLAINT_CODE,
        MessageKind.COMPLAINT_LINK,
    }
)
"""kinds that are not sent after their fact `until`; the text is blanked then"""


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


def _channels() -> Mapping[tuple[MessageKind, Recipient], frozenset[Channel]]:
    found: defaultdict[tuple[MessageKind, Recipient], frozenset[Channel]] = defaultdict(frozenset)
    for entry in RULES.values():
        for rule in entry.rules:
            for to_whom in ADDRESSEES[rule.to].texts:
                found[rule.kind, to_whom] |= frozenset(rule.channels)
    return dict(found)


_CHANNELS: Final = _channels()
