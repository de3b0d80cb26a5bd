"""Rounds that ask banks for their liens, the inquiries of each, and the letter that asks.

Activities of the round that asks banks for their lists of liens. Each may be repeated. A question is recorded before it
is sent, and the next round sends each unsent question. So a process that dies in between loses nothing, and the bank
gets the same question under the same id.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID, uuid5

import asyncpg
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks.delivery import Adapters
from activities.banks.letters import Letter
from activities.case.transaction import ENGINE
from activities.context import Context
from activities.gateway.lien_lists import compare_list, wanted
from activities.isolation import FailedRows
from activities.metrics import METRICS, ToldRole
from activities.secrets import CannotOpen
from adapters.banks.protocol import BankError, ListAsker
from adapters.messages.smtp import Attachment, Mailer, MailError, is_plain_address
from db import tasks
from db.gateway import comparisons, lien_inquiries, lien_lists
from db.gateway.lien_inquiries import Overdue
from db.pool import Connection, Pool
from domain.case.requests import due_at
from domain.errors import NotFound
from domain.errors.banks import InstitutionNotFound
from domain.gateway.liens import ListLevel, list_escalation, slot_of
from domain.policy.model import ListRules
from schemas.banks.institutions import Institution
from schemas.enums import ChannelKind, ListWay, TaskKind
from schemas.gateway.liens import AskForList, Inquiry, RoundPlan
from schemas.tasks import TaskCause
from schemas.text import indian_minute

_IDS: Final = UUID("5b0e0c1e-6f0f-4b7e-9a52-7d1f6c3f9b11")
"""The namespace of the questions' ids. It is arbitrary and must not change."""


async def write_inquiry(
    connection: Connection, code: str, rules: ListRules, now: datetime, asked_by: str, occasion: str
) -> None:
    """Record a question to an institution that the caller has locked; once for each `occasion`."""
    escalation = list_escalation(rules)
    inquiry = Inquiry(
        inquiry_id=uuid5(_IDS, f"{code}|{occasion}"),
        institution=code,
        asked_at=now,
        asked_by=asked_by,
        due_at=due_at(escalation, ListLevel.DESK, now),
        way=None,
        put_at=None,
        outcome=None,
        closed_at=None,
    )
    supervisor_at = due_at(escalation, ListLevel.SUPERVISOR, now)
    await lien_inquiries.write(connection, inquiry, supervisor_at=supervisor_at)


async def ask_now(pool: Pool, rules: ListRules, code: str, asked_by: str) -> Inquiry:
    """Record a question to an institution at once; the next round sends it. An open question stays as it is.

    Raises `NotFound` for an institution that is not in the directory.
    """
    async with pool.acquire() as connection, connection.transaction():
        now = await comparisons.lock(connection, code)
        if await lien_inquiries.open_of(connection, code) is None:
            try:
                await write_inquiry(connection, code, rules, now, asked_by, now.isoformat())
            except asyncpg.ForeignKeyViolationError:
                raise InstitutionNotFound(code) from None
        asked = await lien_inquiries.open_of(connection, code)
    assert asked is not None, "just written, or before"
    return asked


log = logging.getLogger(__name__)

LEFT_OVER_LIMIT: Final = 20
TELL_LIMIT: Final = 500


