"""One-time codes for the pages behind letters' links, sent to a nodal officer's registered mobile.

A letter lies in a mailbox that several people read. What moves money therefore needs the code as well. The mobile is
that of the directory, never one that the reader of the letter names.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from activities.banks.reply_links import ReplyView, link_key
from activities.cases.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.notifications.people import Concerned, notify_people
from activities.secrets import Keys
from adapters.messages.sms import mobile_of
from db.banks import link_codes, rosters
from db.banks.link_codes import LinkCode
from domain.notifications.events import NotificationEvent
from schemas.banks.exchanges import About
from schemas.banks.rosters import OfficerToCall
from schemas.enums import TaskKind
from schemas.notifications import MessageFacts
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about

CODE_DIGITS: Final = 8
MOBILE_END_CHARS: Final = 4
KEPT: Final = timedelta(days=8)
"""time until a code is deleted; longer than any code is valid"""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """Whom the live code was sent to."""

    officer_name: str
    mobile_end: str


class LinkCodes:
    """The codes for the links about one kind of subject."""

    def __init__(self, ctx: Context, keys: Keys, kind: About) -> None:
        self._ctx = ctx
        self._keys = keys
        self._kind = kind

    @cached_property
    def _key(self) -> bytes:
        # The intake process knows the paths of these pages and has no such key.
        return link_key(self._keys, self._kind)

    async def live(self, subject_id: UUID) -> CodeSent | None:
        """Return whom the live code for this subject was sent to, or None without a live code."""
        found = await self._live(subject_id)
        return CodeSent(found.officer_name, found.mobile_end) if found else None

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
        ctx, rules = self._ctx, self._ctx.policy.answer_links
        async with case_transaction(ctx, view.case_no, ENGINE) as work:
            found = await link_codes.live(work.connection, view.subject_id, rules.code_tries, work.now)
            if found and not over:
                return CodeSent(found.officer_name, found.mobile_end)
            mobile = mobile_of(officer.mobile) or ""
            sent = CodeSent(officer.name or officer.role, mobile[-MOBILE_END_CHARS:])
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
            valid_until = work.now + timedelta(seconds=rules.code_valid_seconds)
            code_id = await link_codes.make(
                work.connection,
                view.subject_id,
                sent.officer_name,
                sent.mobile_end,
                self._digest(view.subject_id, code),
                work.now,
                valid_until,
            )
            facts = MessageFacts(occasion=str(code_id), code=code, until=valid_until)
            concerned = Concerned(case_no=view.case_no, mobile=mobile)
            await notify_people(
                work.connection, work.ctx, NotificationEvent.LINK_CODE_ASKED, concerned, facts, work.now
            )
            await link_codes.forget(work.connection, work.now - KEPT)
        return sent

    async def confirmed_by(self, subject_id: UUID, code: str) -> str | None:
        """Return the name of the officer whose code this is, or None for a wrong one.

        A code has a few tries.
        """
        found = await self._live(subject_id) if code else None
        if found is None:
            return None
        max_tries = self._ctx.policy.answer_links.code_tries
        async with self._ctx.pool.acquire() as connection:
            if not await link_codes.count_try(connection, found.code_id, max_tries):
                return None
            if not hmac.compare_digest(found.digest, self._digest(subject_id, code)):
                return None
            await link_codes.use(connection, found.code_id, self._ctx.now())
        return f"{found.officer_name} ..{found.mobile_end}"

    async def _live(self, subject_id: UUID) -> LinkCode | None:
        async with self._ctx.pool.acquire() as connection:
            tries = self._ctx.policy.answer_links.code_tries
            return await link_codes.live(connection, subject_id, tries, self._ctx.now())

    def _digest(self, subject_id: UUID, code: str) -> bytes:
        return hmac.digest(self._key, f"code {subject_id} {code}".encode(), "sha256")
