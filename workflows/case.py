"""One case: ask every bank that may still have the money, follow each answer, climb the ladder where there is none."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.tracing.hold_requests import CaseActivities
    from domain.banks.priority import priority_key
    from schemas.enums import Rung
    from schemas.outbox.case import (
        Astray,
        CaseNews,
        CaseOutcome,
        CaseProgress,
        CaseStart,
        Climbed,
        ClimbRung,
        HopBrief,
        HopRef,
        LadderRung,
        OpenRequest,
        SendHoldRequest,
        Sent,
        SettleCase,
    )
    from workflows import options
    from workflows.case_state import Caseload
    from workflows.timed_wait import holds_within


def case_workflow_id(case_no: str) -> str:
    """The id of a case's workflow."""
    return f"case-{case_no}"


@workflow.defn(name="CaseWorkflow")
class CaseWorkflow:
    """The engine's work on one incident.

    It holds ids, amounts and enumerations; names, phones and accounts stay in PostgreSQL. What it is told may come
    twice, late or out of order (`Caseload`), and the database has the last word on whether a hop is still to be asked.
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case_no = start.case_no
        self._policy = start.policy
        self._wave_no = start.last_wave_no
        self._requests_sent = start.requests_sent
        self._load = Caseload()
        self._pursuits: dict[str, _Pursuit] = {}
        self._more_hops = False
        self._leaving = False
        # Not in `run`: a signal may be handled before it begins, and must find what it speaks of.
        self._take_up(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        """Pursue the case until nothing is in play; then settle it."""
        while True:
            self._begin_pursuits()
            await workflow.wait_condition(
                lambda: self._load.has_to_ask or self._more_hops or self._nothing_open() or self._must_leave()
            )
            if self._load.has_to_ask:
                self._send_wave()
            elif self._must_leave():
                await self._continue_as_new()
            elif await self._settle():
                return CaseOutcome(case_no=self._case_no, waves=self._wave_no, requests=self._requests_sent)

    # -- what the case is told -------------------------------------------------------------------------------------

    @workflow.signal(name="tell")
    def tell(self, news: CaseNews) -> None:
        """Take up what a bank's answer, another complaint or the desk has changed."""
        self._load.tell(news)
        pursuit = self._pursuits.get(news.escalate_request_id or "")
        if pursuit and news.escalate_to:
            pursuit.escalate(news.escalate_to)

    @workflow.query(name="progress")
    def progress(self) -> CaseProgress:
        """Where the case stands, in numbers and ids."""
        return CaseProgress(
            case_no=self._case_no,
            waves=self._wave_no,
            hops_to_ask=tuple(hop.hop_no for hop in self._load.to_ask),
            hops_parked=tuple(ref.hop_no for ref in self._load.parked),
            live_requests=tuple(self._pursuits),
        )

    # -- waves -----------------------------------------------------------------------------------------------------

    def _send_wave(self) -> None:
        """One request for every bank that has open hops; what does not fit into it goes with the next wave."""
        self._wave_no += 1
        for institution, hops in self._load.next_wave(options.MAX_HOPS_PER_REQUEST).items():
            self._requests_sent += 1
            self._take_request(_planned(self._case_no, self._wave_no, institution, hops, workflow.now()))

    def _take_request(self, request: OpenRequest) -> None:
        # A request of a run that was lost has its number too: no wave of ours may bear it again.
        self._wave_no = max(self._wave_no, request.wave_no)
        self._load.ask(request.request_id, request.hops)
        self._pursuits[request.request_id] = _Pursuit(request)

    def _begin_pursuits(self) -> None:
        for pursuit in self._pursuits.values():
            if pursuit.task is None:
                pursuit.task = asyncio.create_task(self._pursue(pursuit))

    async def _pursue(self, pursuit: "_Pursuit") -> None:
        """Send one request, and climb the ladder until it is answered or given up."""
        try:
            await self._deliver(pursuit, options.bank_call_for(self._policy), options.bank_call_retry(self._policy))
            while step := self._next_rung(pursuit):
                if not await self._silent(pursuit, step):
                    return
                await self._climb(pursuit, step.rung)
            # Nobody will be asked again; the database has the money of these hops as untraced.
            self._load.finish(pursuit.request_id)
        finally:
            if not self._leaving:
                self._load.forget(pursuit.request_id)
                del self._pursuits[pursuit.request_id]

    async def _deliver(self, pursuit: "_Pursuit", patience: timedelta, retry: RetryPolicy) -> None:
        """Put the request before the bank, unless it has it; that it cannot be done is what the ladder is for.

        Trying ends early when the request is answered meanwhile, when a person will not wait, and when the history is
        left: the next run sends the same request again, under the same key.
        """
        while not (pursuit.delivered or pursuit.hurry or self._moot(pursuit)):
            sent = await self._send(pursuit, patience, retry)
            if sent is None:
                return
            self._load.keep_asking(pursuit.request_id, sent.asked)
            if sent.astray:
                self._take_up_astray(sent.astray)
            else:
                pursuit.delivered = True
                pursuit.waiting_since = workflow.now()

    async def _send(self, pursuit: "_Pursuit", patience: timedelta, retry: RetryPolicy) -> Sent | None:
        """Call the bank until it has the request; None when that ended before it had."""
        request = pursuit.request
        sending = workflow.start_activity_method(
            CaseActivities.send_hold_request,
            SendHoldRequest(
                case_no=self._case_no,
                request_id=request.request_id,
                wave_no=request.wave_no,
                institution=request.institution,
                hops=self._load.asked(request.request_id),
                round=pursuit.round,
            ),
            task_queue=options.BANK_CALLS_QUEUE,
            start_to_close_timeout=options.bank_call_attempt(self._policy),
            schedule_to_close_timeout=patience,
            retry_policy=retry,
            priority=options.bank_call_priority(request.institution, self._priority_key(request)),
            # An attempt under way is waited for: what the bank said must not be lost, and not be asked for twice.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        await workflow.wait_condition(lambda: sending.done() or self._moot(pursuit) or pursuit.hurry)
        if not sending.done():
            sending.cancel()
        try:
            return await sending
        except ActivityError as error:
            if not is_cancelled_exception(error):
                workflow.logger.warning("request %s was not delivered", request.request_id)
                pursuit.stay_away(options.stay_away(self._policy, error.cause))
            return None

    def _take_up_astray(self, astray: Astray) -> None:
        """A run that was lost has asked otherwise than this one would: go on from where the hops stand."""
        for hop in astray.open_hops:
            self._load.open(hop)
        for request in astray.requests:
            if request.request_id in self._pursuits:
                self._load.ask(request.request_id, request.hops)
            else:
                self._take_request(request)
        self._begin_pursuits()

    async def _silent(self, pursuit: "_Pursuit", step: LadderRung) -> bool:
        """Wait for the answer; true when it did not come within the rung's time, or a person would not wait."""
        if not pursuit.delivered:
            await self._try_on(pursuit, step)
        return await self._hears_nothing(pursuit, pursuit.left_of(step))

    async def _try_on(self, pursuit: "_Pursuit", step: LadderRung) -> None:
        """Try the bank that could not be reached until the rung is due: it may be back long before."""
        away = min(pursuit.not_before - workflow.now(), pursuit.left_of(step))
        if await self._hears_nothing(pursuit, max(away, timedelta(0))) and pursuit.left_of(step):
            patience = max(pursuit.left_of(step), options.BANK_CALL_MINIMUM)
            await self._deliver(pursuit, patience, options.patient_retry(self._policy))

    async def _hears_nothing(self, pursuit: "_Pursuit", wait: timedelta) -> bool:
        """Whether the request is still unanswered after `wait`, or when a person will not wait any longer."""
        await holds_within(lambda: self._moot(pursuit) or pursuit.hurry, wait)
        # Where there is nothing left to wait, or the answer comes with the last moment, the time is over all the same.
        return not self._moot(pursuit)

    async def _climb(self, pursuit: "_Pursuit", rung: Rung) -> None:
        climbed: Climbed = await workflow.execute_activity_method(
            CaseActivities.climb_rung,
            ClimbRung(
                case_no=self._case_no,
                request_id=pursuit.request_id,
                institution=pursuit.request.institution,
                rung=rung,
            ),
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.RECORD_FOR,
            retry_policy=options.RECORD_RETRY,
        )
        if climbed.unknown:
            pursuit.starts_over()
        else:
            pursuit.climbed(rung)
        if climbed.over:
            self._load.finish(pursuit.request_id)
        elif climbed.go_on:
            pursuit.go_another_way()

    def _moot(self, pursuit: "_Pursuit") -> bool:
        """Whether there is nothing to wait for any more, in this run at least."""
        return self._leaving or not self._load.waits(pursuit.request_id)

    def _next_rung(self, pursuit: "_Pursuit") -> LadderRung | None:
        """The rung above the last one climbed, for this class of bank; None above the last."""
        ladder = self._policy.ladders[pursuit.request.answer_class]
        if pursuit.rung is None:
            return ladder[0]
        climbed = [step.rung for step in ladder].index(pursuit.rung)
        return ladder[climbed + 1] if climbed + 1 < len(ladder) else None

    def _priority_key(self, request: OpenRequest) -> int:
        rules = self._policy.priority
        return priority_key(rules, request.freshest_at, request.largest_paise, workflow.now())

    # -- the end ---------------------------------------------------------------------------------------------------

    def _nothing_open(self) -> bool:
        return not (self._load.has_to_ask or self._load.has_parked or self._pursuits)

    async def _settle(self) -> bool:
        """Close the case; false when the database knows of money in play, which is then taken up."""
        settled = await workflow.execute_activity_method(
            CaseActivities.settle_case,
            SettleCase(case_no=self._case_no),
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.RECORD_TIMEOUT,
            schedule_to_close_timeout=options.RECORD_FOR,
            retry_policy=options.RECORD_RETRY,
        )
        if settled.settled:
            self._more_hops = False
            return self._nothing_open() and workflow.all_handlers_finished()
        if settled.start is not None:
            self._take_up(settled.start)
        if self._more_hops or self._nothing_open():
            await self._rest()
        return False

    async def _rest(self) -> None:
        """The database has money in play and nothing new to ask for it: look again in a moment, not at once."""
        self._begin_pursuits()
        await holds_within(lambda: self._load.has_to_ask, options.LOOK_AGAIN)

    def _take_up(self, start: CaseStart) -> None:
        """Take the database's word for what is open."""
        self._more_hops = start.more_hops
        for hop in start.open_hops:
            self._load.correct(hop.hop_no, hop.revision)
            self._load.open(hop)
        for ref in start.parked:
            self._load.correct(ref.hop_no, ref.revision)
            self._load.park(ref)
        for request in start.requests:
            if request.request_id not in self._pursuits and request.hops:
                for ref in request.hops:
                    self._load.correct(ref.hop_no, ref.revision)
                self._take_request(request)

    def _must_leave(self) -> bool:
        # The server's word, which stands in the history: a figure of ours could never be changed while cases run.
        return workflow.info().is_continue_as_new_suggested()

    async def _continue_as_new(self) -> None:
        """Let every request come to rest, and go on in a fresh history with what is still open."""
        self._leaving = True
        await workflow.wait_condition(
            lambda: (
                all(pursuit.task is None or pursuit.task.done() for pursuit in self._pursuits.values())
                and workflow.all_handlers_finished()
            )
        )
        workflow.continue_as_new(
            CaseStart(
                case_no=self._case_no,
                policy=self._policy,
                last_wave_no=self._wave_no,
                requests_sent=self._requests_sent,
                open_hops=self._load.to_ask,
                more_hops=self._more_hops,
                parked=self._load.parked,
                requests=tuple(
                    pursuit.carried(self._load.asked(request_id))
                    for request_id, pursuit in self._pursuits.items()
                    if self._load.waits(request_id)
                ),
            )
        )


class _Pursuit:
    """A request on its way to its answer: whether the bank has it, how far silence has climbed, and since when."""

    def __init__(self, request: OpenRequest) -> None:
        self.request = request
        self.request_id = request.request_id
        self.delivered = request.delivered
        self.rung = request.rung
        self.round = request.round
        self.waiting_since = request.waiting_since
        self.not_before = request.waiting_since
        """until then the bank is not called again"""
        self._escalated_to = request.escalated_to
        self.task: asyncio.Task[None] | None = None

    @property
    def hurry(self) -> bool:
        """Whether a person will not wait for the next rung."""
        to = self._escalated_to
        return to is not None and (self.rung is None or self.rung.stands_below(to))

    def left_of(self, step: LadderRung) -> timedelta:
        """What is left of the wait before a rung."""
        due = self.waiting_since + timedelta(seconds=step.after_seconds)
        return max(due - workflow.now(), timedelta(0))

    def stay_away(self, wait: timedelta) -> None:
        """The bank could not be reached: leave it alone for that long."""
        self.not_before = workflow.now() + wait

    def climbed(self, rung: Rung) -> None:
        """Silence has climbed to `rung`: the wait for the next begins."""
        self.rung = rung
        self.waiting_since = workflow.now()

    def go_another_way(self) -> None:
        """The bank did not hear it over one channel: it is to be carried over the next."""
        self.round += 1
        self.delivered = False
        self.not_before = workflow.now()

    def starts_over(self) -> None:
        """The database knows nothing of the request, so nobody was told anything: the wait begins anew."""
        self.waiting_since = workflow.now()
        self._escalated_to = None

    def escalate(self, to: Rung) -> None:
        """A person will not wait for the rung `to`; told again, or when it is climbed already, it is no news."""
        if self._escalated_to is None or self._escalated_to.stands_below(to):
            self._escalated_to = to

    def carried(self, hops: tuple[HopRef, ...]) -> OpenRequest:
        """The request as the next run takes it up."""
        return self.request.model_copy(
            update={
                "hops": hops,
                "delivered": self.delivered,
                "rung": self.rung,
                "round": self.round,
                "waiting_since": self.waiting_since,
                "escalated_to": self._escalated_to,
            }
        )


def _planned(case_no: str, wave_no: int, institution: str, hops: Sequence[HopBrief], now: datetime) -> OpenRequest:
    """A new request about these hops of one bank."""
    return OpenRequest(
        request_id=request_id(case_no, wave_no, institution),
        wave_no=wave_no,
        institution=institution,
        answer_class=hops[0].answer_class,
        hops=tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in hops),
        freshest_at=max(hop.transferred_at for hop in hops),
        largest_paise=max(hop.disputed_paise for hop in hops),
        delivered=False,
        waiting_since=now,
    )


def request_id(case_no: str, wave_no: int, institution: str) -> str:
    """The same request has the same id however often it is planned."""
    return str(uuid5(NAMESPACE_URL, f"urn:goldenhour:request:{case_no}:{wave_no}:{institution}"))
