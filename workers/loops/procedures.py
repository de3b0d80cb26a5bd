"""Procedure starter: opens procedures for holds, assigns officers, attends to the due list, and notifies workflows.

It decides nothing: the rows are the outbox and the due list. The database notifies it of new work, and a check every
few seconds finds anything missed. Doing the work twice is harmless. While the golden hour is busy all of it is
deferred, for a limited time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import asyncpg
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities import isolation
from activities.context import Context
from activities.metrics import METRICS, ProcedureStarterWork
from activities.recovery import hold_lifecycle
from activities.recovery.assignments import Assigner, DueList, look_for_left, read_roster
from db.case import case_outbox
from db.case.case_outbox import Deferral, DueCase, Waiting, read_deferral
from db.pool import Connection
from db.rate_limits import kept_alive, try_to_lock
from db.recovery import account_holds, due_documents
from db.work_items import case_assignments
from schemas.enums import ProcedureKind
from workflows import options

log = logging.getLogger(__name__)

CHECK_EVERY_SECONDS: Final = 5.0
"""time between two checks without a notification"""
GATHER_SECONDS: Final = 0.25
"""a burst of holds or of changes is handled together"""
CHECK_DEFERRED_SECONDS: Final = 1.0
"""time between two rounds while the golden hour is busy, whatever the database announces"""
ROUND_LIMIT: Final = 20
"""Cases or workflows per round of each kind of work. A short round soon sees that the golden hour is busy."""
AT_ONCE: Final = 4
"""cases or workflows of one kind of work at once while no request and no answer came in the last seconds"""
UNSEEN_FOR: Final = timedelta(days=1)
"""a procedure whose workflow was not seen for this long is started again, because it may have been ended by mistake"""
UNSEEN_LIMIT: Final = 50
LEFT_LIMIT: Final = 200
"""cases of officers who left them, per look"""
PURGE_LIMIT: Final = 1_000
FAILED_CASE_PAUSE: Final = timedelta(minutes=1)
"""a failed case is not retried before this, and delays no other case"""
RPC_TIMEOUT: Final = timedelta(seconds=5)
SERVERS_AWAY: Final = (RPCError, *isolation.SERVERS_AWAY)
"""no fault of a case: the round ends"""
TRANSIENT: Final = (*SERVERS_AWAY, RuntimeError, asyncpg.PostgresError)
"""The next round may go well after these. No case is known that could rest, so every error of PostgreSQL counts.
A lazy client raises RuntimeError when its first connection fails."""

WORKFLOWS: Final = {
    ProcedureKind.RESTORATION: "RestorationWorkflow",
    ProcedureKind.GRIEVANCE: "GrievanceWorkflow",
    ProcedureKind.ORDER: "OrderWorkflow",
}


@dataclass
class ProcedureStarter:
    """Starts procedures in one process. One of several processes works; the others wait to replace it."""

    ctx: Context
    client: Client
    appeal_address: str = ""
    """the address for appeals in messages to account holders; "" if none is configured"""
    _paused: dict[str, datetime] = field(default_factory=dict)
    """by failed case: the time before which it is not retried"""
    _left_looked_at: datetime | None = None
    """when it looked last for officers who left their cases"""
    _is_deferred: bool = False
    """whether the golden hour was busy in the last round"""

    async def work(self) -> None:
        """Work until the connection is lost, or not at all if another process works.

        Raises the error of an unavailable database.
        """
        async with self.ctx.pool.acquire() as connection:
            if await try_to_lock(connection, case_outbox.WATCH_LOCK):
                await self._watch(connection)

    @property
    def _gather_time(self) -> timedelta:
        """Time to gather the holds of a case that is still tracked, so that they are handled together."""
        return timedelta(
            seconds=self.ctx.policy.background_priority.open_for_new_holds_after_seconds / self.ctx.clock_factor
        )

    @property
    def _defer_max(self) -> timedelta:
        """The longest deferral of the work of every case."""
        return self.ctx.policy.background_priority.defer_max(self.ctx.procedure_clock_factor)

    async def run_once(self) -> int:
        """Run one round; return how many procedures changed. Raises the error of an unavailable server."""
        now = self.ctx.now()
        for case_no in [case_no for case_no, until in self._paused.items() if until <= now]:
            del self._paused[case_no]
        # The deferral is read for each kind of work, because one kind makes work of the next.
        done = await self._open_for_holds(await self._read_deferral())
        done += await self._assign(await self._read_deferral())
        done += await self._attend_to_due(await self._read_deferral())
        done += await self._start(await self._read_deferral())
        deferral = await self._read_deferral()
        done += await self._notify(deferral)
        self._is_deferred = deferral.is_on
        if not deferral.is_on:
            await self._restart_unseen(now, deferral)
            await self._purge(now)
        return done

    async def _read_deferral(self) -> Deferral:
        # Banks answer by the clock of the trail, so a case with a request at a bank waits by that clock.
        for_traced = self._defer_max / max(1.0, self.ctx.clock_factor)
        async with self.ctx.pool.acquire() as connection:
            quiet = self.ctx.policy.background_priority.quiet()
            return await read_deferral(connection, quiet, self._defer_max, for_traced)

    async def _watch(self, connection: Connection) -> None:
        """Run a round whenever the database notifies, until the connection is lost."""
        woken = asyncio.Event()
        lost = asyncio.Event()
        # Work gathered for less than a moment is found at the database's next notification.
        gather_seconds = self._gather_time.total_seconds()
        check_every_seconds = (
            min(CHECK_EVERY_SECONDS, gather_seconds) if gather_seconds > GATHER_SECONDS else CHECK_EVERY_SECONDS
        )

        def on_notification(_connection: object, _pid: int, _channel: str, _payload: object) -> None:
            woken.set()

        def on_lost(_connection: object) -> None:
            lost.set()
            woken.set()

        connection.add_termination_listener(on_lost)
        await connection.add_listener(case_outbox.STARTER_CHANNEL, on_notification)
        try:
            async with kept_alive(connection):
                while not lost.is_set():
                    woken.clear()
                    done = await self._run_patiently()
                    # A limit counts rows, and a case may have several, so a round below it may have left some.
                    if done and (done >= ROUND_LIMIT or not self._is_deferred):
                        continue
                    if self._is_deferred:
                        await asyncio.sleep(min(CHECK_DEFERRED_SECONDS, self._defer_max.total_seconds()))
                    try:
                        async with asyncio.timeout(await self._pause_seconds(check_every_seconds)):
                            await woken.wait()
                        await asyncio.sleep(GATHER_SECONDS)
                    except TimeoutError:
                        continue
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(on_lost)
                await connection.remove_listener(case_outbox.STARTER_CHANNEL, on_notification)

    async def _pause_seconds(self, check_every_seconds: float) -> float:
        """Return the time until the next round, if the database announces nothing before."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            due_at = await due_documents.next_due_at(connection, now)
        longest, deferred = check_every_seconds, timedelta(0)
        if self._is_deferred:
            longest, deferred = min(longest, CHECK_DEFERRED_SECONDS), self._defer_max
        return longest if due_at is None else min(longest, (due_at + deferred - now).total_seconds())

    async def _run_patiently(self) -> int:
        try:
            return await self.run_once()
        except TRANSIENT as error:
            log.warning("the procedure starter waits: %s", type(error).__name__)
            return 0

    # -- work to do ----------------------------------------------------------------------------------------------------

    async def _open_for_holds(self, deferral: Deferral) -> int:
        held_before = deferral.now - self._gather_time
        async with self.ctx.pool.acquire() as connection:
            waiting = await account_holds.cases_with_new_holds(
                connection, deferral, held_before, list(self._paused), ROUND_LIMIT
            )
        open_for_new_holds = partial(hold_lifecycle.open_for_new_holds, self.ctx)
        return await self._each_case(ProcedureStarterWork.OPEN_FOR_NEW_HOLDS, waiting, deferral, open_for_new_holds)

    async def _assign(self, deferral: Deferral) -> int:
        async with self.ctx.pool.acquire() as connection:
            if not deferral.is_on:
                await self._look_for_left(connection, deferral.now)
            waiting = await case_assignments.due(connection, deferral, list(self._paused), ROUND_LIMIT)
            if not waiting:
                return 0
            roster = await read_roster(connection, [case.case_no for case in waiting], deferral.now)
        return await self._each_case(ProcedureStarterWork.ASSIGN, waiting, deferral, Assigner(self.ctx, roster).attend)

    async def _look_for_left(self, connection: Connection, now: datetime) -> None:
        pause = timedelta(seconds=self.ctx.policy.assignment.officers_seconds / self.ctx.procedure_clock_factor)
        if self._left_looked_at is not None and self._left_looked_at <= now < self._left_looked_at + pause:
            return
        looked_at = await look_for_left(self.ctx, connection, now, LEFT_LIMIT)
        # As many as the limit: there may be more, and the next round looks again.
        self._left_looked_at = None if looked_at == LEFT_LIMIT else now

    async def _attend_to_due(self, deferral: Deferral) -> int:
        async with self.ctx.pool.acquire() as connection:
            waiting = await due_documents.due_cases(connection, deferral, list(self._paused), ROUND_LIMIT)
        attend = DueList(self.ctx, self.appeal_address).attend
        return await self._each_case(ProcedureStarterWork.ATTEND, waiting, deferral, attend)

    async def _start(self, deferral: Deferral) -> int:
        async with self.ctx.pool.acquire() as connection:
            waiting = await case_outbox.to_start(connection, deferral, list(self._paused), ROUND_LIMIT)
        return await self._each(ProcedureStarterWork.START, waiting, deferral)

    async def _notify(self, deferral: Deferral) -> int:
        async with self.ctx.pool.acquire() as connection:
            waiting = await case_outbox.to_notify(connection, deferral, list(self._paused), ROUND_LIMIT)
        return await self._each(ProcedureStarterWork.NOTIFY, waiting, deferral)

    async def _restart_unseen(self, now: datetime, deferral: Deferral) -> None:
        async with self.ctx.pool.acquire() as connection:
            waiting = await case_outbox.not_seen(connection, now - UNSEEN_FOR, list(self._paused), UNSEEN_LIMIT)
        await self._each(ProcedureStarterWork.LOOK_AFTER, waiting, deferral)

    async def _purge(self, now: datetime) -> None:
        before = now - timedelta(seconds=self.ctx.policy.outbox.keep_told_seconds)
        async with self.ctx.pool.acquire() as connection:
            await case_outbox.purge_procedure_news(connection, before, PURGE_LIMIT)

    # -- one case must not delay the others ----------------------------------------------------------------------------

    async def _each_case(
        self,
        work: ProcedureStarterWork,
        waiting: list[DueCase],
        deferral: Deferral,
        do: Callable[..., Awaitable[int]],
    ) -> int:
        """Do one piece of work for each case; return for how many it succeeded.

        Only overdue work waits for the lock of its case.
        """
        tries = [
            partial(
                self._attempt,
                work,
                case.case_no,
                partial(do, case.case_no, wait=case.since <= deferral.overdue, since=case.since),
            )
            for case in waiting
        ]
        return await _count_done(tries, deferral)

    async def _each(self, work: ProcedureStarterWork, waiting: list[Waiting], deferral: Deferral) -> int:
        """Start or signal each procedure, in one call each; return how many were reached."""
        tries = [
            partial(self._attempt, work, procedure.start.case_no, partial(self._reach, work, procedure))
            for procedure in waiting
        ]
        return await _count_done(tries, deferral)

    async def _reach(self, work: ProcedureStarterWork, waiting: Waiting) -> None:
        """Start the workflow with a signal, or signal the running one, and mark the row."""
        await self.client.start_workflow(
            WORKFLOWS[waiting.start.kind],
            waiting.start,
            id=waiting.start.workflow_id,
            task_queue=options.RESTORATION_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="changed" if waiting.news_ids else None,
            rpc_timeout=RPC_TIMEOUT,
        )
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            if waiting.news_ids:
                await case_outbox.mark_notified(connection, waiting.news_ids, now)
            if work is not ProcedureStarterWork.NOTIFY:
                await case_outbox.mark_started(connection, waiting.start.workflow_id, waiting.since, now)

    async def _attempt(self, work: ProcedureStarterWork, case_no: str, do: Callable[[], Awaitable[object]]) -> bool:
        """Do one piece of work about a case; return whether it is done.

        It is not if it failed, or if it returns 0, because another transaction has the case. Raises the error of an
        unavailable server.
        """
        if case_no in self._paused:
            return False
        try:
            done = await do()
        except SERVERS_AWAY:
            METRICS.procedure_starter_failed(work)
            raise
        except Exception as error:
            METRICS.procedure_starter_failed(work)
            log.warning("procedure starter: %s of case %s failed: %s", work, case_no, type(error).__name__)
            self._paused[case_no] = self.ctx.now() + FAILED_CASE_PAUSE
            return False
        return done != 0


async def _count_done(tries: Sequence[Callable[[], Awaitable[bool]]], deferral: Deferral) -> int:
    """Run pieces of work of different cases or workflows; return how many succeeded.

    They run one at a time while the golden hour is busy, because case workflows use the same server and database. None
    begins after one has found a server unavailable. Raises its error, when those that had begun have ended.
    """
    limit = asyncio.Semaphore(1 if deferral.is_on else AT_ONCE)
    failed = list[Exception]()

    async def run(attempt: Callable[[], Awaitable[bool]]) -> bool:
        async with limit:
            try:
                return not failed and await attempt()
            except SERVERS_AWAY as error:
                failed.append(error)
                return False

    results = await asyncio.gather(*map(run, tries))
    if failed:
        raise failed[0]
    return sum(results)
