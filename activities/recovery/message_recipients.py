"""Notify people of an event: find the recipients that its rules name, and write their messages to the outbox."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.recovery.message_outbox import (
    Complainant,
    tell_at,
    tell_bank,
    tell_bank_of_appeal,
    tell_complainant,
    tell_holder,
    tell_officer,
    tell_victim,
)
from db.case import firs
from db.pool import Connection
from db.privacy.victims import HolderContact
from db.recovery import appeals, notifications
from domain.message_rules import (
    DUTY_OF_LEVEL,
    RULES,
    Addressee,
    Channel,
    NotificationEvent,
    Rule,
    carried,
    facts_of,
)
from schemas.enums import Language
from schemas.notifications import MessageFacts, Recipient
from schemas.recovery.document_facts import DocumentHead
from schemas.restoration_enums import CaseDuty, GrievanceLevel


@dataclass(frozen=True)
class Holder:
    """The holder of an account under a hold, and what only the holder is told."""

    ctx: Context
    hold_id: UUID
    contact: HolderContact | None = None
    """the opened contact, if the transaction has read it and has written to the holder nothing since"""
    link: str = ""
    """the page on which the holder can appeal"""
    besides: tuple[str, Language] | None = None
    """the contact that the holder's appeal names, and its language"""
    amount_paise: int | None = None
    """in place of the event's amount"""
    occasion: str = ""
    """in place of the event's occasion"""


@dataclass(frozen=True)
class Concerned:
    """The people that an event concerns, and its documents. The rules of the event pick the recipients among them."""

    case_no: str = ""
    """of the officers"""
    ack_no: str = ""
    """complaint of the victim"""
    shares: Mapping[str, int] = field(default_factory=dict)
    """amount of each victim in paise, by complaint"""
    holder: Holder | None = None
    hold_id: UUID | None = None
    """the hold whose bank is concerned"""
    bank: str = ""
    """institution that a document is for"""
    mobile: str = field(default="", repr=False)
    """of the bank's nodal officer"""
    duty: CaseDuty | None = None
    """of the officer who acts at a step"""
    level: GrievanceLevel | None = None
    """of the officer who decides an appeal"""
    documents: Sequence[DocumentHead] = ()
    language: Language = Language.EN
    """of the document for a bank"""
    link: str = ""
    """the page on which the victim can answer, or a complainant goes on"""
    complainant: Complainant | None = None


@dataclass(frozen=True)
class LevelOfficer:
    """The officer who decides an appeal at its level."""

    to_whom: Recipient
    phone: str
    email: str
    language: Language
    since: str
    """separates the messages to this officer from those to an earlier one"""


async def notify_people(
    connection: Connection,
    ctx: Context,
    event: NotificationEvent,
    concerned: Concerned,
    facts: MessageFacts,
    now: datetime,
) -> int:
    """Write the messages about an event to all its recipients; return the number of new messages.

    Raises `NotFound`, and `MessageLacks` for missing facts.
    """
    given = facts.model_dump(exclude_defaults=True).keys() - {"occasion"}
    assert given <= facts_of(event), f"no message about {event.value} carries {sorted(given - facts_of(event))}"
    written = 0
    for rule in RULES[event].rules:
        message = _Message(connection, ctx, rule, concerned, carried(rule, facts), now)
        written += await _WRITERS[rule.to](message)
    return written


async def officer_of_level(connection: Connection, level: GrievanceLevel, case_no: str) -> LevelOfficer | None:
    """Return the officer who decides at a level above the bank, or None.

    An officer of the case comes first. Otherwise it is the grievance officer of the district or the State.
    """
    duty = DUTY_OF_LEVEL.get(level)
    officer = await firs.officer(connection, case_no, duty) if duty else None
    if officer is not None:
        to_whom = Recipient.IO if duty is CaseDuty.IO else Recipient.OFFICER
        language = await notifications.language_of(connection, officer.subject)
        return LevelOfficer(to_whom, officer.phone, officer.email, language, str(officer.assignment_no))
    post = await appeals.of_case(connection, level, case_no)
    if post is None:
        return None
    since = f"{post.written_at:%Y%m%dT%H%M%S}"
    return LevelOfficer(Recipient.OFFICER, post.phone, post.email, Language.EN, since)


