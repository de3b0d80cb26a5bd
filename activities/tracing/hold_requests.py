"""The hands of the freeze path: ask a bank, climb a rung, settle a case. Each may be run twice."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.banks.bank_messages import HoldRequestMessage
from activities.banks.delivery import BankDelivery, Delivered, try_again
from activities.banks.letters import Letter, LetterSender
from activities.cases.desk import write_off_request
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
from db.cases import cases, events, ledger, tasks
from db.cases.events import Event
from db.police import firs
from db.pool import Connection
from db.tracing import requests
from schemas.banks.exchanges import About
from schemas.banks.institutions import Institution
from schemas.enums import EventKind, HopSource, ProcedureKind, RequestState, Rung, TaskKind
from schemas.outbox.case import Climbed, ClimbRung, HopRef, SendHoldRequest, Sent, SettleCase, Settled
from schemas.tasks import NO_FACTS, NewTask, TaskCause, TaskFacts, TaskSubject, about

log = logging.getLogger(__name__)

ENGINE = "engine"
REQUEST_OVER = frozenset({RequestState.ANSWERED, RequestState.STOPPED, RequestState.SUPERSEDED})


@dataclass(frozen=True)
class CaseActivities:
    """The activities of `CaseWorkflow`. Without a `mailer` no letter is sent, without `links` a letter has none."""

    ctx: Context
    bank_delivery: BankDelivery
    mailer: Mailer | None
    links: LinkMaker | None = None

    # -- ask a bank ------------------------------------------------------------------------------------------------

    @activity.defn(name="send_hold_request")
    async def send_hold_request(self, order: SendHoldRequest) -> Sent:
        """Put one hold request before one bank.

        The request is written first, so that an answer that comes before the bank's own reply finds it; then the bank
        is called; then its job id is written. Run twice, it sends the same request under the same Idempotency-Key.
        A bank that cannot be reached raises a retryable error; one that refuses is an outcome.
        """
        request_id, now = UUID(order.request_id), datetime.now(UTC)
        async with self.ctx.pool.acquire() as connection:
            planned = await requests.plan(
                connection, request_id, order.case_no, order.wave_no, order.institution, order.hops, now
            )
            request = None if planned else await requests.find(connection, request_id)
            if not (planned or request):
                raise ApplicationError(f"no case {order.case_no}", type="NotFound", non_retryable=True)
            to_ask = await requests.live_hops(connection, request_id)
            if planned and to_ask:
                _count_sent(planned, to_ask, now)
            if sent := await _without_a_call(connection, order, request, to_ask):
                return sent
            ticket = await _ticket(self.ctx, connection, order, to_ask)
        return await self._call(order, ticket, tuple(hop.hop_no for hop in to_ask), first=planned is not None)

    async def _call(self, order: SendHoldRequest, ticket: HoldTicket, asked: tuple[int, ...], *, first: bool) -> Sent:
        try:
            message = HoldRequestMessage(UUID(order.request_id), ticket)
            delivered = await self.bank_delivery.deliver(message, order.institution, first=first)
        except BankRefused as refusal:
            return await self._record_refusal(order, refusal, asked)
        except BankError as error:
            if not error.retryable:
                await self._ask_for_credentials(order, error)
            METRICS.request_ended(SendOutcome.UNDELIVERED)
            log.info("request %s: %s", order.request_id, error)
            raise try_again(error) from error
        return await self._record_delivery(order, delivered, asked)

    async def _ask_for_credentials(self, order: SendHoldRequest, error: BankError) -> None:
        """The fault is ours: the desk is told once, and the request is tried on, for it may be mended any minute."""
        now, request_id = datetime.now(UTC), UUID(order.request_id)
        facts = TaskFacts(error=type(error).__name__)
        task = _task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_NOT_SENT, order.request_id, facts)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            request = await requests.find(connection, request_id)
            if request is None or request.state in REQUEST_OVER:
                return
            opened = await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
            if opened:
                data = {"task_id": opened[0], "kind": task.kind.value, "institution": order.institution}
                await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.TASK_OPENED, data)])

    async def _record_delivery(self, order: SendHoldRequest, delivered: Delivered, asked: tuple[int, ...]) -> Sent:
        now, request_id = datetime.now(UTC), UUID(order.request_id)
        async with self.ctx.pool.acquire() as connection:
            first_word = await requests.delivered(
                connection,
                request_id,
                order.institution,
                delivered.job_id,
                delivered.channel,
                order.round,
                now,
                delivered.exchanges,
            )
        if first_word:
            since = first_word.case_opened_at if first_word.first_of_case else None
            METRICS.request_ended(SendOutcome.DELIVERED, since_complaint_seconds=_since(since, now))
        return Sent(request_id=order.request_id, asked=asked, delivered=True)

    async def _record_refusal(self, order: SendHoldRequest, refusal: BankRefused, asked: tuple[int, ...]) -> Sent:
        """The bank will not take the ticket as it is: a person must look, and the ladder goes on meanwhile."""
        now = datetime.now(UTC)
        code = refusal.response_code
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.HOLD_REQUEST, UUID(order.request_id))
            await cases.hold(connection, order.case_no)
            if not await requests.refused(connection, UUID(order.request_id), code, refusal.message):
                request = await requests.get_of_case(connection, order.case_no, UUID(order.request_id))
                return await _sent_before(connection, request)
            facts = TaskFacts(code=code)
            task = _task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_REFUSED, order.request_id, facts)
            await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
            data = {"request_id": order.request_id, "institution": order.institution, "refusal_code": code} | passed
            await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.REQUEST_REFUSED, data)])
        METRICS.request_ended(SendOutcome.REFUSED)
        return Sent(request_id=order.request_id, asked=asked, delivered=False, refusal_code=code)

    # -- the ladder ------------------------------------------------------------------------------------------------

    @activity.defn(name="climb_rung")
    async def climb_rung(self, order: ClimbRung) -> Climbed:
        """Do what one rung of the ladder asks for, and write that it was done.

        A letter that cannot be sent (no mail route, no address, the server refuses) is written down with its reason,
        and the ladder goes on: the next rung is a person.
        """
        async with self.ctx.pool.acquire() as connection:
            request = await requests.get(connection, UUID(order.request_id))
        if request is None:
            return Climbed(done=False, reason="never sent", unknown=True)
        if request.state in REQUEST_OVER:
            return Climbed(done=False, reason="answered", over=True)
        if _has_climbed(request, order.rung):
            climbed = Climbed(done=True)
        else:
            chased = order.rung is Rung.REMINDER and await self._chase(request)
            sent = await self._write_letter(order) if order.rung in {Rung.REMINDER, Rung.NODAL_OFFICER} else None
            climbed = await self._record_rung(order, Climbed(done=True) if chased else sent)
        return climbed if climbed.over else await self._past_silence(order, request, climbed)

    async def _past_silence(self, order: ClimbRung, request: requests.RequestRow, climbed: Climbed) -> Climbed:
        """The channel that delivered the request was met with silence: the next is to carry it too."""
        if order.rung is Rung.GIVE_UP or request.channel is None:
            return climbed
        message = HoldRequestMessage(request.request_id)
        go_on = await self.bank_delivery.next_after_silence(message, order.institution, request.channel)
        return climbed.model_copy(update={"go_on": go_on})

    async def _chase(self, request: requests.RequestRow) -> bool:
        """Remind the bank over the channel that carried the request, where that has a message for it."""
        if request.channel is None:
            return False
        async with self.ctx.pool.acquire() as connection:
            live = await requests.live_hops(connection, request.request_id)
        references = sorted({hop.reference for hop in live})
        # The same for every attempt of this rung, so that they are one chaser.
        asked_at = activity.info().scheduled_time if activity.in_activity() else datetime.now(UTC)
        return await self.bank_delivery.chase(
            request.request_id, request.institution, request.channel, references, asked_at
        )

    async def _write_letter(self, order: ClimbRung) -> Climbed:
        institution = self.ctx.directory.current.get(order.institution)
        if self.mailer is None:
            return Climbed(done=False, reason="no mail route is set")
        if institution is None:
            return Climbed(done=False, reason="the institution is not in the directory")
        letter = await self._letter(order, institution)
        if not letter.to:
            return Climbed(done=False, reason="no address in the directory")
        letters = LetterSender(self.ctx, self.mailer, self.links, About.HOLD_REQUEST, page_text)
        failure = await letters.send(letter, UUID(order.request_id), order.institution)
        return Climbed(done=not failure, reason=failure or letter.remark)

    async def _letter(self, order: ClimbRung, institution: Institution) -> Letter:
        async with self.ctx.pool.acquire() as connection:
            request = await requests.get(connection, UUID(order.request_id))
            live = await requests.live_hops(connection, UUID(order.request_id))
        assert request is not None, "the caller has seen it"
        if order.rung is Rung.REMINDER:
            return reminder_letter(institution, request, live)
        return nodal_letter(institution, request, live, self.ctx.policy.bank_holidays, datetime.now(UTC))

    async def _record_rung(self, order: ClimbRung, letter: Climbed | None) -> Climbed:
        now, request_id = datetime.now(UTC), UUID(order.request_id)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.HOLD_REQUEST, request_id) if letter else {}
            await cases.hold(connection, order.case_no)
            request = await requests.get(connection, request_id)
            assert request is not None, "the caller has seen it"
            if request.state in REQUEST_OVER:
                return Climbed(done=False, reason="answered", over=True)
            if _has_climbed(request, order.rung):
                return Climbed(done=True)
            await requests.climb(connection, request_id, order.rung, now)
            data: dict[str, Any] = {
                "request_id": order.request_id,
                "institution": order.institution,
                "rung": order.rung.value,
            }
            if letter:
                data |= {"sent": letter.done, "reason": letter.reason, **passed}
            await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.RUNG_CLIMBED, data)])
            if order.rung is Rung.GIVE_UP:
                await write_off_request(connection, order.case_no, request_id, now, ENGINE, "nobody answered")
            elif kind := _TASK_OF_RUNG.get(order.rung):
                task = _task(kind, TaskCause.REQUEST_SILENT, order.request_id)
                await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
        return letter or Climbed(done=True)

    # -- the end ---------------------------------------------------------------------------------------------------

    @activity.defn(name="settle_case")
    async def settle_case(self, order: SettleCase) -> Settled:
        """Close a case in which nothing is in play; else say what is open."""
        now = datetime.now(UTC)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            if await ledger.in_play_paise(connection, order.case_no):
                return Settled(settled=False, start=await cases.snapshot(connection, order.case_no))
            if await cases.settle(connection, order.case_no, now):
                await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.CASE_SETTLED)])
                # The trail has been followed: nothing more is collected.
                await firs.tell_procedures(connection, order.case_no, [ProcedureKind.RESTORATION], now)
        return Settled(settled=True)


_TASK_OF_RUNG = {Rung.DESK_TASK: TaskKind.PHONE_BANK, Rung.SUPERVISOR: TaskKind.SUPERVISE}


def _has_climbed(request: requests.RequestRow, rung: Rung) -> bool:
    """Whether silence stands on that rung or above it: an attempt that comes late takes nobody down again."""
    return request.rung is not None and not request.rung.stands_below(rung)


async def _without_a_call(
    connection: Connection,
    order: SendHoldRequest,
    request: requests.RequestRow | None,
    to_ask: Sequence[requests.HopToAsk],
) -> Sent | None:
    """How sending ends where the bank need not be called; None where it must be. `request`: of an earlier attempt."""
    held = [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in to_ask]
    astray = await cases.astray(connection, order, held)
    if astray:
        asked = tuple(hop.hop_no for hop in to_ask)
        return Sent(request_id=order.request_id, asked=asked, delivered=False, astray=astray)
    if request:
        delivered = request.delivered_at is not None and request.round >= order.round
        if delivered or request.state in REQUEST_OVER or request.refusal_code:
            return await _sent_before(connection, request)
    return None if to_ask else Sent(request_id=order.request_id, asked=(), delivered=False)


async def _sent_before(connection: Connection, request: requests.RequestRow) -> Sent:
    """What an earlier attempt came to: the call was made, only its result was lost on the way."""
    live = await requests.live_hops(connection, request.request_id)
    return Sent(
        request_id=str(request.request_id),
        asked=tuple(hop.hop_no for hop in live),
        delivered=request.delivered_at is not None,
        refusal_code=request.refusal_code,
    )


def _count_sent(planned: requests.Planned, hops: Sequence[requests.HopToAsk], now: datetime) -> None:
    """Time a request that leaves: from the complaint for the case's first, from the answer that opened its hops."""
    answered_at = min((hop.opened_at for hop in hops if hop.source is HopSource.ANSWER), default=None)
    METRICS.request_sent(
        since_complaint_seconds=_since(planned.case_opened_at if planned.first_of_case else None, now),
        since_answer_seconds=_since(answered_at, now),
    )


