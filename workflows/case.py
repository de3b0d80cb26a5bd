"""One case: ask every bank that may still have the money, follow each answer, climb the ladder where there is none."""

import asyncio
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.freezing import FreezeHands
    from domain.priority import priority_key
    from schemas.enums import Rung
    from schemas.work import (
        CaseNews,
        CaseOutcome,
        CaseProgress,
        CaseStart,
        ClimbRung,
        HopBrief,
        HopRef,
        LadderRung,
        OpenRequest,
        SendHoldRequest,
        Sent,
        SettleCase,
    )
    from workflows import policies


def case_workflow_id(case_no: str) -> str:
    """The id of a case's workflow."""
    return f"case-{case_no}"


@workflow.defn
class CaseWorkflow:
    """The engine's work on one incident.

    It holds ids, amounts and enumerations; names, phones and accounts stay in PostgreSQL. What it is told may come
    twice, late or out of order: a hop counts by its revision, and the database has the last word on whether a hop is
    still to be asked.
    """

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case_no = start.case_no
        self._policy = start.policy
        self._wave_no = start.last_wave_no
        self._requests_sent = 0
        self._to_ask: dict[int, HopBrief] = {hop.hop_no: hop for hop in start.open_hops}
        self._parked: dict[int, int] = {hop.hop_no: hop.revision for hop in start.parked}
        self._live: dict[str, _Live] = {}
        self._done: dict[int, int] = {}
        """hops that need nothing more, by the revision that was closed"""
        self._resumed = start.requests
        self._leaving = False

    @workflow.run
    async def run(self, start: CaseStart) -> CaseOutcome:
        """Pursue the case until nothing is in play; then settle it."""
        for request in self._resumed:
            self._pursue(_Live(request))
        while True:
            await workflow.wait_condition(lambda: bool(self._to_ask) or self._nothing_open() or self._must_leave())
            if self._must_leave():
                await self._continue_as_new()
            elif self._to_ask:
                self._send_wave()
            elif await self._settle():
                return CaseOutcome(case_no=self._case_no, waves=self._wave_no, requests=self._requests_sent)

    # -- what the case is told -------------------------------------------------------------------------------------

    @workflow.signal
    def tell(self, news: CaseNews) -> None:
        """Take up what a bank's answer, another complaint or the desk has changed."""
        for ref in news.closed:
            self._close(ref)
        for ref in news.parked:
            self._park(ref)
        for hop in news.opened:
            self._open(hop)
        if news.escalate_request_id in self._live:
            self._live[news.escalate_request_id].hurry = True

    @workflow.query
    def progress(self) -> CaseProgress:
        """Where the case stands, in numbers and ids."""
        return CaseProgress(
            case_no=self._case_no,
            waves=self._wave_no,
            hops_to_ask=tuple(self._to_ask),
            hops_parked=tuple(self._parked),
            live_requests=tuple(self._live),
        )

    def _open(self, hop: HopBrief) -> None:
        if self._done.get(hop.hop_no, -1) >= hop.revision or self._is_asked(hop):
            return
        self._drop_older(hop.hop_no, hop.revision)
        self._to_ask[hop.hop_no] = hop

    def _close(self, ref: HopRef) -> None:
        self._done[ref.hop_no] = max(ref.revision, self._done.get(ref.hop_no, -1))
        self._drop_older(ref.hop_no, ref.revision + 1)

    def _park(self, ref: HopRef) -> None:
        if self._done.get(ref.hop_no, -1) >= ref.revision or self._known_revision(ref.hop_no) > ref.revision:
            return
        self._drop_older(ref.hop_no, ref.revision + 1)
        self._parked[ref.hop_no] = ref.revision

    def _drop_older(self, hop_no: int, revision: int) -> None:
        """Forget what was to be done about the hop before `revision`."""
        if hop_no in self._to_ask and self._to_ask[hop_no].revision < revision:
            del self._to_ask[hop_no]
        if self._parked.get(hop_no, revision) < revision:
            del self._parked[hop_no]
        for live in self._live.values():
            if live.hops.get(hop_no) is not None and live.hops[hop_no].revision < revision:
                del live.hops[hop_no]

    def _is_asked(self, hop: HopBrief) -> bool:
        return self._known_revision(hop.hop_no) >= hop.revision

    def _known_revision(self, hop_no: int) -> int:
        """The newest revision of a hop that is open here; -1 for none."""
        revisions = [live.hops[hop_no].revision for live in self._live.values() if hop_no in live.hops]
        if hop_no in self._to_ask:
            revisions.append(self._to_ask[hop_no].revision)
        return max(revisions, default=-1)

    # -- waves -----------------------------------------------------------------------------------------------------

    def _send_wave(self) -> None:
        """One request for every bank that has open hops; what does not fit into it goes with the next wave."""
        self._wave_no += 1
        by_bank: dict[str, list[HopBrief]] = {}
        for hop in self._to_ask.values():
            bank = by_bank.setdefault(hop.institution, [])
            if len(bank) < policies.MAX_HOPS_PER_REQUEST:
                bank.append(hop)
        for institution, hops in by_bank.items():
            for hop in hops:
                del self._to_ask[hop.hop_no]
            self._requests_sent += 1
            self._pursue(
                _Live(
                    OpenRequest(
                        request_id=request_id(self._case_no, self._wave_no, institution),
                        wave_no=self._wave_no,
                        institution=institution,
                        hops=tuple(hops),
                        delivered=False,
                        waiting_since=workflow.now(),
                    )
                )
            )

    def _pursue(self, live: "_Live") -> None:
        self._live[live.request.request_id] = live
        live.task = asyncio.create_task(self._pursue_request(live))

    async def _pursue_request(self, live: "_Live") -> None:
        """Send one request, and climb the ladder until it is answered or given up."""
        try:
            await self._deliver(live)
            for step in self._ladder(live):
                if not await self._silent(live, step.after_seconds):
                    break
                await self._climb(live, step.rung)
                if step.rung is Rung.GIVE_UP:
                    self._write_off(live)
                    break
                await self._deliver(live)
        finally:
            if not self._leaving:
                del self._live[live.request.request_id]

    async def _deliver(self, live: "_Live") -> None:
        """Put the request before the bank, unless it has it; that it cannot be done is what the ladder is for."""
        if live.delivered or not live.hops or self._leaving:
            return
        request = live.request
        try:
            sent: Sent = await workflow.execute_activity_method(
                FreezeHands.send_hold_request,
                SendHoldRequest(
                    case_no=self._case_no,
                    request_id=request.request_id,
                    wave_no=request.wave_no,
                    institution=request.institution,
                    hops=tuple(HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in live.hops.values()),
                ),
                task_queue=policies.BANK_CALLS_QUEUE,
                start_to_close_timeout=policies.BANK_CALL_ATTEMPT,
                schedule_to_close_timeout=policies.bank_call_for(self._policy),
                retry_policy=policies.bank_call_retry(self._policy),
                priority=policies.bank_call_priority(request.institution, self._priority_key(live)),
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("request %s was not delivered", request.request_id)
            return
        live.delivered = True
        live.waiting_since = workflow.now()
        live.hops = {hop_no: hop for hop_no, hop in live.hops.items() if hop_no in sent.asked}

    async def _silent(self, live: "_Live", after_seconds: float) -> bool:
        """Wait for the answer; true when it did not come within the rung's time, or a person would not wait."""
        due = live.waiting_since + timedelta(seconds=after_seconds)
        patience = max(due - workflow.now(), timedelta(0))
        try:
            await workflow.wait_condition(lambda: not live.hops or live.hurry or self._leaving, timeout=patience)
        except TimeoutError:
            return True
        if self._leaving or not live.hops:
            return False
        live.hurry = False
        return True

    async def _climb(self, live: "_Live", rung: Rung) -> None:
        await workflow.execute_activity_method(
            FreezeHands.climb_rung,
            ClimbRung(
                case_no=self._case_no,
                request_id=live.request.request_id,
                institution=live.request.institution,
                rung=rung,
            ),
            task_queue=policies.CASE_WORK_QUEUE,
            start_to_close_timeout=policies.MAIL_TIMEOUT,
            schedule_to_close_timeout=policies.RECORD_FOR,
            retry_policy=policies.RECORD_RETRY,
        )
        live.rung = rung
        live.waiting_since = workflow.now()

    def _write_off(self, live: "_Live") -> None:
        """Nobody will be asked again about these hops; the database has their money as untraced."""
        for hop in list(live.hops.values()):
            self._close(HopRef(hop_no=hop.hop_no, revision=hop.revision))

    def _ladder(self, live: "_Live") -> tuple[LadderRung, ...]:
        """The rungs above the last one climbed, for this class of bank."""
        first = next(iter(live.request.hops))
        ladder = self._policy.ladders[first.answer_class]
        if live.rung is None:
            return ladder
        climbed = [step.rung for step in ladder].index(live.rung)
        return ladder[climbed + 1 :]

    def _priority_key(self, live: "_Live") -> int:
        now, rules = workflow.now(), self._policy.priority
        return min(priority_key(rules, hop.transferred_at, hop.disputed_paise, now) for hop in live.hops.values())

    # -- the end ---------------------------------------------------------------------------------------------------

    def _nothing_open(self) -> bool:
        return not (self._to_ask or self._live or self._parked)

    async def _settle(self) -> bool:
        """Close the case; false when the database knows of money in play, which is then taken up."""
        settled = await workflow.execute_activity_method(
            FreezeHands.settle_case,
            SettleCase(case_no=self._case_no),
            task_queue=policies.CASE_WORK_QUEUE,
            start_to_close_timeout=policies.RECORD_TIMEOUT,
            schedule_to_close_timeout=policies.RECORD_FOR,
            retry_policy=policies.RECORD_RETRY,
        )
        if settled.start is not None:
            self._take_up(settled.start)
        return bool(settled.settled and self._nothing_open() and workflow.all_handlers_finished())

    def _take_up(self, start: CaseStart) -> None:
        for hop in start.open_hops:
            self._done.pop(hop.hop_no, None)
            self._open(hop)
        for ref in start.parked:
            self._parked[ref.hop_no] = ref.revision
        for request in start.requests:
            if request.request_id not in self._live and request.hops:
                self._pursue(_Live(request))

    def _must_leave(self) -> bool:
        info = workflow.info()
        long = info.is_continue_as_new_suggested() or info.get_current_history_length() > policies.CONTINUE_AFTER_EVENTS
        return long and not self._to_ask

    async def _continue_as_new(self) -> None:
        """Let every request come to rest, and go on in a fresh history with what is still open."""
        self._leaving = True
        await workflow.wait_condition(
            lambda: (
                all(live.task is None or live.task.done() for live in self._live.values())
                and workflow.all_handlers_finished()
            )
        )
        workflow.continue_as_new(
            CaseStart(
                case_no=self._case_no,
                policy=self._policy,
                last_wave_no=self._wave_no,
                open_hops=tuple(self._to_ask.values()),
                parked=tuple(HopRef(hop_no=no, revision=revision) for no, revision in self._parked.items()),
                requests=tuple(live.carried() for live in self._live.values() if live.hops),
            )
        )


class _Live:
    """A request that waits for its answer."""

    def __init__(self, request: OpenRequest) -> None:
        self.request = request
        self.hops = {hop.hop_no: hop for hop in request.hops}
        self.delivered = request.delivered
        self.rung = request.rung
        self.waiting_since = request.waiting_since
        self.hurry = False
        self.task: asyncio.Task[None] | None = None

    def carried(self) -> OpenRequest:
        """The request as the next run takes it up."""
        return self.request.model_copy(
            update={
                "hops": tuple(self.hops.values()),
                "delivered": self.delivered,
                "rung": self.rung,
                "waiting_since": self.waiting_since,
            }
        )


def request_id(case_no: str, wave_no: int, institution: str) -> str:
    """The same request has the same id however often it is planned."""
    return str(uuid5(NAMESPACE_URL, f"urn:goldenhour:request:{case_no}:{wave_no}:{institution}"))
