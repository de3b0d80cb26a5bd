"""Activities of the case workflow: ask a bank, escalate a request, settle a case. Each may be repeated."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.banks.delivery import BankDelivery
from activities.banks.letters import HoldRequestMessage, Letter, LetterSender
from activities.case.answer_links import nodal_letter, page_text, reminder_letter
from activities.case.batches import plan_batch
from activities.case.hop_steps import write_off_request
from activities.case.request_sending import REQUEST_OVER, RequestSender, request_task
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction, lock_case, refuse_before
from activities.context import Context
from adapters.banks.email import LinkMaker
from adapters.messages.smtp import Mailer
from db.banks import bank_exchanges
from db.case import case_outbox, cases, hops, ledger, requests, telephone
from schemas.banks.institutions import Institution
from schemas.banks.keys import About
from schemas.case.case_workflow import (
    BatchSent,
    CaseStart,
    Escalate,
    Escalated,
    PlanRequests,
    SendBatch,
    SendHoldRequest,
    Sent,
    SettleCase,
    Settled,
)
from schemas.enums import EscalationLevel, HopState, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.tasks import TaskCause


@dataclass(frozen=True)
class CaseActivities:
    """The activities of `CaseWorkflow`.

    Without a `mailer` no letter is sent, and without `links` a letter has no link.
    """

    ctx: Context
    bank_delivery: BankDelivery
    mailer: Mailer | None
    links: LinkMaker | None = None
    calls_banks: bool = True
    """whether a batch calls banks from the process of its workflow"""

    @cached_property
    def sender(self) -> RequestSender:
        """The sender of planned requests."""
        return RequestSender(self.ctx, self.bank_delivery, calls_banks=self.calls_banks)

    # -- ask banks -------------------------------------------------------------------------------------------------

    @activity.defn(name="plan_requests")
    async def plan_requests(self, params: PlanRequests) -> CaseStart:
        """Plan requests for hops under no request yet; return the case as it then stands."""
        async with case_transaction(self.ctx, params.case_no, ENGINE) as work:
            opened = await hops.briefs(work.connection, work.case_no, HopState.OPEN, cases.MAX_OPEN_HOPS_A_START)
            await plan_batch(work, opened)
            return await cases.snapshot(work.connection, work.case_no)

    @activity.defn(name="send_batch")
    async def send_batch(self, params: SendBatch) -> BatchSent:
        """Call the banks of new requests at once; return what became of each request.

        It runs as a local activity, so a bank has its request one round trip after the commit. A bank that is slow,
        unreachable or at its limit is left to `send_hold_request`.
        """
        return await self.sender.send_batch(params)

    @activity.defn(name="send_hold_request")
    async def send_hold_request(self, params: SendHoldRequest) -> Sent:
        """Send one planned request to one bank.

        The request is written before, because an answer may come before the bank's own reply. A repeated run sends the
        same request under the same Idempotency-Key. A bank that cannot be reached raises a retryable error; a refusal
        is a result.
        """
        return await self.sender.send(params, first=not params.again and _attempt() == 1)

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
            raise ApplicationError(f"no request {params.request_id}", type="NotFound", non_retryable=True)
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
            if params.level is EscalationLevel.GIVE_UP:
                await _refuse_early_end(work, request)
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
                await _ask_person(work, kind, request)
        return letter or Escalated(done=True)

    # -- the end ---------------------------------------------------------------------------------------------------

    @activity.defn(name="settle_case")
    async def settle_case(self, params: SettleCase) -> Settled:
        """Close a case without money in play; otherwise return its open hops, unless its requests are paused."""
        async with case_transaction(self.ctx, params.case_no, ENGINE) as work:
            if await ledger.in_play_paise(work.connection, work.case_no):
                if await cases.is_paused(work.connection, work.case_no, self.ctx.now()):
                    return Settled(settled=False)
                return Settled(settled=False, start=await cases.snapshot(work.connection, work.case_no))
            if await cases.settle(work.connection, work.case_no, work.now):
                await work.log(EventKind.CASE_SETTLED)
                # The trail is complete and no money is added, so the workflows of restorations are notified.
                await case_outbox.notify_procedures(
                    work.connection, work.case_no, [ProcedureKind.RESTORATION], work.now
                )
        return Settled(settled=True)


_LAST: Final = EscalationLevel.GIVE_UP
_TASK_OF_LEVEL = {EscalationLevel.DESK_TASK: TaskKind.PHONE_BANK, EscalationLevel.SUPERVISOR: TaskKind.SUPERVISE}


async def _ask_person(work: CaseTransaction, kind: TaskKind, request: requests.RequestRow) -> None:
    """Open the work item of an escalation level. A bank that has promised to call back is not telephoned before."""
    if kind is TaskKind.PHONE_BANK and await telephone.waits(work.connection, request.request_id, work.now):
        return
    task = request_task(kind, TaskCause.REQUEST_SILENT, request.request_id)
    await work.ask(task, institution=request.institution)


async def _refuse_early_end(work: CaseTransaction, request: requests.RequestRow) -> None:
    """Refuse to give up a request before its time is over by the database's clock.

    Money that is written off is looked for no more, and a wrong clock or a stranger at Temporal may ask for it. The
    shortest time of the case's frozen policy counts, since the last level.
    """
    policy = await cases.policy_of(work.connection, work.case_no)
    waits = [step.after_seconds for ladder in policy.ladders.values() for step in ladder if step.level is _LAST]
    since = request.level_at or request.sent_at
    refuse_before(since + timedelta(seconds=min(waits, default=0)), work.now)


def _has_reached(request: requests.RequestRow, level: EscalationLevel) -> bool:
    """Return whether this escalation level was already reached. A late attempt must not lower it."""
    return request.level is not None and not request.level.is_below(level)


def _attempt() -> int:
    """Return the number of this attempt, counted from 1."""
    return activity.info().attempt if activity.in_activity() else 1