# -- recipients --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Message:
    """The message of one rule, before its recipients are found."""

    connection: Connection
    ctx: Context
    rule: Rule
    concerned: Concerned
    facts: MessageFacts
    now: datetime

    @property
    def documents(self) -> Sequence[DocumentHead]:
        return self.concerned.documents if self.rule.encloses else ()

    async def to_victim(self) -> int:
        return await self._to_victim(self.concerned.ack_no, self.facts)

    async def to_victims(self) -> int:
        return sum(
            [
                await self._to_victim(ack_no, self.facts.model_copy(update={"amount_paise": paise}))
                for ack_no, paise in self.concerned.shares.items()
                if paise
            ]
        )

    async def _to_victim(self, ack_no: str, facts: MessageFacts) -> int:
        link = self.concerned.link
        return await tell_victim(
            self.connection, self.ctx, ack_no, self.rule.kind, facts, self.now, documents=self.documents, link=link
        )

    async def to_holder(self) -> int:
        holder = self.concerned.holder
        assert holder is not None, f"{self.rule.kind.value} is for an account holder"
        own: dict[str, object] = {"occasion": holder.occasion} if holder.occasion else {}
        if holder.amount_paise is not None:
            own["amount_paise"] = holder.amount_paise
        return await tell_holder(
            self.connection,
            holder.ctx,
            holder.hold_id,
            self.rule.kind,
            self.facts.model_copy(update=own),
            self.now,
            contact=holder.contact,
            link=holder.link,
            documents=self.documents,
            besides=holder.besides if Channel.APPEAL_CONTACT in self.rule.channels else None,
        )

    async def to_bank(self) -> int:
        case_no, bank, language = self.concerned.case_no, self.concerned.bank, self.concerned.language
        return await tell_bank(
            self.connection,
            case_no,
            bank,
            self.rule.kind,
            self.facts,
            self.now,
            documents=self.documents,
            language=language,
        )

    async def to_bank_of_hold(self) -> int:
        hold_id = self.concerned.hold_id
        assert hold_id is not None, f"{self.rule.kind.value} is about a hold"
        return await tell_bank_of_appeal(self.connection, self.ctx, hold_id, self.rule.kind, self.facts, self.now)

    async def to_nodal_officer(self) -> int:
        assert self.concerned.mobile, f"{self.rule.kind.value} is for a nodal officer with a mobile"
        case_no, mobile = self.concerned.case_no, self.concerned.mobile
        return await tell_at(self.connection, case_no, Recipient.BANK, mobile, "", self.rule.kind, self.facts, self.now)

    async def to_complainant(self) -> int:
        person, link = self.concerned.complainant, self.concerned.link
        assert person is not None, f"{self.rule.kind.value} is for a person who complains on the page"
        return await tell_complainant(
            self.connection, self.ctx, person, self.rule.kind, self.facts, self.now, link=link
        )

    async def to_io(self) -> int:
        return await self._to_officer(CaseDuty.IO)

    async def to_supervising(self) -> int:
        return await self._to_officer(CaseDuty.SUPERVISING)

    async def to_step_officer(self) -> int:
        assert self.concerned.duty is not None, f"{self.rule.kind.value} is for the officer of a step"
        return await self._to_officer(self.concerned.duty)

    async def _to_officer(self, duty: CaseDuty) -> int:
        case_no = self.concerned.case_no
        return await tell_officer(self.connection, case_no, duty, self.rule.kind, self.facts, self.now)

    async def to_level_officer(self) -> int:
        connection, case_no, level = self.connection, self.concerned.case_no, self.concerned.level
        assert level is not None, f"{self.rule.kind.value} is for the officer of a level"
        officer = await officer_of_level(connection, level, case_no)
        if officer is None:
            return 0
        facts = self.facts.model_copy(update={"occasion": f"{self.facts.occasion}.{officer.since}"})
        return await tell_at(
            connection,
            case_no,
            officer.to_whom,
            officer.phone,
            officer.email,
            self.rule.kind,
            facts,
            self.now,
            officer.language,
        )


_WRITERS: Final[Mapping[Addressee, Callable[[_Message], Awaitable[int]]]] = {
    Addressee.VICTIM: _Message.to_victim,
    Addressee.VICTIMS: _Message.to_victims,
    Addressee.HOLDER: _Message.to_holder,
    Addressee.BANK: _Message.to_bank,
    Addressee.BANK_OF_HOLD: _Message.to_bank_of_hold,
    Addressee.NODAL_OFFICER: _Message.to_nodal_officer,
    Addressee.IO: _Message.to_io,
    Addressee.SUPERVISING: _Message.to_supervising,
    Addressee.STEP_OFFICER: _Message.to_step_officer,
    Addressee.LEVEL_OFFICER: _Message.to_level_officer,
    Addressee.COMPLAINANT: _Message.to_complainant,
}
