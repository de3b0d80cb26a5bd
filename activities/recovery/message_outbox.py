"""The outbox of notifications: each is written with its reason in one transaction, and sent later with retries.

`notify_people` calls the functions `tell_…` as its rules say; each writes for one recipient. `message_sending` sends.
One occasion is written once, so a repeated activity sends nothing twice. Names, numbers and texts stay in the table
`message`: those of victims and account holders sealed under the key of the person.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from adapters.messages.sms import mobile_of
from db import tasks
from db.case import firs
from db.pool import Connection
from db.privacy import victim_corrections, victims
from db.privacy.person_keys import PersonKey
from db.privacy.victims import HolderContact
from db.recovery import account_holds, complainant_messages, notifications
from db.recovery.complainant_messages import NewComplainantMessage
from db.recovery.notifications import NewMessage, SealedMessage, StoredMessage
from domain.message_rules import (
    ANSWERS_WHO_ASKED,
    AS_FIRST_TOLD,
    AS_FIRST_TOLD_IF_MARKED,
    EXPIRING,
    Channel,
    channels_of,
)
from domain.message_texts import IF_QUIET, Said, Written, forwarded, letter, short
from schemas.case.police import CaseOfficer
from schemas.enums import Language, TaskKind
from schemas.identifiers import account_end
from schemas.notifications import Medium, MessageFacts, MessageKind, Recipient
from schemas.privacy.personal_data import MessageText, ReachWay
from schemas.recovery.document_facts import DocumentHead
from schemas.restoration_enums import CaseDuty
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import is_email

_ADDRESS: Final = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+")
_BESIDES: Final = "|besides"
_OFFICERS: Final = frozenset({Recipient.IO, Recipient.OFFICER})
_NUMBER: Final = re.compile(r"\+?[0-9](?:[ -]?[0-9]){9,13}")


Facts = MessageFacts | Mapping[str, object]


async def tell_victim(
    connection: Connection,
    ctx: Context,
    ack_no: str,
    kind: MessageKind,
    facts: Facts,
    now: datetime,
    *,
    documents: Sequence[DocumentHead] = (),
    link: str = "",
) -> int:
    """Write a notification to a complaint's victim by SMS, and by e-mail with the documents if an address is known.

    A victim who said how to be reached without danger is written to in that way alone, and is told no more than that
    there is news if no message may say what it is about. The way is for news: a code, which the victim has asked for on
    a page, goes by SMS, and without a mobile by e-mail. News of an unmarked case names the page that shows the
    complaint. `link` is the page on which the victim can answer, if there is one. The contact that the complaint told
    first never gets an address, because officers have corrected that contact: it may be a stranger's. If the facts
    name no amount, it is the amount on hold of the complaint. Returns the number of new messages. Raises `NotFound`,
    and `MessageLacks` for missing facts.
    """
    person = await notifications.victim(connection, ack_no)
    stated = await victims.newest(connection, ack_no)
    is_code = kind in EXPIRING
    if stated and stated.way is ReachWay.NONE and not is_code:
        return 0
    full_facts = _with(facts, amount_paise=person.held_paise, restored_paise=person.restored_paise)
    content = (await _with_officer(connection, person.case_no, full_facts, link)).model_copy(
        update={"ack_no": ack_no, "my_page": "" if person.is_marked else ctx.my_case_page}
    )
    # What happened to the money is written also when no one can be told of it: then a person has to.
    contact = ctx.persons.open_or_empty(person.person)
    owner = _Owner(ctx.persons, person.person)
    subject = about(TaskSubject.COMPLAINT, ack_no)
    way = stated.way if stated else None
    draft = _Draft(connection, now, kind, Recipient.VICTIM, content, ack_no, documents, subject, owner=owner, way=way)
    # A code is of use only as it is, and its text names no matter.
    if stated and stated.reach.keeps_quiet and not is_code:
        draft = draft.as_news()
    if is_code:
        mobile, email = contact.mobile, "" if mobile_of(contact.mobile) else contact.email
    else:
        mobile = contact.mobile if way in {None, ReachWay.SMS} else ""
        email = contact.email if way in {None, ReachWay.EMAIL} else ""
    written = await draft.write(mobile, email, (person.language,))
    if kind in AS_FIRST_TOLD and (first := await victim_corrections.first_told(connection, ack_no)):
        as_told = ctx.persons.open_or_empty(first)
        mobile = as_told.mobile if as_told.mobile != contact.mobile else ""
        email = as_told.email if as_told.email != contact.email else ""
        copy = draft.as_first_told(is_marked=person.is_marked)
        written += await copy.write(mobile, email, (person.language,), _BESIDES)
    return written


async def tell_holder(
    connection: Connection,
    ctx: Context,
    hold_id: UUID,
    kind: MessageKind,
    facts: Facts,
    now: datetime,
    *,
    contact: HolderContact | None = None,
    link: str = "",
    documents: Sequence[DocumentHead] = (),
    besides: tuple[str, Language] | None = None,
) -> int:
    """Write a notification to the holder of a held account, in every language of the policy; letters carry documents.

    The facts need not have the hold's reference, nor the amount if it is the amount on hold there. If the bank has
    given no contact of its customer, a letter asks the bank to forward the message. If the bank has no mailbox, or the
    key of the holder does not open, the desk asks the bank. `contact` is read here if it is not given. `besides` is a
    further contact that the holder gave, with its language. While it is in doubt whose account is on hold, only who
    asked is answered. Returns and raises as `tell_victim`.
    """
    if kind not in ANSWERS_WHO_ASKED and await account_holds.account_doubted(connection, hold_id):
        return 0
    channels = channels_of(kind, Recipient.HOLDER)
    assert besides is None or Channel.APPEAL_CONTACT in channels, f"{kind.value} goes to no further contact"
    person = contact or await ctx.persons.holder_or_unreachable(connection, hold_id)
    # A hold that begins again is a new occasion.
    since = f"{person.first_held_at:%Y%m%dT%H%M%S}"
    full_facts = _with(facts, occasion=since, reference=person.reference, amount_paise=person.held_paise)
    content = (await _with_officer(connection, person.case_no, full_facts, link)).model_copy(
        update={"bank": person.bank, "account_end": account_end(person.account)}
    )
    hold, bank = about(TaskSubject.HOLD, hold_id), person.institution
    owner = _holder_of(ctx, hold_id, person)
    draft = _Draft(connection, now, kind, Recipient.HOLDER, content, str(hold_id), documents, hold, bank, owner)
    languages = ctx.policy.messages.holder_languages
    written = await draft.write_besides(person, *besides) if besides else 0
    if way_to(person) is Recipient.HOLDER:
        return written + await draft.write(person.phone, person.email, languages)
    return written + await draft.write_to_bank(person.bank_email, person.account, languages)


def way_to(person: HolderContact) -> Recipient | None:
    """Return the recipient through whom an account holder can be notified. None if a person must do it."""
    if mobile_of(person.phone) or is_email(person.email):
        return Recipient.HOLDER
    return Recipient.BANK if is_email(person.bank_email) else None


async def tell_officer(
    connection: Connection, case_no: str, duty: CaseDuty, kind: MessageKind, facts: Facts, now: datetime
) -> int:
    """Write a notification to the officer with that duty in the case; 0 if there is none. Raises `MessageLacks`."""
    person = await firs.officer(connection, case_no, duty)
    if person is None:
        return 0
    return await tell_assigned(connection, case_no, person, kind, facts, now)


async def tell_assigned(
    connection: Connection, case_no: str, person: CaseOfficer, kind: MessageKind, facts: Facts, now: datetime
) -> int:
    """Write a notification to this officer of the case; return the number of new messages. Raises `MessageLacks`."""
    to_whom = Recipient.IO if person.duty is CaseDuty.IO else Recipient.OFFICER
    language = await notifications.language_of(connection, person.subject)
    return await tell_at(connection, case_no, to_whom, person.phone, person.email, kind, facts, now, language)


async def tell_at(
    connection: Connection,
    case_no: str,
    to_whom: Recipient,
    phone: str,
    email: str,
    kind: MessageKind,
    facts: Facts,
    now: datetime,
    language: Language = Language.EN,
) -> int:
    """Write a notification to an officer at this phone and address. Returns and raises as `tell_assigned`."""
    content = Said(case_no=case_no, facts=_with(facts))
    draft = _Draft(connection, now, kind, to_whom, content, case_no)
    return await draft.write(phone, email, (language,))


async def tell_bank_of_appeal(
    connection: Connection, ctx: Context, hold_id: UUID, kind: MessageKind, facts: Facts, now: datetime
) -> int:
    """Write a notification to the bank's desk about its customer's appeal; 0 if the bank has no mailbox.

    If the key of the holder does not open, our desk gets a work item.
    """
    person = await ctx.persons.holder_or_unreachable(connection, hold_id)
    if person.opens and not is_email(person.bank_email):
        return 0
    content = (await _with_officer(connection, person.case_no, _with(facts))).model_copy(
        update={"account": person.account}
    )
    owner = _holder_of(ctx, hold_id, person)
    draft = _Draft(connection, now, kind, Recipient.BANK, content, str(hold_id), owner=owner)
    return await draft.write("", person.bank_email, tuple(Language))


@dataclass(frozen=True)
class Complainant:
    """A person who complains on the public page, or whose call was missed: there may be no case yet."""

    draft_id: UUID
    key: PersonKey
    mobile: str = field(repr=False)
    language: Language
    code_digest: bytes | None = None
    """of the code in the message"""
    mobile_digest: bytes | None = None


async def tell_complainant(
    connection: Connection,
    ctx: Context,
    person: Complainant,
    kind: MessageKind,
    facts: MessageFacts,
    now: datetime,
    *,
    link: str = "",
) -> int:
    """Write a short message to a person who complains on the page; 0 for a number that gets none.

    Raises `MessageLacks` for missing facts.
    """
    number = mobile_of(person.mobile)
    if number is None:
        return 0
    assert facts.until is not None, "a code has an end"
    text = short(kind, Recipient.COMPLAINANT, person.language, Said(case_no="", facts=facts, link=link)).text
    message_id = uuid4()
    message = NewComplainantMessage(
        message_id=message_id,
        draft_id=person.draft_id,
        kind=kind,
        language=person.language,
        sealed=ctx.persons.seal_text(person.key, f"{number}\n{text}", use_of_message(message_id)),
        valid_until=facts.until,
        code_digest=person.code_digest,
        mobile_digest=person.mobile_digest,
    )
    await complainant_messages.insert(connection, message, now)
    return 1


def use_of_message(message_id: UUID) -> str:
    """Return what the sealed text of a message to a complainant is bound to."""
    return f"message {message_id}"


async def tell_bank(
    connection: Connection,
    case_no: str,
    code: str,
    kind: MessageKind,
    facts: Facts,
    now: datetime,
    *,
    documents: Sequence[DocumentHead],
    language: Language,
) -> int:
    """Write the letter that brings a document to a bank's desk.

    If the bank has no mailbox, an officer delivers it. Returns the number of new messages.
    """
    content = await _with_officer(connection, case_no, _with(facts))
    draft = _Draft(connection, now, kind, Recipient.BANK, content, code, documents)
    return await draft.write_document(await notifications.bank_email(connection, code), language)


def _with(facts: Facts, **known: object) -> MessageFacts:
    """Return the facts, completed with the known values where they have none."""
    full_facts = facts if isinstance(facts, MessageFacts) else MessageFacts.model_validate(facts)
    missing = {name: value for name, value in known.items() if getattr(full_facts, name) in {None, ""}}
    return MessageFacts.model_validate(full_facts.model_dump() | missing)


async def _with_officer(connection: Connection, case_no: str, facts: MessageFacts, link: str = "") -> Said:
    """Return the facts with the case's investigating officer, if one is assigned."""
    person = await firs.officer(connection, case_no, CaseDuty.IO)
    name, phone = (person.name, person.phone) if person else ("", "")
    return Said(case_no=case_no, facts=facts, officer=name, phone=phone, link=link)


