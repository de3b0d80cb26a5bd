"""Codes and letters that admit officers of banks and of the police.

One-time codes for the pages behind letters' links, sent to a nodal officer's registered mobile. A letter lies in a
mailbox that several people read. What moves money therefore needs the code as well. The mobile is that of the
directory, never one that the reader of the letter names.

Letters about a sign-in link that was made or used, to its officer and to the two admins. An officer so notices a link
that another person used.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from activities.case.reply_links import ReplyView
from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.outgoing import Attempt, Kind, NoWay, Ways
from activities.proofs import Proofs
from activities.recovery.message_recipients import Concerned, notify_people
from activities.secrets import Keys
from adapters.messages.sms import SmsError, mobile_of
from adapters.messages.smtp import MailError
from db import proofs
from db.banks import rosters
from db.officers import credentials
from db.officers.credentials import LinkToTell, ToldPerson
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.proofs import ProofPurpose
from domain.message_rules import NotificationEvent
from domain.text_tables import tables_of
from schemas.banks.keys import About
from schemas.banks.rosters import OfficerToCall
from schemas.enums import TaskKind
from schemas.identifiers import person_of
from schemas.notifications import MessageFacts
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import indian_minute, is_email

MOBILE_END_CHARS: Final = 4
_PURPOSES: Final = {About.HOLD_REQUEST: ProofPurpose.REQUEST_REPLY, About.ORDER: ProofPurpose.ORDER_REPLY}


@dataclass(frozen=True, slots=True)
class CodeSent:
    """Whom the live code was sent to."""

    officer_name: str
    mobile_end: str


class LinkCodes(Proofs):
    """The codes for the links about one kind of subject."""

    def __init__(self, ctx: Context, keys: Keys, kind: About) -> None:
        super().__init__(ctx, keys, _PURPOSES[kind])
        self._kind = kind

    async def live(self, subject_id: UUID) -> CodeSent | None:
        """Return whom the live code for this subject was sent to, or None without a live code."""
        async with self._ctx.pool.acquire() as connection:
            proof = await self.newest(connection, subject_id)
        return CodeSent(proof.contact_name, proof.contact_end) if proof else None

    async def ask_desk(self, view: ReplyView[Any]) -> None:
        """Give the desk a work item: to telephone a bank whose nodal officers have no mobile in the directory."""
        async with case_transaction(self._ctx, view.case_no, ENGINE) as work:
            # An answer closes the work items about its request, and this one must outlast it.
            subject = about(TaskSubject.INSTITUTION, view.institution)
            if self._kind is About.ORDER:
                subject = about(TaskSubject.ORDER, view.subject_id)
            facts, cause = TaskFacts(institution=view.institution), TaskCause.LINK_WITHOUT_MOBILE
            task = NewTask(kind=TaskKind.PHONE_BANK, cause=cause, subject=subject, facts=facts)
            await work.ask(task, institution=view.institution)

    async def officer_of(self, institution: str) -> OfficerToCall | None:
        """Return the nodal officer with a mobile who is on duty first, or None without one."""
        rules = self._ctx.policy.bank_holidays
        async with self._ctx.pool.acquire() as connection:
            known = await rosters.to_call(connection, [institution], rules, self._ctx.now())
        return next((officer for officer in known.get(institution, ()) if mobile_of(officer.mobile)), None)

    async def send(self, view: ReplyView[Any], officer: OfficerToCall, *, over: bool) -> CodeSent:
        """Make a code, and send it to this officer's mobile. Of several codes the newest alone is valid.

        Without `over` a live code stays: a button that is pressed twice sends one.
        """
        async with case_transaction(self._ctx, view.case_no, ENGINE) as work:
            live = await self.newest(work.connection, view.subject_id)
            if live and not over:
                return CodeSent(live.contact_name, live.contact_end)
            mobile = mobile_of(officer.mobile) or ""
            sent = CodeSent(officer.name or officer.role, mobile[-MOBILE_END_CHARS:])
            code = await self.make(
                work.connection,
                view.subject_id,
                work.actor,
                work.now,
                contact_name=sent.officer_name,
                contact_end=sent.mobile_end,
            )
            facts = MessageFacts(occasion=str(code.proof_id), code=code.code, until=code.valid_until)
            concerned = Concerned(case_no=view.case_no, mobile=mobile)
            await notify_people(
                work.connection, work.ctx, NotificationEvent.LINK_CODE_ASKED, concerned, facts, work.now
            )
        return sent

    async def confirmed_by(self, subject_id: UUID, code: str) -> str | None:
        """Return the name of the officer whose code this is, or None for a wrong one.

        A code has a few tries.
        """
        if not code:
            return None
        async with self._ctx.pool.acquire() as connection:
            proof = await self.find(connection, subject_id, code)
            if proof is None:
                return None
            await proofs.use_again(connection, proof.proof_id, self._ctx.now())
        return f"{proof.contact_name} ..{proof.contact_end}"


log = logging.getLogger(__name__)

_TEXTS: Final = tables_of("officers")


async def _tell(attempt: Attempt, link: LinkToTell) -> None:
    admins = {person_of(admin) for admin in (link.proposed_by, link.decided_by) if admin is not None}
    async with attempt.ctx.pool.acquire() as connection:
        persons = await credentials.persons_told(connection, {link.officer_id, *admins})
    is_sent, failure = False, None
    for person in persons:
        try:
            is_sent |= await _send(attempt.routes.ways, person, link)
        except (MailError, SmsError) as error:
            log.warning("letter about a sign-in link: %s", type(error).__name__)
            if error.retryable and not attempt.is_last:
                # A repeat has the same key, so the others get no second letter.
                failure = error
    if failure is not None:
        raise failure
    if not is_sent:
        raise NoWay


async def _send(ways: Ways, person: ToldPerson, link: LinkToTell) -> bool:
    """Send the letter by e-mail, or else by SMS; return whether there was a way."""
    state = "used" if link.used_at else "made"
    key = f"{person.officer_id}.sign-in-link.{link.digest.hex()[:16]}.{state}"
    text = _text(person, link)
    if ways.mail is not None and is_email(person.email):
        subject = _TEXTS[person.language]["sign_in_link.subject"].format(officer=link.officer_id)
        await ways.mail.send(person.email, subject, text, key)
        return True
    number = mobile_of(person.mobile)
    if ways.sms is not None and number:
        await ways.sms.send(number, text, key)
        return True
    return False


def _text(person: ToldPerson, link: LinkToTell) -> str:
    texts = _TEXTS[person.language]
    event = texts["sign_in_link.used" if link.used_at else "sign_in_link.made"]
    advice = texts["sign_in_link.to_officer" if person.officer_id == link.officer_id else "sign_in_link.to_admin"]
    return f"{event.format(officer=link.officer_id, at=indian_minute(link.used_at or link.made_at))} {advice}"


async def _given_up(_link: LinkToTell, _connection: Connection, _at: datetime) -> None:
    log.error("no person could be told of a sign-in link")


SIGN_IN_LINK_LETTERS: Final = Kind(OutgoingKind.SIGN_IN_LINK, credentials.links_to_tell, _tell, _given_up)