@dataclass(frozen=True)
class ReconciliationActivities:
    """The activities of `ReconciliationWorkflow`. `mailer` is None if no mail route is set."""

    ctx: Context
    adapters: Adapters
    mailer: Mailer | None
    _failed_lists: FailedRows[int] = field(default_factory=partial(FailedRows[int], "lists of liens"))
    _failed_notices: FailedRows[UUID] = field(default_factory=partial(FailedRows[UUID], "overdue lists of liens"))
    _failed_looks: FailedRows[str] = field(default_factory=partial(FailedRows[str], "inquiries for liens"))

    # -- what is to be done ----------------------------------------------------------------------------------------

    @activity.defn(name="plan_round")
    async def plan_round(self) -> RoundPlan:
        """Compare lists left over, report overdue ones, and record the questions that are due.

        A list or an institution that fails rests for a while and delays no other.
        """
        now = self.ctx.now()
        compared = await self._compare_left_over(now)
        notified = await self._tell_of_overdue(now)
        await self._write_due(now)
        limit = self.ctx.policy.reconciliation.asks_a_round
        async with self.ctx.pool.acquire() as connection:
            unput = await lien_inquiries.take_unput(connection, now, limit)
        asks = tuple(
            AskForList(
                inquiry_id=str(inquiry.inquiry_id),
                institution=inquiry.institution,
                by_channel=self._has_asker(inquiry.institution),
            )
            for inquiry in unput
        )
        return RoundPlan(asks=asks, lists_compared=compared, told=notified)

    async def _compare_left_over(self, now: datetime) -> int:
        async with self.ctx.pool.acquire() as connection:
            left = await lien_lists.left_over(connection, now, self._failed_lists.resting(now), LEFT_OVER_LIMIT)
        attempt = self._failed_lists.attempt
        done = [await attempt(held_list.list_no, partial(compare_list, self.ctx, held_list), now) for held_list in left]
        return sum(1 for compared in done if compared is not None)

    async def _tell_of_overdue(self, now: datetime) -> int:
        async with self.ctx.pool.acquire() as connection:
            due = await lien_inquiries.overdue(connection, now, self._failed_notices.resting(now), TELL_LIMIT)
        attempt = self._failed_notices.attempt
        notices = [await attempt(inquiry.inquiry_id, partial(self._tell, inquiry), now) for inquiry in due]
        return sum(1 for is_told in notices if is_told)

    async def _tell(self, overdue: Overdue) -> bool:
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            now = await comparisons.lock(connection, overdue.institution)
            if not await lien_inquiries.told(connection, overdue, now):
                return False
            code = overdue.institution
            if overdue.desk:
                kind, cause = TaskKind.ASK_FOR_LIENS, TaskCause.LIENS_TO_ASK_FOR
                await tasks.open_for_institution(connection, code, kind, cause, now)
            if overdue.supervisor:
                await tasks.open_for_institution(connection, code, TaskKind.SUPERVISE, TaskCause.LIENS_OVERDUE, now)
        for who, is_told in ((ToldRole.DESK, overdue.desk), (ToldRole.SUPERVISOR, overdue.supervisor)):
            if is_told:
                METRICS.list_overdue(who)
        return True

    async def _write_due(self, now: datetime) -> None:
        slots = {institution.code: self._slot(institution.code, now) for institution in self.ctx.directory.current}
        rules = self.ctx.policy.reconciliation
        async with self.ctx.pool.acquire() as connection:
            resting = self._failed_looks.resting(now)
            due = await lien_inquiries.not_looked_at(connection, slots, resting, rules.looks_a_round)
        asked = 0
        for code in due:
            if asked >= rules.asks_a_round:
                break
            asked += await self._failed_looks.attempt(code, partial(self._look, code, slots[code]), now) or False

    async def _look(self, code: str, slot_at: datetime) -> bool:
        """Record a question for this slot if the institution has liens of ours. Returns whether it has."""
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            now = await comparisons.lock(connection, code)
            has_liens = await lien_inquiries.has_liens(connection, code, slot_at)
            if has_liens:
                rules = self.ctx.policy.reconciliation.of(by_channel=self._has_asker(code))
                await write_inquiry(connection, code, rules, now, ENGINE, slot_at.isoformat())
            await lien_inquiries.looked_at(connection, code, slot_at)
        return has_liens

    def _slot(self, code: str, now: datetime) -> datetime:
        rules = self.ctx.policy.reconciliation.of(by_channel=self._has_asker(code))
        return slot_of(code, now, rules.every_seconds, rules.stagger_seconds)

    # -- putting a question ----------------------------------------------------------------------------------------

    @activity.defn(name="ask_by_channel")
    async def ask_by_channel(self, order: AskForList) -> bool:
        """Send one question over the first channel that takes it. Returns False if none does and people must ask.

        A channel that may take it later raises a retryable error, unless another channel takes it now.
        """
        asked = await self._still_to_put(order)
        if asked is None:
            return True
        later: BankError | None = None
        for kind, asker in self._askers(order.institution):
            try:
                way = await self.ctx.directory.way(order.institution, kind)
                if way is None:
                    continue
                timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
                await asker.ask_for_liens(way, wanted(asked), timeout_seconds=timeout_seconds)
            except (BankError, CannotOpen) as error:
                log.info("lien list of %s: %s: %s", order.institution, kind.value, type(error).__name__)
                if isinstance(error, BankError) and error.retryable:
                    later = error
                continue
            await self._note(asked, ListWay(kind.value))
            return True
        if later is not None:
            raise ApplicationError(
                str(later), type=type(later).__name__, category=ApplicationErrorCategory.BENIGN
            ) from later
        return False

    @activity.defn(name="ask_by_people")
    async def ask_by_people(self, order: AskForList) -> None:
        """Write to the institution, and ask the desk to call it, because a letter alone may wait for days."""
        asked = await self._still_to_put(order)
        if asked is None:
            return
        written = await self._write(asked)
        await self._note(asked, ListWay.EMAIL if written else ListWay.PHONE)

    async def _write(self, asked: Inquiry) -> bool:
        institution = self.ctx.directory.current.get(asked.institution)
        if self.mailer is None or institution is None or not is_plain_address(institution.desk_email):
            return False
        letter, header = liens_letter(institution, asked), header_file(institution)
        try:
            await self.mailer.send(letter.to, letter.subject, letter.body_text, letter.message_id, attachments=[header])
        except MailError as error:
            attempts = self.ctx.policy.delivery.mail_attempts
            if error.retryable and activity.in_activity() and activity.info().attempt < attempts:
                raise ApplicationError(str(error), type=type(error).__name__) from error
            return False
        return True

    async def _note(self, asked: Inquiry, way: ListWay) -> None:
        code = asked.institution
        by_people = way in {ListWay.EMAIL, ListWay.PHONE}
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            now = await comparisons.lock(connection, code)
            if not await lien_inquiries.put(connection, asked.inquiry_id, way, now, desk_told=by_people):
                return
            if by_people:
                kind, cause = TaskKind.ASK_FOR_LIENS, TaskCause.LIENS_TO_ASK_FOR
                await tasks.open_for_institution(connection, code, kind, cause, now)
        METRICS.list_asked(way)

    async def _still_to_put(self, order: AskForList) -> Inquiry | None:
        async with self.ctx.pool.acquire() as connection:
            try:
                asked = await lien_inquiries.get(connection, order.institution, UUID(order.inquiry_id))
            except NotFound as error:
                raise ApplicationError(str(error), type="NotFound", non_retryable=True) from error
        return asked if asked.put_at is None and asked.closed_at is None else None

    def _has_asker(self, code: str) -> bool:
        return any(True for _ in self._askers(code))

    def _askers(self, code: str) -> Iterator[tuple[ChannelKind, ListAsker[object]]]:
        """Yield the institution's channels that can carry the question, best first."""
        bank = self.ctx.directory.current.get(code)
        for kind in bank.channels if bank else ():
            adapter: object = self.adapters.get(kind)
            if isinstance(adapter, ListAsker):
                yield kind, adapter