def seal_message(
    persons: PersonKeys, key: PersonKey, message_id: UUID, message: MessageText
) -> tuple[bytes, bytes | None]:
    """Seal a message, and return its head and its text; None for an empty text. Raises `CannotOpen`."""
    head = persons.seal_text(key, f"{message.address}\n{message.subject}", f"head of {message_id}")
    return head, persons.seal_text(key, message.body, f"body of {message_id}") if message.body else None


def open_message(persons: PersonKeys, message_id: UUID, stored: StoredMessage) -> MessageText:
    """Return a message; an empty one if the key is destroyed. Raises `CannotOpen`."""
    if stored.key is None or stored.sealed_head is None:
        return MessageText(address=stored.address, subject=stored.subject, body=stored.body)
    address, _, subject = persons.open_text(stored.key, stored.sealed_head, f"head of {message_id}").partition("\n")
    body = persons.open_text(stored.key, stored.sealed_body, f"body of {message_id}") if stored.sealed_body else ""
    return MessageText(address=address, subject=subject, body=body)


@dataclass(frozen=True)
class _Owner:
    """The victim or account holder whose key seals a notification."""

    persons: PersonKeys
    key: PersonKey
    hold_id: UUID | None = None
    """the hold whose account holder has had no key before"""

    def seal(self, message: NewMessage) -> SealedMessage:
        text = MessageText(address=message.address, subject=message.subject, body=message.body)
        head, body = seal_message(self.persons, self.key, message.message_id, text)
        return SealedMessage(self.key, self.hold_id, head, body)


