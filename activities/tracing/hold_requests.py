"""Activities of the case workflow: ask a bank, escalate a request, settle a case. Each may be repeated."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.banks.bank_messages import HoldRequestMessage
from activities.banks.delivery import BankDelivery, Delivered, try_again
from activities.banks.letters import Letter, LetterSender
from activities.cases.hop_steps import write_off_request
from activities.cases.transaction import ENGINE, case_transaction, lock_case
from activities.context import Context
from activities.metrics import METRICS, SendOutcome
from activities.tracing.request_letters import nodal_letter, page_text, reminder_letter
from activities.tracing.tickets import instrument_of, urgency_of
from adapters.banks.email import LinkMaker
from adapters.banks.protocol import (
    INCIDENTS_MAX,
    BankError,
    BankRefused,
    HoldTicket,
    Incident,
)
from adapters.messages.smtp import Mailer
from db import intake
from db.banks import bank_exchanges
from db.cases import cases, ledger, request_pauses
from db.police import firs
from db.pool import Connection
from db.tracing import requests
from schemas.banks.exchanges import About
from schemas.banks.institutions import Institution
from schemas.enums import EscalationLevel, EventKind, HopSource, ProcedureKind, RequestState, TaskKind
from schemas.outbox.case import Escalate, Escalated, HopRef, SendHoldRequest, Sent, SettleCase, Settled
from schemas.tasks import NO_FACTS, NewTask, TaskCause, TaskFacts, TaskSubject, about

log = logging.getLogger(__name__)

REQUEST_OVER = frozenset({RequestState.ANSWERED, RequestState.STOPPED, RequestState.SUPERSEDED})


@dataclass(frozen=True)
class CaseActivities:
    """The activities of `CaseWorkflow`.

    Without a `mailer` no letter is sent, and without `links` a letter has no link.
    """

    ctx: Context
    bank_delivery: BankDelivery
    mailer: Mailer | None
    links: LinkMaker | None = None

    # -- ask a bank ------------------------------------------------------------------------------------------------

    @activity.defn(name="send_hold_request")
    async def send_hold_request(self, params: SendHoldRequest) -> Sent:
        """Send one hold request to one bank.

        The request is written first, because an answer may come before the bank's own reply. Then the bank is called,
        and then its job id is written. A repeated run sends the same request under the same Idempotency-Key. A bank
        that cannot be reached raises a retryable error; a refusal is a result.
        """
        request_id = UUID(params.request_id)
        async with self.ctx.pool.acquire() as connection:
            planned = await requests.plan(
                connection, request_id, params.case_no, params.batch_no, params.institution, params.hops
            )
            request = None if planned else await requests.find(connection, request_id)
            if not (planned or request):
                raise ApplicationError(f"no case {params.case_no}", type="NotFound", non_retryable=True)
            to_ask = await requests.live_hops(connection, request_id)
            if planned and to_ask:
                _count_sent(planned, to_ask)
            if sent := await _result_without_call(connection, params, request, to_ask):
                return sent
            ticket = await _ticket(self.ctx, connection, params, to_ask)
        return await self._call(params, ticket, tuple(hop.hop_no for hop in to_ask), first=planned is not None)

    async def _call(self, params: SendHoldRequest, ticket: HoldTicket, asked: tuple[int, ...], *, first: bool) -> Sent:
        try:
            message = HoldRequestMessage(UUID(params.request_id), ticket)
            delivered = await self.bank_delivery.deliver(message, params.institution, first=first)
        except BankRefused as refusal:
            return await self._record_refusal(params, refusal, asked)
        except BankError as error:
            if not error.retryable:
                await self._ask_for_credentials(params, error)
            METRICS.request_ended(SendOutcome.UNDELIVERED)
            log.info("request %s: %s", params.request_id, error)
            raise try_again(error) from error
        return await self._record_delivery(params, delivered, asked)

    async def _ask_for_credentials(self, params: SendHoldRequest, error: BankError) -> None:
        """Ask the desk once to correct our credentials. The request is retried, because that may happen at any time."""
        facts = TaskFacts(error=type(error).__name__)
        task = _task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_NOT_SENT, params.request_id, facts)
        async with case_transaction(self.ctx, params.case_no, ENGINE) as work:
            request = await requests.find(work.connection, UUID(params.request_id))
            if request is None or request.state in REQUEST_OVER:
                return
            for task_id in await work.ask(task, institution=params.institution):
                data = {"task_id": task_id, "kind": task.kind.value, "institution": params.institution}
                await work.log(EventKind.TASK_OPENED, **data)

    async def _record_delivery(self, params: SendHoldRequest, delivered: Delivered, asked: tuple[int, ...]) -> Sent:
        async with self.ctx.pool.acquire() as connection:
            first_delivery = await requests.delivered(
                connection,
                UUID(params.request_id),
                params.institution,
                delivered.job_id,
                delivered.channel,
                params.round,
                exchanges=delivered.exchanges,
            )
        if first_delivery:
            since = first_delivery.case_opened_at if first_delivery.first_of_case else None
            since_complaint_seconds = _since(since, first_delivery.at)
            METRICS.request_ended(SendOutcome.DELIVERED, since_complaint_seconds=since_complaint_seconds)
        return Sent(request_id=params.request_id, asked=asked, delivered=True)

    async def _record_refusal(self, params: SendHoldRequest, refusal: BankRefused, asked: tuple[int, ...]) -> Sent:
        """Record that the bank refuses the ticket.

        An officer must look at it, and the escalation continues meanwhile.
        """
        code, request_id = refusal.response_code, UUID(params.request_id)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.HOLD_REQUEST, request_id)
            work = await lock_case(self.ctx, connection, params.case_no, ENGINE)
            if not await requests.refused(connection, request_id, code, refusal.message):
                request = await requests.get_of_case(connection, params.case_no, request_id)
                return await _sent_before(connection, request)
            facts = TaskFacts(code=code)
            task = _task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_REFUSED, params.request_id, facts)
            await work.ask(task, institution=params.institution)
            data = {"request_id": params.request_id, "institution": params.institution, "refusal_code": code} | passed
            await work.log(EventKind.REQUEST_REFUSED, **data)
        METRICS.request_ended(SendOutcome.REFUSED)
        return Sent(request_id=params.request_id, asked=asked, delivered=False, refusal_code=code)

    # -- escalation ------------------------------------------------------------------------------------------------

    @activity.defn(name="escalate_request")
    async def escalate_request(self, params: Escalate) -> Escalated:
        """Perform one escalation level of a request and record it.

        A letter that cannot be sent (no mail route, no address, the server refuses) is recorded with its reason. The
        escalation continues, because the next level is a person.
        """
        async with self.ctx.pool.acquire() as connection:
            request = await requests.get(connection, UUID(params.request_id))
        if request is None:
            return Escalated(done=False, reason="not sent yet", unknown=True)
        if request.state in REQUEST_OVER:
            return Escalated(done=False, reason="answered", over=True)
        if _has_reached(request, params.level):
            escalated = Escalated(done=True)
        else:
            reminded = params.level is EscalationLevel.REMINDER and await self._remind(request)
            sent = (
                await self._send_letter(params)
                if params.level in {EscalationLevel.REMINDER, EscalationLevel.NODAL_OFFICER}
                else None
            )
            escalated = await self._record_level(params, Escalated(done=True) if reminded else sent)
        return escalated if escalated.over else await self._after_no_response(params, request, escalated)

    async def _after_no_response(
        self, params: Escalate, request: requests.RequestRow, escalated: Escalated
    ) -> Escalated:
        """Record that the delivering channel got no response, and report whether another channel should be tried."""
        if params.level is EscalationLevel.GIVE_UP or request.channel is None:
            return escalated
        message = HoldRequestMessage(request.request_id)
        go_on = await self.bank_delivery.next_after_no_response(message, params.institution, request.channel)
        return escalated.model_copy(update={"go_on": go_on})

    async def _remind(self, request: requests.RequestRow) -> bool:
        """Remind the bank over the channel that delivered the request, if the channel has a message for that."""
        if request.channel is None:
            return False
        async with self.ctx.pool.acquire() as connection:
            live = await requests.live_hops(connection, request.request_id)
        references = sorted({hop.reference for hop in live})
        # The same time for every attempt of this level, so that they all send one reminder.
        asked_at = activity.info().scheduled_time if activity.in_activity() else self.ctx.now()
        return await self.bank_delivery.remind(
            request.request_id, request.institution, request.channel, references, asked_at
        )

    async def _send_letter(self, params: Escalate) -> Escalated:
        institution = self.ctx.directory.current.get(params.institution)
        if self.mailer is None:
            return Escalated(done=False, reason="no mail route is set")
        if institution is None:
            return Escalated(done=False, reason="the institution is not in the directory")
        letter = await self._letter(params, institution)
        if not letter.to:
            return Escalated(done=False, reason="no address in the directory")
        letters = LetterSender(self.ctx, self.mailer, self.links, About.HOLD_REQUEST, page_text)
        failure = await letters.send(letter, UUID(params.request_id), params.institution)
        return Escalated(done=not failure, reason=failure or letter.remark)

    async def _letter(self, params: Escalate, institution: Institution) -> Letter:
        async with self.ctx.pool.acquire() as connection:
            request = await requests.get(connection, UUID(params.request_id))
            live = await requests.live_hops(connection, UUID(params.request_id))
        assert request is not None, "the caller has seen it"
        if params.level is EscalationLevel.REMINDER:
            return reminder_letter(institution, request, live)
        return nodal_letter(institution, request, live, self.ctx.policy.bank_holidays, self.ctx.now())

    async def _record_level(self, params: Escalate, letter: Escalated | None) -> Escalated:
        request_id = UUID(params.request_id)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.HOLD_REQUEST, request_id) if letter else {}
            work = await lock_case(self.ctx, connection, params.case_no, ENGINE)
            request = await requests.get(connection, request_id)
            assert request is not None, "the caller has seen it"
            if request.state in REQUEST_OVER:
                return Escalated(done=False, reason="answered", over=True)
            if _has_reached(request, params.level):
                return Escalated(done=True)
            await requests.escalate(connection, request_id, params.level, work.now)
            data: dict[str, Any] = {
                "request_id": params.request_id,
                "institution": params.institution,
                "level": params.level.value,
            }
            if letter:
                data |= {"sent": letter.done, "reason": letter.reason, **passed}
            await work.log(EventKind.LEVEL_REACHED, **data)
            if params.level is EscalationLevel.GIVE_UP:
                await write_off_request(work, request_id, "no bank answer in time")
            elif kind := _TASK_OF_LEVEL.get(params.level):
                task = _task(kind, TaskCause.REQUEST_SILENT, params.request_id)
                await work.ask(task, institution=params.institution)
        return letter or Escalated(done=True)

    # -- the end ---------------------------------------------------------------------------------------------------

    @activity.defn(name="settle_case")
    async def settle_case(self, params: SettleCase) -> Settled:
        """Close a case without money in play; otherwise return its open hops, unless its requests are paused."""
        async with case_transaction(self.ctx, params.case_no, ENGINE) as work:
            if await ledger.in_play_paise(work.connection, work.case_no):
                if await request_pauses.is_paused(work.connection, work.case_no, self.ctx.now()):
                    return Settled(settled=False)
                return Settled(settled=False, start=await cases.snapshot(work.connection, work.case_no))
            if await cases.settle(work.connection, work.case_no, work.now):
                await work.log(EventKind.CASE_SETTLED)
                # The trail is complete and no money is added, so the workflows of restorations are notified.
                await firs.notify_procedures(work.connection, work.case_no, [ProcedureKind.RESTORATION], work.now)
        return Settled(settled=True)


_TASK_OF_LEVEL = {EscalationLevel.DESK_TASK: TaskKind.PHONE_BANK, EscalationLevel.SUPERVISOR: TaskKind.SUPERVISE}


def _has_reached(request: requests.RequestRow, level: EscalationLevel) -> bool:
    """Return whether this escalation level was already reached. A late attempt must not lower it."""
    return request.level is not None and not request.level.is_below(level)


async def _result_without_call(
    connection: Connection,
    params: SendHoldRequest,
    request: requests.RequestRow | None,
    to_ask: Sequence[requests.HopToAsk],
) -> Sent | None:
    """Return the result if the bank need not be called, or None if it must be.

    `request` is the one written by an earlier attempt.
    """
    live_refs = [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in to_ask]
    out_of_step = await cases.out_of_step(connection, params, live_refs)
    if out_of_step:
        asked = tuple(hop.hop_no for hop in to_ask)
        return Sent(request_id=params.request_id, asked=asked, delivered=False, out_of_step=out_of_step)
    if request:
        delivered = request.delivered_at is not None and request.round >= params.round
        if delivered or request.state in REQUEST_OVER or request.refusal_code:
            return await _sent_before(connection, request)
    return None if to_ask else Sent(request_id=params.request_id, asked=(), delivered=False)


async def _sent_before(connection: Connection, request: requests.RequestRow) -> Sent:
    """Return the result of an earlier attempt that called the bank and whose result was lost."""
    live = await requests.live_hops(connection, request.request_id)
    return Sent(
        request_id=str(request.request_id),
        asked=tuple(hop.hop_no for hop in live),
        delivered=request.delivered_at is not None,
        refusal_code=request.refusal_code,
    )


def _count_sent(planned: requests.Planned, hops: Sequence[requests.HopToAsk]) -> None:
    """Record the delays of a request.

    They count from the complaint for a case's first request, and from the answer that opened its hops.
    """
    answered_at = min((hop.opened_at for hop in hops if hop.source is HopSource.ANSWER), default=None)
    METRICS.request_sent(
        since_complaint_seconds=_since(planned.case_opened_at if planned.first_of_case else None, planned.at),
        since_answer_seconds=_since(answered_at, planned.at),
    )


async def _ticket(
    ctx: Context, connection: Connection, params: SendHoldRequest, hops: list[requests.HopToAsk]
) -> HoldTicket:
    """Return the ticket for the wire. Hops with one reference are one incident, because the bank sees one transfer.

    A ticket describes one victim's payment. If the hops have several roots, the root of the largest hop is used.
    """
    most = max(hops, key=lambda hop: hop.disputed_paise)
    payment = await intake.payment_of_hop(connection, params.case_no, most.hop_no)
    weight = await requests.weight(connection, UUID(params.request_id))
    urgency = urgency_of(ctx, params.institution, weight.sent_at, weight.freshest_at, weight.largest_paise)
    incidents: dict[str, Incident] = {}
    for hop in hops:
        before = incidents.get(hop.reference_key)
        amount_paise = max(hop.amount_paise, before.amount_paise if before else 0)
        disputed_paise = hop.disputed_paise + (before.disputed_paise if before else 0)
        incidents[hop.reference_key] = Incident(
            amount_paise=amount_paise,
            rrn=hop.reference,
            transferred_at=hop.transferred_at,
            # A bank is never asked for more than the transfer that it finds by the reference.
            disputed_paise=min(disputed_paise, amount_paise),
            layer=hop.layer,
            hop_no=before.hop_no if before else hop.hop_no,
        )
    assert len(incidents) <= INCIDENTS_MAX, "the workflow bounds a request"
    return HoldTicket(
        request_id=UUID(params.request_id),
        ack_no=params.case_no,
        sub_category=payment.category,
        instrument=instrument_of(payment),
        incidents=tuple(incidents.values()),
        priority=urgency.priority,
        requested_at=urgency.requested_at,
        respond_by=urgency.respond_by,
    )


def _since(start: datetime | None, now: datetime) -> float | None:
    return None if start is None else (now - start).total_seconds()


def _task(kind: TaskKind, cause: TaskCause, request_id: str, facts: TaskFacts = NO_FACTS) -> NewTask:
    return NewTask(kind=kind, cause=cause, subject=about(TaskSubject.REQUEST, request_id), facts=facts)
