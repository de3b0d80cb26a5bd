"""The outbox sweep: sends unsent workflow notifications, and follows up cases and hops that have waited long enough."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import asyncpg
from temporalio import activity
from temporalio.service import RPCError, RPCStatusCode

from activities.case import call_backs as call_back_actions
from activities.case import hop_retries as retry_actions
from activities.case import parked_hops as correction_actions
from activities.case import parked_hops as parked_actions
from activities.context import Context
from activities.metrics import METRICS, SweepWork
from db.banks import bank_keys, bank_logins, reply_links
from db.case import bank_feeds, case_outbox, cases, hop_retries, ledger, parked_hops, telephone
from db.pool import Connection
from schemas.case.case_workflow import CaseNews, CaseStart, FollowUp, Swept

log = logging.getLogger(__name__)

SWEEP_LIMIT = 500
FAILURES_MAX = 5
"""After this many failures in a row the fault is Temporal's or PostgreSQL's, not a case's. The next sweep comes soon.
"""
SWEEP_AFTER = timedelta(seconds=2)
"""The process that wrote a younger row still sends it itself."""
RUSH_CASES = 20
"""cases without a workflow, from which changes of other cases wait longer, because first requests go first"""
NEWS_AFTER_IN_A_RUSH = timedelta(seconds=10)
"""age of a change from which the sweep sends it then"""
LOOK_AFTER = timedelta(minutes=15)
"""After this time without a sign of life, an open case's workflow is checked: somebody may have ended it by mistake."""
LOOK_AFTER_LIMIT = 50
"""cases per sweep; with a sweep every five seconds, 36,000 cases an hour"""
WAITING_LIMIT = 200
"""hops per sweep that are due, for each of the five actions on them; promised calls and orders of courts too"""
PURGE_LIMIT = 1_000
"""rows per sweep of each kind; with a sweep every five seconds, 200 a second"""
NONCE_LIMIT = 10_000
"""nonces per sweep; there are more of them, because every signed call has one, even a read"""
SKIP_FAILED_CASE = timedelta(minutes=1)
"""A case that failed is skipped for this time. So failing cases, however many, do not block the others."""
SKIP_AFTER_SERVER_ERROR = timedelta(seconds=10)
"""the same where a server failed: the next sweep begins with other cases"""

NotifyWorkflow = Callable[[FollowUp], Awaitable[None]]
OneCase = Callable[[], Awaitable[int]]
"""performs an action for one case and returns how many things it did"""

_SERVER_STATUSES = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }
)
_SERVER_ERRORS = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


@dataclass(frozen=True)
class OfCourts:
    """Orders or hearings of courts that the sweep attends to when they are due."""

    due: Callable[[Context, Connection, datetime, Sequence[str], int], Awaitable[list[tuple[str, list[int]]]]]
    """returns those that are due at a time, by case; without these cases, and at most so many"""
    attend: Callable[[Context, str, Sequence[int]], Awaitable[int]]
    """attends to those of one case, and returns how many changed"""


@dataclass(frozen=True)
class SweepActivities:
    """The activity of `SweepWorkflow`. `notify` starts or signals a workflow and marks the row as sent."""

    ctx: Context
    notify: NotifyWorkflow
    end_orders: OfCourts | None = None
    """without it no order of a court ends by itself"""
    tell_hearings: OfCourts | None = None
    """without it no officer is told of a hearing"""
    sweeps: int = 1
    """sweeps of one run"""
    every: timedelta = timedelta(0)
    """time from the beginning of one sweep to that of the next"""
    resting: dict[str, datetime] = field(default_factory=dict)
    """failed cases, each with the time until which this process skips it"""

    @activity.defn(name="sweep_outbox")
    async def sweep_outbox(self) -> Swept:
        """Send unsent notifications, oldest first; then follow up open cases and hops that wait for the desk.

        That is one sweep, and a run makes several. The run ends early if the worker is stopping. Slow sweeps may leave
        no time for the last ones. A case that fails is skipped for a while and delays no other case. Raises only when a
        server is unavailable.
        """
        loop = asyncio.get_running_loop()
        every_seconds = self.every.total_seconds()
        began = loop.time()
        swept = await _Sweep(self).run()
        for number in range(1, self.sweeps):
            if every_seconds and loop.time() >= began + self.sweeps * every_seconds:
                break
            if await _is_stopping(began + number * every_seconds - loop.time()):
                return swept.model_copy(update={"is_cut_short": True})
            swept = swept.with_next(await _Sweep(self).run())
        return swept