async def _ticket(
    ctx: Context, connection: Connection, order: SendHoldRequest, hops: list[requests.HopToAsk]
) -> HoldTicket:
    """The ticket as the wire wants it. Hops with one reference are one incident: the bank sees one transfer.

    It describes one victim's payment: where the hops have several roots, that of the most money.
    """
    most = max(hops, key=lambda hop: hop.disputed_paise)
    payment = await intake.payment_of_hop(connection, order.case_no, most.hop_no)
    weight = await requests.weight(connection, UUID(order.request_id))
    urgency = urgency_of(ctx, order.institution, weight.sent_at, weight.freshest_at, weight.largest_paise)
    incidents: dict[str, Incident] = {}
    for hop in hops:
        before = incidents.get(hop.reference_key)
        disputed_paise = hop.disputed_paise + (before.disputed_paise if before else 0)
        incidents[hop.reference_key] = Incident(
            amount_paise=max(hop.amount_paise, disputed_paise),
            rrn=hop.reference,
            transferred_at=hop.transferred_at,
            disputed_paise=disputed_paise,
            layer=hop.layer,
            hop_no=before.hop_no if before else hop.hop_no,
        )
    assert len(incidents) <= INCIDENTS_MAX, "the workflow bounds a request"
    return HoldTicket(
        request_id=UUID(order.request_id),
        ack_no=order.case_no,
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