def _holder_of(ctx: Context, hold_id: UUID, known: HolderContact) -> _Owner:
    if known.key is not None:
        return _Owner(ctx.persons, known.key)
    return _Owner(ctx.persons, ctx.persons.new_key(), hold_id)


@dataclass(frozen=True)
class _Draft:
    """Writes one notification for one recipient into the outbox."""

    connection: Connection
    now: datetime
    kind: MessageKind
    to_whom: Recipient
    said: Said
    subject_id: str
    """the id of the message's subject, so that it is written once"""
    documents: Sequence[DocumentHead] = ()
    """attached to a letter"""
    about: Subject | None = None
    """the subject of the desk's work item if the recipient cannot be reached; None: the case"""
    institution: str | None = None
    """the bank that the desk is to ask"""
    owner: _Owner | None = None
    """None for a message to an office, which names no victim and no account holder"""
    way: ReachWay | None = None
    """the only way in which the victim wants to be reached"""

    def as_first_told(self, *, is_marked: bool) -> "_Draft":
        """Return the draft for a contact that officers have corrected: without the link, and without documents.

        In a marked case it says only that the contact was changed.
        """
        content = self.said.model_copy(update={"link": "", "my_page": ""})
        if not is_marked:
            return replace(self, said=content, documents=())
        facts = MessageFacts(occasion=f"{self.kind.value}.{content.facts.occasion}")
        content = content.model_copy(update={"facts": facts})
        return replace(self, kind=AS_FIRST_TOLD_IF_MARKED, said=content, documents=())

    def as_news(self) -> "_Draft":
        """Return the draft for a victim who may not be told what it is about."""
        facts = MessageFacts(occasion=f"{self.kind.value}.{self.said.facts.occasion}")
        content = self.said.model_copy(update={"facts": facts, "link": "", "my_page": ""})
        return replace(self, kind=IF_QUIET, said=content, documents=())

    async def write(self, mobile: str, email: str, languages: tuple[Language, ...], way: str = "") -> int:
        channels = channels_of(self.kind, self.to_whom)
        number = mobile_of(mobile) if Channel.SMS in channels else None
        address = email if Channel.EMAIL in channels and is_email(email) else None
        if not number and not address and not way:
            await self._ask_the_desk(TaskKind.SUPERVISE)
        return await self._put_at(number, address, languages, way)

    async def write_besides(self, known: HolderContact, contact: str, language: Language) -> int:
        """Write to the phone and the address in `contact`, the holder's own text, except for those already known."""
        number = next((candidate for text in _NUMBER.findall(contact) if (candidate := mobile_of(text))), None)
        address = next(
            (text for candidate in _ADDRESS.findall(contact) if is_email(text := candidate.strip("."))), None
        )
        number = number if number != mobile_of(known.phone) else None
        address = address if address != known.email else None
        return await self._put_at(number, address, (language,), _BESIDES)

    async def _put_at(self, number: str | None, address: str | None, languages: tuple[Language, ...], way: str) -> int:
        messages = list[NewMessage]()
        if number:
            for language in languages:
                text = short(self.kind, self.to_whom, language, self.said)
                messages.append(self._new(Medium.SMS, number, language, text, self.to_whom, way))
        if address:
            text = letter(self.kind, self.to_whom, languages, self.said)
            messages.append(self._new(Medium.EMAIL, address, languages[0], text, self.to_whom, way))
        return await self._put(messages)

    async def write_to_bank(self, address: str, account: str, languages: tuple[Language, ...]) -> int:
        inner = letter(self.kind, self.to_whom, languages, self.said)
        if Channel.BANK_LETTER not in channels_of(self.kind, self.to_whom) or not is_email(address):
            await self._ask_the_desk(TaskKind.PHONE_BANK)
            return 0
        text = forwarded(languages, self.said, account, inner)
        # It has a key of its own: the holder may be reached directly later.
        return await self._put([self._new(Medium.EMAIL, address, languages[0], text, Recipient.BANK, "|by-bank")])

    async def write_document(self, address: str, language: Language) -> int:
        if is_email(address):
            return await self._put_at(None, address, (language,), "")
        facts = TaskFacts(document_number=self.said.facts.reference)
        bank = about(TaskSubject.INSTITUTION, self.subject_id)
        task = NewTask(kind=TaskKind.PHONE_BANK, cause=TaskCause.DOCUMENT_TO_DELIVER, subject=bank, facts=facts)
        await tasks.open_tasks(self.connection, self.said.case_no, [task], self.now, institution=self.subject_id)
        return 0

    def _new(
        self, medium: Medium, address: str, language: Language, text: Written, to_whom: Recipient, way: str = ""
    ) -> NewMessage:
        # An officer who chooses another language is not told of the same occasion again.
        keyed = Language.EN if self.to_whom in _OFFICERS else language
        parts = (self.kind, self.to_whom, self.subject_id, self.said.facts.occasion, medium, keyed)
        return NewMessage(
            message_id=uuid4(),
            case_no=self.said.case_no,
            kind=self.kind,
            to_whom=to_whom,
            medium=medium,
            address=address,
            language=language,
            subject=text.subject,
            body=text.text,
            natural_key="|".join(parts) + way,
            expires_at=self.said.facts.until if self.kind in EXPIRING else None,
        )

    async def _put(self, messages: Sequence[NewMessage]) -> int:
        sealed = [(message, self.owner.seal(message) if self.owner else None) for message in messages]
        document_ids = [document.document_id for document in self.documents]
        return await notifications.write(self.connection, sealed, document_ids, self.now) if sealed else 0

    async def _ask_the_desk(self, kind: TaskKind) -> None:
        reference = self.said.facts.reference if self.to_whom is Recipient.HOLDER else ""
        facts = TaskFacts(message=self.kind.value, to_whom=self.to_whom.value, reference=reference, way=self.way)
        task = NewTask(kind=kind, cause=TaskCause.UNREACHABLE, subject=self.about, facts=facts)
        await tasks.open_tasks(self.connection, self.said.case_no, [task], self.now, institution=self.institution)