class _Sweep:
    """One sweep. Every action for a case runs through `_attempt`."""

    def __init__(self, of: SweepActivities) -> None:
        self._ctx = of.ctx
        self._tell = of.notify
        self._end_orders = of.end_orders
        self._tell_hearings = of.tell_hearings
        self._now = of.ctx.now()
        self._resting = resting = of.resting
        for case_no in [case_no for case_no, until in resting.items() if until <= self._now]:
            del resting[case_no]
        self._failed = 0
        self._server_failures = 0
        """since the last successful attempt"""
        self._is_rush = False

    async def run(self) -> Swept:
        """Run all actions, the most urgent first."""
        started, oldest_start = await self._start_unstarted_cases()
        signalled, oldest_news = await self._send_unsent()
        looked_after = await self._look_after_cases()
        raised = await self._raise()
        asked_again = await self._ask_again()
        routed = await self._route_again()
        written_off = await self._write_off()
        reminded = await self._remind()
        called = await self._attend_to_call_backs()
        orders_ended = await self._attend_to(SweepWork.COURT_ORDERS, self._end_orders)
        hearings_told = await self._attend_to(SweepWork.COURT_HEARINGS, self._tell_hearings)
        news_purged, guards_purged = await self._purge()
        return Swept(
            cases_started=started,
            news_signalled=signalled,
            cases_looked_after=looked_after,
            hops_raised=raised,
            hops_asked_again=asked_again,
            hops_routed=routed,
            hops_written_off=written_off,
            hops_reminded=reminded,
            call_backs_attended=called,
            court_orders_ended=orders_ended,
            hearings_told=hearings_told,
            news_purged=news_purged,
            guards_purged=guards_purged,
            failed=self._failed,
            oldest_age_seconds=max((self._now - min(oldest_start, oldest_news)).total_seconds(), 0.0),
        )

    # -- cases and their workflows ---------------------------------------------------------------------------------

    async def _start_unstarted_cases(self) -> tuple[int, datetime]:
        limit = SWEEP_LIMIT + len(self._resting)
        async with self._ctx.pool.acquire() as connection:
            young = await cases.not_started(connection, self._now, limit, self._now)
        self._is_rush = len(young) >= RUSH_CASES
        waiting = [(case_no, at) for case_no, at in young if at < self._now - SWEEP_AFTER]
        done = await self._each(SweepWork.START, [(case_no, partial(self._start, case_no)) for case_no, _ in waiting])
        return done, min((at for _, at in waiting), default=self._now)

    async def _send_unsent(self) -> tuple[int, datetime]:
        async with self._ctx.pool.acquire() as connection:
            after = NEWS_AFTER_IN_A_RUSH if self._is_rush else SWEEP_AFTER
            rows = await case_outbox.unsignalled(
                connection, self._now - after, list(self._resting), SWEEP_LIMIT, self._now
            )
        done = await self._each(SweepWork.NEWS, [(row.case_no, partial(self._send, row)) for row in rows])
        return done, min((row.created_at for row in rows), default=self._now)

    async def _look_after_cases(self) -> int:
        limit = LOOK_AFTER_LIMIT + len(self._resting)
        async with self._ctx.pool.acquire() as connection:
            unseen = await cases.not_seen(connection, self._now - LOOK_AFTER, limit, self._now)
        checks = [(case_no, partial(self._look_after, case_no)) for case_no in unseen]
        return await self._each(SweepWork.LOOK_AFTER, checks)

    async def _start(self, case_no: str) -> int:
        await self._tell(FollowUp(case_no=case_no, start=await self._snapshot(case_no)))
        return 1

    async def _send(self, row: case_outbox.Untold) -> int:
        await self._tell(FollowUp(case_no=row.case_no, news=row.news))
        return 1

    async def _look_after(self, case_no: str) -> int:
        """Start the workflow if none runs. A running one gets its hops again, because it may have missed them."""
        start = await self._snapshot(case_no)
        unsent = tuple(request for request in start.requests if not request.delivered)
        missed = CaseNews(news_id=0, requests=unsent, opened=start.open_hops, parked=start.parked)
        notification = missed if start.open_hops or unsent else None
        await self._tell(FollowUp(case_no=case_no, start=start, news=notification))
        return 1

    async def _snapshot(self, case_no: str) -> CaseStart:
        async with self._ctx.pool.acquire() as connection:
            return await cases.snapshot(connection, case_no)

    # -- hops that are due -----------------------------------------------------------------------------------------

    async def _raise(self) -> int:
        async with self._ctx.pool.acquire() as connection:
            due = await ledger.due(connection, list(self._resting), WAITING_LIMIT)
        return await self._for_each_case(SweepWork.RAISE, due, correction_actions.raise_hops)

    async def _ask_again(self) -> int:
        async with self._ctx.pool.acquire() as connection:
            due = await hop_retries.due(connection, self._now, list(self._resting), WAITING_LIMIT)
        return await self._for_each_case(SweepWork.ASK_AGAIN, due, retry_actions.ask_again)

    async def _remind(self) -> int:
        before = parked_actions.remind_before(self._ctx, self._now)
        async with self._ctx.pool.acquire() as connection:
            due = await parked_hops.to_remind(connection, before, list(self._resting), WAITING_LIMIT)
        return await self._for_each_case(SweepWork.REMIND, due, parked_actions.remind)

    async def _write_off(self) -> int:
        before = parked_actions.write_off_before(self._ctx, self._now)
        async with self._ctx.pool.acquire() as connection:
            due = await parked_hops.to_write_off(connection, before, list(self._resting), WAITING_LIMIT)
        return await self._for_each_case(SweepWork.WRITE_OFF, due, parked_actions.write_off)

    async def _route_again(self) -> int:
        async with self._ctx.pool.acquire() as connection:
            changed_at = await parked_hops.directory_changed_at(connection)
            if changed_at is None:
                return 0
            due = await parked_hops.to_look_up(connection, changed_at, list(self._resting), WAITING_LIMIT)
        if not due:
            return 0
        # This read comes after `changed_at`: a hop that is not found here need not be looked up before the next change.
        await self._ctx.directory.refresh()
        return await self._for_each_case(
            SweepWork.ROUTE, due, partial(parked_actions.route_again, changed_at=changed_at)
        )

    async def _for_each_case(
        self, work: SweepWork, due: parked_hops.DueHops, action: Callable[..., Awaitable[parked_actions.Done]]
    ) -> int:
        jobs = [(case_no, partial(self._work, action, case_no, hop_nos)) for case_no, hop_nos in due]
        return await self._each(work, jobs)

    async def _work(
        self, action: Callable[..., Awaitable[parked_actions.Done]], case_no: str, hop_nos: list[int]
    ) -> int:
        done = await action(self._ctx, case_no, hop_nos)
        for follow_up in done.follow_ups:
            await self._tell(follow_up)
        return done.hops

    # -- calls that banks promised ---------------------------------------------------------------------------------

    async def _attend_to_call_backs(self) -> int:
        times = call_back_actions.due_times(self._ctx, self._now)
        async with self._ctx.pool.acquire() as connection:
            due = await telephone.due(connection, times, list(self._resting), WAITING_LIMIT)
        return await self._for_each_case(SweepWork.CALL_BACKS, due, call_back_actions.attend)

    # -- orders and hearings of courts ---------------------------------------------------------------------------------

    async def _attend_to(self, work: SweepWork, of_courts: OfCourts | None) -> int:
        if of_courts is None:
            return 0
        async with self._ctx.pool.acquire() as connection:
            due = await of_courts.due(self._ctx, connection, self._now, list(self._resting), WAITING_LIMIT)
        jobs = [(case_no, partial(of_courts.attend, self._ctx, case_no, ids)) for case_no, ids in due]
        return await self._each(work, jobs)

    # -- purging ---------------------------------------------------------------------------------------------------

    async def _purge(self) -> tuple[int, int]:
        """Delete notifications sent long ago, and replay guards that can no longer match a repeat."""
        policy = self._ctx.policy
        async with self._ctx.pool.acquire() as connection:
            notifications = await case_outbox.purge(connection, self._ago(policy.outbox.keep_told_seconds), PURGE_LIMIT)
            ended = self._ago(policy.replay.keep_ended_links_seconds)
            links = await reply_links.purge(connection, ended, PURGE_LIMIT)
            keys = await bank_feeds.purge_keys(connection, self._ago(policy.replay.keep_feed_keys_seconds), PURGE_LIMIT)
            # A signature's time may be one window ahead of our clock, and stays valid for one window after that.
            usable = self._ago(2 * policy.signatures.window_seconds)
            nonces = await bank_keys.purge_nonces(connection, usable, NONCE_LIMIT)
            unused = self._ago(policy.replay.keep_login_addresses_seconds)
            addresses = await bank_logins.purge(connection, unused, PURGE_LIMIT)
        return notifications, links + keys + nonces + addresses

    def _ago(self, seconds: float) -> datetime:
        return self._now - timedelta(seconds=seconds)

    # -- isolation of cases ----------------------------------------------------------------------------------------

    async def _each(self, work: SweepWork, jobs: Iterable[tuple[str, OneCase]]) -> int:
        """Perform one action for each case in turn, and return how many things it did."""
        return sum([await self._attempt(work, case_no, do) for case_no, do in jobs])

    async def _attempt(self, work: SweepWork, case_no: str, do: OneCase) -> int:
        """Perform one action for one case. Returns 0 if it fails, or if the case failed shortly before."""
        if case_no in self._resting:
            return 0
        try:
            done = await do()
        except Exception as error:
            self._failed += 1
            METRICS.sweep_failed(work)
            log.warning("sweep: %s of case %s failed: %s", work, case_no, type(error).__name__)
            server = _is_server_error(error)
            self._resting[case_no] = self._now + (SKIP_AFTER_SERVER_ERROR if server else SKIP_FAILED_CASE)
            self._server_failures += server
            if self._server_failures >= FAILURES_MAX:
                raise
            return 0
        self._server_failures = 0
        return done


async def _is_stopping(wait_seconds: float) -> bool:
    """Wait so long, or until the worker of this activity begins to stop; return whether it does."""
    try:
        async with asyncio.timeout(max(wait_seconds, 0.0)):
            await activity.wait_for_worker_shutdown()
    except TimeoutError:
        return activity.is_worker_shutdown()
    return True


def _is_server_error(error: Exception) -> bool:
    """Return whether Temporal or PostgreSQL is unavailable, and so the case is not at fault."""
    if isinstance(error, RPCError):
        return error.status in _SERVER_STATUSES
    return isinstance(error, _SERVER_ERRORS)
