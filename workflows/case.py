"""Workflow of one case: ask every bank that may still have the money, process the answers, escalate without one."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.case.hold_requests import CaseActivities
    from domain.banks.channel_choice import priority_key
    from schemas.case.case_workflow import (
        BatchSent,
        CaseNews,
        CaseOutcome,
        CaseProgress,
        CaseStart,
        Escalate,
        Escalated,
        HopRef,
        OpenRequest,
        PlanRequests,
        RequestTimes,
        RequestToSend,
        SendBatch,
        SendHoldRequest,
        Sent,
        SettleCase,
        Tried,
    )
    from schemas.enums import EscalationLevel
    from schemas.procedures import LevelWait
    from workflows import options
    from workflows.case_state import CaseState
    from workflows.sweeps import Alarm


CASE_PREFIX = "case-"


def case_workflow_id(case_no: str) -> str:
    """Return the workflow id of a case."""
    return f"{CASE_PREFIX}{case_no}"


@workflow.defn(name="Case")
class CaseWorkflow:
    """Workflow of all work on one incident.

    The workflow holds ids, amounts and enumerations only. Names, phone numbers and accounts stay in PostgreSQL. Signals
    may arrive twice, late or out of order (`CaseState`). The transaction that opens hops plans the requests about them,
    so the workflow only has to send these.
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case_no = start.case_no
        self._policy = start.policy
        self._batch_no = start.last_batch_no
        self._requests_sent = start.requests_sent
        self._state = CaseState()
        self._alarm = Alarm()
        self._trackers: dict[str, _RequestTracker] = {}
        self._signals = 0
        self._continuing = False
        # Not in `run`, because a signal may be handled before `run` begins and needs this state.
        self._load_snapshot(start)

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        """Send requests until no money is in play, then close the case."""
        while True:
            self._start_trackers()
            await workflow.wait_condition(
                lambda: self._state.has_to_ask or self._nothing_open() or self._must_continue_as_new()
            )
            if self._must_continue_as_new():
                await self._continue_as_new()
            elif self._state.has_to_ask:
                await self._plan_requests()
            elif await self._settle():
                return CaseOutcome(case_no=self._case_no, batches=self._batch_no, requests=self._requests_sent)

    # -- signals and queries -------------------------------------------------------------------------------------------

    @workflow.signal(name="notify")
    def notify(self, news: CaseNews) -> None:
        """Signal: apply changes from a bank's answer, another complaint or the control-room desk."""
        self._signals += 1
        self._state.apply(news)
        self._adopt(news.requests)
        self._start_trackers()
        tracker = self._trackers.get(news.escalate_request_id or "")
        if tracker and news.escalate_to:
            tracker.escalate(news.escalate_to)

    @workflow.query(name="progress")
    def progress(self) -> CaseProgress:
        """Query: return the state of the case as counts and ids."""
        return CaseProgress(
            case_no=self._case_no,
            batches=self._batch_no,
            hops_to_ask=tuple(hop.hop_no for hop in self._state.to_ask),
            hops_parked=tuple(ref.hop_no for ref in self._state.parked),
            live_requests=tuple(self._trackers),
        )

    # -- batches: hold requests that are sent together -----------------------------------------------------------------

    async def _plan_requests(self) -> None:
        """Have requests planned for hops that were opened while requests were paused."""
        waiting = self._state.to_ask
        start: CaseStart = await workflow.execute_activity_method(
            CaseActivities.plan_requests,
            PlanRequests(case_no=self._case_no),
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.RECORD_TIMEOUT,
            schedule_to_close_timeout=options.RECORD_WINDOW,
            retry_policy=options.RECORD_RETRY,
        )
        self._state.drop(waiting)
        self._load_snapshot(start)
        if not set(waiting).isdisjoint(self._state.to_ask):
            await self._wait_for_recheck()

    def _adopt(self, requests: Iterable[OpenRequest]) -> None:
        """Add the requests that are not known yet."""
        last_batch_no = self._batch_no
        for request in requests:
            self._state.ask(request.request_id, request.hops)
            if request.request_id in self._trackers or not self._state.waits(request.request_id):
                continue
            self._batch_no = max(self._batch_no, request.batch_no)
            self._requests_sent += request.batch_no > last_batch_no
            self._trackers[request.request_id] = _RequestTracker(request)

    def _start_trackers(self) -> None:
        """Send the new requests as one batch, and track each."""
        new = [tracker for tracker in self._trackers.values() if tracker.task is None]
        if batch := [tracker for tracker in new if tracker.in_batch]:
            batch[0].batch = asyncio.create_task(self._send_batch(batch))
        for tracker in new:
            tracker.task = asyncio.create_task(self._track(tracker))

    async def _send_batch(self, batch: "Sequence[_RequestTracker]") -> None:
        """Call the banks of these requests at once. What is not delivered by that goes by the bank-calls queue."""
        try:
            sent: BatchSent = await workflow.execute_local_activity_method(
                CaseActivities.send_batch,
                SendBatch(
                    case_no=self._case_no,
                    requests=tuple(
                        RequestToSend(
                            request_id=tracker.request_id,
                            institution=tracker.request.institution,
                            times=tracker.times,
                        )
                        for tracker in batch
                    ),
                ),
                start_to_close_timeout=options.BATCH_TIMEOUT,
                retry_policy=options.NO_RETRY,
            )
            for tracker, tried in zip(batch, sent.tried, strict=True):
                self._note_tried(tracker, tried)
        except ActivityError:
            workflow.logger.warning("the requests of a batch go by the queue")
        finally:
            for tracker in batch:
                tracker.in_batch = False

    def _note_tried(self, tracker: "_RequestTracker", tried: Tried) -> None:
        self._state.keep_asking(tracker.request_id, tried.sent.asked)
        tracker.called = tried.called
        if tried.over:
            tracker.note_delivered()
        elif tried.wait_seconds is not None:
            tracker.pause_after_failure(timedelta(seconds=tried.wait_seconds))
        elif tried.called:
            tracker.first_retry_after = timedelta(seconds=self._policy.retry_initial_seconds)

    async def _track(self, tracker: "_RequestTracker") -> None:
        """Send one request, and escalate it until it is answered or the last level is passed."""
        try:
            await workflow.wait_condition(lambda: not tracker.in_batch)
            await self._deliver_after_pause(tracker)
            while step := self._next_level(tracker):
                if not await self._unanswered_for(tracker, step):
                    return
                await self._escalate(tracker, step.level)
            # No further level exists. The database already counts the money of these hops as untraced.
            self._state.finish(tracker.request_id)
        finally:
            if not self._continuing:
                self._state.forget(tracker.request_id)
                del self._trackers[tracker.request_id]

    async def _deliver_after_pause(self, tracker: "_RequestTracker") -> None:
        """Send the request by the queue after the pause that a failed call asks for.

        If the pause is longer than the window, the bank is called during the escalation instead.
        """
        window = options.bank_call_window(self._policy)
        pause = max(tracker.pause, tracker.first_retry_after)
        if pause < window and await self._unanswered_after(tracker, pause):
            await self._deliver(tracker, window - pause, options.bank_call_retry(self._policy))

    async def _deliver(self, tracker: "_RequestTracker", window: timedelta, retry: RetryPolicy) -> None:
        """Send the request to the bank by the queue, unless the bank already has it.

        Stops early if the request is answered, if an officer escalates, or if the workflow continues as new. The next
        run then sends the same request again, with the same idempotency key. If delivery fails, escalation continues.
        """
        if tracker.delivered or tracker.escalation_requested or self._needs_no_answer(tracker):
            return
        sent = await self._send(tracker, window, retry)
        if sent is not None:
            self._state.keep_asking(tracker.request_id, sent.asked)
            tracker.note_delivered()

    async def _send(self, tracker: "_RequestTracker", window: timedelta, retry: RetryPolicy) -> Sent | None:
        """Call the bank until it has the request; return None if the attempts end before that."""
        request = tracker.request
        sending = workflow.start_activity_method(
            CaseActivities.send_hold_request,
            SendHoldRequest(
                case_no=self._case_no,
                request_id=request.request_id,
                institution=request.institution,
                round=tracker.round,
                again=tracker.called,
                times=tracker.times,
            ),
            task_queue=options.BANK_CALLS_QUEUE,
            start_to_close_timeout=options.bank_call_attempt(self._policy),
            schedule_to_close_timeout=window,
            retry_policy=retry,
            priority=options.bank_call_priority(request.institution, self._priority_key(request)),
            # The workflow waits for an attempt that is running, because the bank's reply must neither be lost nor
            # requested twice.
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        tracker.called = True
        await workflow.wait_condition(
            lambda: sending.done() or self._needs_no_answer(tracker) or tracker.escalation_requested
        )
        if not sending.done():
            sending.cancel()
        try:
            return await sending
        except ActivityError as error:
            if not is_cancelled_exception(error):
                workflow.logger.warning("request %s was not delivered", request.request_id)
                tracker.pause_after_failure(options.pause_after_failure(self._policy, error.cause))
            return None

    async def _unanswered_for(self, tracker: "_RequestTracker", step: LevelWait) -> bool:
        """Return whether no answer came within the level's time, or an officer escalated."""
        if not tracker.delivered:
            await self._keep_trying(tracker, step)
        return await self._unanswered_after(tracker, tracker.time_left(step))

    async def _keep_trying(self, tracker: "_RequestTracker", step: LevelWait) -> None:
        """Keep trying an unreachable bank until the level is due, because the bank may be back earlier."""
        away = min(tracker.pause, tracker.time_left(step))
        if await self._unanswered_after(tracker, away) and tracker.time_left(step):
            window = max(tracker.time_left(step), options.BANK_CALL_MINIMUM)
            await self._deliver(tracker, window, options.slow_retry(self._policy))

    async def _unanswered_after(self, tracker: "_RequestTracker", wait: timedelta) -> bool:
        """Return whether the request is still unanswered after `wait`, or when an officer escalates."""
        if wait > timedelta(0):
            await self._alarm.holds_within(lambda: self._needs_no_answer(tracker) or tracker.escalation_requested, wait)
        # If no wait is left, or the answer comes at the last moment, the time still counts as over.
        return not self._needs_no_answer(tracker)

    async def _escalate(self, tracker: "_RequestTracker", level: EscalationLevel) -> None:
        result: Escalated = await workflow.execute_activity_method(
            CaseActivities.escalate_request,
            Escalate(
                case_no=self._case_no,
                request_id=tracker.request_id,
                institution=tracker.request.institution,
                level=level,
            ),
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.RECORD_WINDOW,
            retry_policy=options.RECORD_RETRY,
        )
        tracker.escalated(level)
        if result.over:
            self._state.finish(tracker.request_id)
        elif result.go_on:
            tracker.use_next_channel()

    def _needs_no_answer(self, tracker: "_RequestTracker") -> bool:
        """Return whether this run needs no answer to the request any more."""
        return self._continuing or not self._state.waits(tracker.request_id)

    def _next_level(self, tracker: "_RequestTracker") -> LevelWait | None:
        """Return the next escalation level for this class of bank, or None after the last."""
        ladder = self._policy.ladders[tracker.request.answer_class]
        if tracker.level is None:
            return ladder[0]
        reached = [step.level for step in ladder].index(tracker.level)
        return ladder[reached + 1] if reached + 1 < len(ladder) else None

    def _priority_key(self, request: OpenRequest) -> int:
        rules = self._policy.priority
        return priority_key(rules, request.freshest_at, request.largest_paise, workflow.now())

    # -- closing the case ----------------------------------------------------------------------------------------------

    def _nothing_open(self) -> bool:
        return not (self._state.has_to_ask or self._state.has_parked or self._trackers)

    async def _settle(self) -> bool:
        """Close the case; return False if the database knows of money in play, and load that work."""
        settled = await workflow.execute_activity_method(
            CaseActivities.settle_case,
            SettleCase(case_no=self._case_no),
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.RECORD_TIMEOUT,
            schedule_to_close_timeout=options.RECORD_WINDOW,
            retry_policy=options.RECORD_RETRY,
        )
        if settled.settled:
            return self._nothing_open() and workflow.all_handlers_finished()
        if settled.start is not None:
            self._load_snapshot(settled.start)
        if self._nothing_open():
            await self._wait_for_recheck()
        return False

    async def _wait_for_recheck(self) -> None:
        """Wait before the next check: the database has money in play, but no request can be sent now."""
        self._start_trackers()
        signals = self._signals
        await self._alarm.holds_within(lambda: self._signals > signals, options.SETTLE_RECHECK)

    def _load_snapshot(self, start: CaseStart) -> None:
        """Load the open hops, parked hops and requests from the database's snapshot."""
        for hop in start.open_hops:
            self._state.correct(hop.hop_no, hop.revision)
            self._state.open(hop)
        for ref in start.parked:
            self._state.correct(ref.hop_no, ref.revision)
            self._state.park(ref)
        for request in start.requests:
            if request.request_id not in self._trackers:
                for ref in request.hops:
                    self._state.correct(ref.hop_no, ref.revision)
        self._adopt(start.requests)

    def _must_continue_as_new(self) -> bool:
        # The server's suggestion is recorded in the history. A limit of our own could not change while cases run.
        return workflow.info().is_continue_as_new_suggested()

    async def _continue_as_new(self) -> None:
        """Stop tracking all requests, then continue in a new history with the work that is still open."""
        self._continuing = True
        await workflow.wait_condition(
            lambda: (
                all(tracker.task is None or tracker.task.done() for tracker in self._trackers.values())
                and workflow.all_handlers_finished()
            )
        )
        self._alarm.stop()
        workflow.continue_as_new(
            CaseStart(
                case_no=self._case_no,
                policy=self._policy,
                last_batch_no=self._batch_no,
                requests_sent=self._requests_sent,
                open_hops=self._state.to_ask,
                parked=self._state.parked,
                requests=tuple(
                    tracker.as_open_request(self._state.asked(request_id))
                    for request_id, tracker in self._trackers.items()
                    if self._state.waits(request_id)
                ),
            )
        )


class _RequestTracker:
    """State of one request: whether the bank has it, its escalation level, and when the current wait began."""

    def __init__(self, request: OpenRequest) -> None:
        self.request = request
        self.request_id = request.request_id
        self.delivered = request.delivered
        self.level = request.level
        self.round = request.round
        self.waiting_since = request.waiting_since
        self.not_before = request.waiting_since
        """the bank is not called again before this time"""
        self.times = request.times or RequestTimes()
        """for measurement only"""
        if self.times.workflow_began_at is None:
            self.times = self.times.model_copy(update={"workflow_began_at": workflow.now()})
        self._escalated_to = request.escalated_to
        self.called = False
        """whether the bank was called by this run"""
        self.first_retry_after = timedelta(0)
        """wait between the batch's call and the first one by the queue"""
        self.in_batch = not (request.delivered or request.level or request.round)
        """whether a batch calls the bank, and has not ended"""
        self.task: asyncio.Task[None] | None = None
        self.batch: asyncio.Task[None] | None = None
        """the sending of the batch whose first request this is"""

    @property
    def escalation_requested(self) -> bool:
        """Whether an officer has asked for a higher escalation level than the current one."""
        to = self._escalated_to
        return to is not None and (self.level is None or self.level.is_below(to))

    @property
    def pause(self) -> timedelta:
        """Return the time for which the bank is not called."""
        return max(self.not_before - workflow.now(), timedelta(0))

    def time_left(self, step: LevelWait) -> timedelta:
        """Return the time left before an escalation level is due."""
        due = self.waiting_since + timedelta(seconds=step.after_seconds)
        return max(due - workflow.now(), timedelta(0))

    def note_delivered(self) -> None:
        """Record that the bank has the request, or refuses it, and begin the wait for the answer."""
        self.delivered = True
        self.waiting_since = workflow.now()

    def pause_after_failure(self, wait: timedelta) -> None:
        """Make no call for `wait`, because the bank could not be reached."""
        self.not_before = workflow.now() + wait

    def escalated(self, level: EscalationLevel) -> None:
        """Record the escalation level `level` and begin the wait for the next level."""
        self.level = level
        self.waiting_since = workflow.now()

    def use_next_channel(self) -> None:
        """Deliver the request over the next channel, because the bank did not respond on the last one."""
        self.round += 1
        self.delivered = False
        self.not_before = workflow.now()

    def escalate(self, to: EscalationLevel) -> None:
        """Request escalation to level `to`. A repeated or lower level changes nothing."""
        if self._escalated_to is None or self._escalated_to.is_below(to):
            self._escalated_to = to

    def as_open_request(self, hops: tuple[HopRef, ...]) -> OpenRequest:
        """Return the request in the form in which the next run receives it."""
        return self.request.model_copy(
            update={
                "hops": hops,
                "delivered": self.delivered,
                "level": self.level,
                "round": self.round,
                "waiting_since": self.waiting_since,
                "escalated_to": self._escalated_to,
                "times": None if self.delivered else self.times,
            }
        )