# -- the letter --------------------------------------------------------------------------------------------------------

HEADER: Final = "Acknowledgement number,RRN or UTR,Amount on hold\n"
"""the columns that `goldenhour reconcile` looks for"""


def liens_letter(institution: Institution, asked: Inquiry) -> Letter:
    """Return the letter to the bank's desk about its list of all liens.

    It names none of our liens, so that the list comes from the bank's own records.
    """
    until = indian_minute(asked.due_at)
    body = (
        f"To {institution.name}: the desk for police requests\n\n"
        "Please send the list of all amounts that your bank has on hold (lien) for the cyber crime police at the"
        " moment, as an Excel workbook (.xlsx) with these columns, one row for each lien:\n\n"
        "  Acknowledgement number   of the complaint, 14 digits\n"
        "  RRN or UTR               of the transfer that credited the account\n"
        "  Amount on hold           in rupees\n\n"
        "Keep the numbers as text, so that no digit is lost. The attached file has the header. If there is none on"
        f" hold, please answer that.\n\nWe ask for it by {until}, in reply to this letter. Our desk will call you"
        f" about it.\n\nOur reference: {asked.inquiry_id}\n"
    )
    return Letter(
        to=institution.desk_email,
        subject=f"List of liens of {institution.code}, wanted by {until}",
        body_text=body,
        message_id=f"{asked.inquiry_id}.liens",
    )


def header_file(institution: Institution) -> Attachment:
    """Return the empty table that is attached to the letter."""
    return Attachment(f"liens-{institution.code}.csv", HEADER)
