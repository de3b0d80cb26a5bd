"""Sending of requests, and their stages."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from temporalio.exceptions import ApplicationError

from activities.banks.bodies import BodyOpener, sealer_of_case
from activities.banks.delivery import BankDelivery, Delivered, try_again
from activities.banks.letters import HoldRequestMessage
from activities.case.tickets import category_of, instrument_of, urgency_of
from activities.case.transaction import ENGINE, case_transaction, lock_case
from activities.context import Context
from activities.metrics import METRICS, SendOutcome
from adapters.banks.protocol import BankError, BankRefused, BankUnreachable, HoldTicket, Incident
from db.banks import bank_exchanges
from db.banks.bank_exchanges import SealedExchange
from db.case import requests
from db.case.requests import HopToAsk, ToSend
from db.privacy.body_keys import BodyState, CaseKey
from schemas.banks.keys import About
from schemas.case.case_workflow import BatchSent, RequestTimes, SendBatch, SendHoldRequest, Sent, Tried
from schemas.case.hold_requests import RequestStages
from schemas.enums import HopSource, RequestStage, RequestState, TaskKind
from schemas.events import EventKind
from schemas.tasks import NO_FACTS, NewTask, TaskCause, TaskFacts, TaskSubject, about


def note_stages(
    ctx: Context,
    request: ToSend,
    times: RequestTimes | None,
    called_at: datetime,
    delivered: Delivered,
    delivered_at: datetime,
) -> None:
    """Record the stages of a request at its first delivery. `called_at` counts for a channel without exchanges."""
    times = times or RequestTimes()
    moments = {
        RequestStage.RECEIVED: times.received_at,
        RequestStage.PLANNED: request.sent_at,
        RequestStage.COMMITTED: times.committed_at,
        RequestStage.WORKFLOW_BEGAN: times.workflow_began_at,
        RequestStage.SENT: delivered.exchanges[-1].at if delivered.exchanges else called_at,
        RequestStage.DELIVERED: delivered_at,
    }
    stages = RequestStages(
        request_id=request.request_id,
        kind=_kind(request),
        institution=request.institution,
        channel=delivered.channel,
        moments={stage: moment for stage, moment in moments.items() if moment is not None},
    )
    METRICS.request_stages(stages.kind, stages.steps())
    if ctx.trace is not None:
        ctx.trace(stages)


def _kind(request: ToSend) -> HopSource:
    """Return what caused the request, from its newest hop."""
    newest = max(request.hops, key=lambda hop: (hop.opened_at, hop.hop_no))
    return HopSource.DESK if newest.revision else newest.source


log = logging.getLogger(__name__)

REQUEST_OVER = frozenset({RequestState.ANSWERED, RequestState.STOPPED, RequestState.SUPERSEDED})


@dataclass(frozen=True)
class RequestSender:
    """Calls banks with planned requests, and records the results.

    Without `calls_banks` a batch calls none, and every request goes by the queue.
    """

    ctx: Context
    bank_delivery: BankDelivery
    calls_banks: bool = True

    async def send_batch(self, params: SendBatch) -> BatchSent:
        """Call the banks of these requests at once, each within a short limit."""
        request_ids = [UUID(request.request_id) for request in params.requests]
        rows = await self.read(self.ctx, request_ids)
        calls = [
            self._try(rows.get(request_id), request.times)
            for request_id, request in zip(request_ids, params.requests, strict=True)
        ]
        return BatchSent(tried=tuple(await asyncio.gather(*calls)))

    @staticmethod
    async def read(ctx: Context, request_ids: Sequence[UUID]) -> dict[UUID, ToSend]:
        """Return these requests as they are sent."""
        async with ctx.pool.acquire() as connection:
            return await requests.to_send(connection, request_ids)

    async def send(self, params: SendHoldRequest, *, first: bool) -> Sent:
        """Send one request; `first` at the first attempt to call its bank.

        Raises a retryable `ApplicationError` if the bank cannot be reached now.
        """
        request_id = UUID(params.request_id)
        request = (await self.read(self.ctx, [request_id])).get(request_id)
        if request is None:
            raise ApplicationError(f"no request {request_id}", type="NotFound", non_retryable=True)
        if sent := _sent_before(request, params.round):
            return sent
        called_at = self.ctx.now()
        if first:
            _count_sent(request, called_at)
        message = await self._message(request)
        try:
            delivered = await self.bank_delivery.deliver(message, params.institution)
        except BankRefused as refusal:
            return await self._record_refusal(request, refusal)
        except BankError as error:
            await self._note_failure(request, error)
            raise try_again(error) from error
        return await self._record_delivery(request, delivered, params.round, params.times, called_at)

    async def _message(self, request: ToSend) -> HoldRequestMessage:
        """Return the message to the bank, with the report that it may have under this key already.

        A bank may refuse another report under a key that it knows, and such a refusal is final.
        """
        ticket = _ticket(self.ctx, request)
        if request.was_called:
            async with self.ctx.pool.acquire() as connection:
                stored = await bank_exchanges.first_report(connection, request.request_id)
            opened = BodyOpener(self.ctx.persons)(stored) if stored else None
            if opened is not None and opened.state is BodyState.OPEN:
                ticket = replace(ticket, report_before=opened.content)
        return HoldRequestMessage(request.request_id, ticket)

    # -- steps of a batch ------------------------------------------------------------------------------------------

    async def _try(self, request: ToSend | None, times: RequestTimes | None) -> Tried:
        """Call the bank of one request if it can be called at once."""
        if request is None:
            raise ApplicationError("a request of the batch was never planned", type="NotFound", non_retryable=True)
        if sent := _sent_before(request, 0):
            return Tried(sent=sent)
        to_queue = Sent(request_id=str(request.request_id), asked=_asked(request), delivered=False)
        if not self.calls_banks:
            return Tried(sent=to_queue)
        message = await self._message(request)
        began = self.ctx.now()
        try:
            delivered = await self.bank_delivery.deliver_at_once(message, request.institution)
            if delivered is None:
                return Tried(sent=to_queue)
            _count_sent(request, began)
            return Tried(sent=await self._record_delivery(request, delivered, 0, times, began), called=True)
        except BankRefused as refusal:
            _count_sent(request, began)
            return Tried(sent=await self._record_refusal(request, refusal), called=True)
        except BankError as error:
            _count_sent(request, began)
            await self._note_failure(request, error)
            wait_seconds = error.retry_after_seconds if isinstance(error, BankUnreachable) else None
            return Tried(sent=to_queue, called=True, wait_seconds=wait_seconds)

    # -- results ---------------------------------------------------------------------------------------------------

    async def _note_failure(self, request: ToSend, error: BankError) -> None:
        if not error.retryable:
            await self._ask_for_credentials(request, error)
        METRICS.request_ended(SendOutcome.UNDELIVERED)
        log.info("request %s: %s", request.request_id, error)

    async def _ask_for_credentials(self, request: ToSend, error: BankError) -> None:
        """Ask the desk once to correct our credentials. The request is retried, because that may happen at any time."""
        facts = TaskFacts(error=type(error).__name__)
        task = request_task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_NOT_SENT, request.request_id, facts)
        async with case_transaction(self.ctx, request.case_no, ENGINE) as work:
            now = await requests.find(work.connection, request.request_id)
            if now is None or now.state in REQUEST_OVER:
                return
            for task_id in await work.ask(task, institution=request.institution):
                data = {"task_id": task_id, "kind": task.kind.value, "institution": request.institution}
                await work.log(EventKind.TASK_OPENED, **data)

    async def _record_delivery(
        self,
        request: ToSend,
        delivered: Delivered,
        round_no: int,
        times: RequestTimes | None,
        called_at: datetime,
    ) -> Sent:
        sealed = self._sealed(request, delivered)
        async with self.ctx.case_locks.held(request.case_no), self.ctx.pool.acquire() as connection:
            first_delivery = await requests.delivered(
                connection,
                request.request_id,
                request.institution,
                delivered.job_id,
                delivered.channel,
                round_no,
                exchanges=sealed,
            )
        if first_delivery:
            since = first_delivery.case_opened_at if first_delivery.first_of_case else None
            METRICS.request_ended(SendOutcome.DELIVERED, since_complaint_seconds=_since(since, first_delivery.at))
            if request.delivered_at is None:
                note_stages(self.ctx, request, times, called_at, delivered, first_delivery.at)
        return Sent(request_id=str(request.request_id), asked=_asked(request), delivered=True)

    def _sealed(self, request: ToSend, delivered: Delivered) -> list[SealedExchange]:
        """Return the exchanges of a delivery, sealed before the case is locked."""
        if not delivered.exchanges:
            return []
        sealer = sealer_of_case(self.ctx.persons, CaseKey(case_no=request.case_no, key=request.key))
        return [sealer.exchange(exchange) for exchange in delivered.exchanges]

    async def _record_refusal(self, request: ToSend, refusal: BankRefused) -> Sent:
        """Record that the bank refuses the ticket.

        An officer must look at it, and the escalation continues meanwhile.
        """
        code, request_id = refusal.response_code, request.request_id
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.HOLD_REQUEST, request_id)
            work = await lock_case(self.ctx, connection, request.case_no, ENGINE)
            if not await requests.refused(connection, request_id, code, refusal.message):
                now = (await requests.to_send(connection, [request_id]))[request_id]
                return Sent(
                    request_id=str(request_id),
                    asked=_asked(now),
                    delivered=now.delivered_at is not None,
                    refusal_code=now.refusal_code,
                )
            task = request_task(TaskKind.TICKET_REFUSED, TaskCause.REQUEST_REFUSED, request_id, TaskFacts(code=code))
            await work.ask(task, institution=request.institution)
            data = {"request_id": str(request_id), "institution": request.institution, "refusal_code": code} | passed
            await work.log(EventKind.REQUEST_REFUSED, **data)
        METRICS.request_ended(SendOutcome.REFUSED)
        return Sent(request_id=str(request_id), asked=_asked(request), delivered=False, refusal_code=code)


def request_task(kind: TaskKind, cause: TaskCause, request_id: UUID | str, facts: TaskFacts = NO_FACTS) -> NewTask:
    """Return a work item about a request."""
    return NewTask(kind=kind, cause=cause, subject=about(TaskSubject.REQUEST, str(request_id)), facts=facts)


def _asked(request: ToSend) -> tuple[int, ...]:
    return tuple(hop.hop_no for hop in request.hops)


def _sent_before(request: ToSend, round_no: int) -> Sent | None:
    """Return the result if the bank need not be called, or None if it must be.

    An earlier attempt may have called the bank, and its result was lost.
    """
    delivered = request.delivered_at is not None
    if (delivered and request.round >= round_no) or request.state in REQUEST_OVER or request.refusal_code:
        return Sent(
            request_id=str(request.request_id),
            asked=_asked(request),
            delivered=delivered,
            refusal_code=request.refusal_code,
        )
    return None if request.hops else Sent(request_id=str(request.request_id), asked=(), delivered=False)


def _count_sent(request: ToSend, now: datetime) -> None:
    """Record the delays of a request.

    They count from the complaint for a case's first request, and from the answer that opened its hops.
    """
    answered_at = min((hop.opened_at for hop in request.hops if hop.source is HopSource.ANSWER), default=None)
    METRICS.request_sent(
        since_complaint_seconds=_since(request.case_opened_at if request.first_of_case else None, now),
        since_answer_seconds=_since(answered_at, now),
    )


def _ticket(ctx: Context, request: ToSend) -> HoldTicket:
    """Return the ticket for the wire. Hops with one reference are one incident, because the bank sees one transfer."""
    payment = request.payment
    assert payment is not None, "a request with live hops has a payment"
    urgency = urgency_of(ctx, request.institution, request.sent_at, request.freshest_at, request.largest_paise)
    return HoldTicket(
        request_id=request.request_id,
        ack_no=request.case_no,
        sub_category=category_of(ctx, payment),
        instrument=instrument_of(ctx, payment),
        incidents=_incidents(request.hops),
        priority=urgency.priority,
        requested_at=urgency.requested_at,
        respond_by=urgency.respond_by,
        hold_until=urgency.hold_until,
    )


def _incidents(hops: Sequence[HopToAsk]) -> tuple[Incident, ...]:
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
    return tuple(incidents.values())


def _since(start: datetime | None, now: datetime) -> float | None:
    return None if start is None else (now - start).total_seconds()
