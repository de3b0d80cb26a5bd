"""Looking after the way home: holds are taken up, procedures started, told and looked after.

It never decides and never keeps: the rows are the outbox, the database says when there is something to do, and a look
every few seconds finds what was missed. Doing it twice is harmless.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import asyncpg
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from activities.context import Context
from activities.holds import opening
from activities.metrics import METRICS, AftercareWork
from db.holds import account_holds
from db.outbox import procedure_outbox
from db.outbox.procedure_outbox import Waiting
from db.pool import Connection
from schemas.enums import ProcedureKind
from workflows import options

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 5.0
"""when nobody has said that there is something to do"""
GATHER_SECONDS: Final = 0.05
"""a burst of holds is taken up together"""
ROUND_LIMIT: Final = 200
LOOK_AFTER: Final = timedelta(days=1)
"""a procedure whose workflow was not seen for so long is looked after: somebody may have ended it by mistake"""
LOOK_AFTER_LIMIT: Final = 50
PURGE_LIMIT: Final = 1_000
REST_OF_A_CASE: Final = timedelta(minutes=1)
"""a case that failed is left alone for so long, and costs no other case"""
RPC_TIMEOUT: Final = timedelta(seconds=5)
TRANSIENT: Final = (RPCError, RuntimeError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""RuntimeError is what a lazy client raises when its first connection fails"""
SERVERS_AWAY: Final = (RPCError, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
"""no case's trouble: it ends the round"""

WORKFLOWS: Final = {
    ProcedureKind.RESTORATION: "RestorationWorkflow",
    ProcedureKind.HOLD: "HoldWorkflow",
    ProcedureKind.GRIEVANCE: "GrievanceWorkflow",
    ProcedureKind.ORDER: "OrderWorkflow",
    ProcedureKind.DUTIES: "DutiesWorkflow",
}


@dataclass
class Aftercare:
    """One process's care of the way home; of several processes one works, the others wait to take its place."""

    ctx: Context
    client: Client
    _resting: dict[str, datetime] = field(default_factory=dict)
    """by case that failed: until when it is left alone"""

    async def run(self) -> None:
        """Look for ever; a server that is away is waited for."""
        while True:
            try:
                async with self.ctx.pool.acquire() as connection:
                    if await procedure_outbox.may_watch(connection):
                        await self._watch(connection)
            except TRANSIENT as error:
                log.warning("aftercare waits: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    @property
    def _gathers(self) -> timedelta:
        """How long holds of a case whose money is chased are gathered, so that they are taken up together."""
        return timedelta(seconds=self.ctx.policy.right_of_way.take_up_after_seconds / self.ctx.clock_factor)

    async def look(self) -> int:
        """One round of everything; returns how many things came of it. Raises what a server raises that is away."""
        now = self.ctx.now()
        for case_no in [case_no for case_no, until in self._resting.items() if until <= now]:
            del self._resting[case_no]
        done = await self._take_up_holds()
        done += await self._start()
        done += await self._tell()
        await self._look_after(now)
        await self._purge(now)
        return done

    async def _watch(self, connection: Connection) -> None:
        """Look whenever the database says so, until the connection is lost."""
        woken = asyncio.Event()
        lost = asyncio.Event()
        # What is gathered for less than a moment is there with the next word of the database.
        gathers = self._gathers.total_seconds()
        look_every_seconds = min(LOOK_EVERY_SECONDS, gathers) if gathers > GATHER_SECONDS else LOOK_EVERY_SECONDS

        def heard(_connection: object, _pid: int, _channel: str, _payload: object) -> None:
            woken.set()

        def gone(_connection: object) -> None:
            lost.set()
            woken.set()

        connection.add_termination_listener(gone)
        await connection.add_listener(procedure_outbox.AFTERCARE, heard)
        try:
            while not lost.is_set():
                woken.clear()
                done = await self._look_patiently()
                if done >= ROUND_LIMIT:
                    continue
                try:
                    await asyncio.wait_for(woken.wait(), look_every_seconds)
                    await asyncio.sleep(GATHER_SECONDS)
                except TimeoutError:
                    continue
        finally:
            if not connection.is_closed():
                connection.remove_termination_listener(gone)
                await connection.remove_listener(procedure_outbox.AFTERCARE, heard)

    async def _look_patiently(self) -> int:
        try:
            return await self.look()
        except TRANSIENT as error:
            log.warning("aftercare waits: %s", type(error).__name__)
            return 0

    # -- what there is to do ---------------------------------------------------------------------------------------

    async def _take_up_holds(self) -> int:
        held_before = self.ctx.now() - self._gathers
        async with self.ctx.pool.acquire() as connection:
            waiting = await account_holds.cases_to_take_up(connection, held_before, list(self._resting), ROUND_LIMIT)
        take_up = AftercareWork.TAKE_UP
        return sum([await self._attempt(take_up, one, partial(opening.take_up, self.ctx, one)) for one in waiting])

    async def _start(self) -> int:
        async with self.ctx.pool.acquire() as connection:
            waiting = await procedure_outbox.to_start(connection, list(self._resting), ROUND_LIMIT)
        return await self._each(AftercareWork.START, waiting)

    async def _tell(self) -> int:
        async with self.ctx.pool.acquire() as connection:
            waiting = await procedure_outbox.to_tell(connection, list(self._resting), ROUND_LIMIT)
        return await self._each(AftercareWork.TELL, waiting)

    async def _look_after(self, now: datetime) -> None:
        async with self.ctx.pool.acquire() as connection:
            waiting = await procedure_outbox.not_seen(
                connection, now - LOOK_AFTER, list(self._resting), LOOK_AFTER_LIMIT
            )
        await self._each(AftercareWork.LOOK_AFTER, waiting)

    async def _purge(self, now: datetime) -> None:
        before = now - timedelta(seconds=self.ctx.policy.outbox.keep_told_seconds)
        async with self.ctx.pool.acquire() as connection:
            await procedure_outbox.purge(connection, before, PURGE_LIMIT)

    # -- one case must not keep the others waiting -----------------------------------------------------------------

    async def _each(self, work: AftercareWork, waiting: list[Waiting]) -> int:
        """Start each, or tell it: both is one call. Returns how many were reached."""
        reach = self._reach
        return sum([await self._attempt(work, one.start.case_no, partial(reach, work, one)) for one in waiting])

    async def _reach(self, work: AftercareWork, waiting: Waiting) -> None:
        """Start the workflow with a signal to look, or only signal the one that runs; and mark it."""
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
                await procedure_outbox.mark_told(connection, waiting.news_ids, now)
            if work is not AftercareWork.TELL:
                await procedure_outbox.mark_started(connection, waiting.start.workflow_id, waiting.since, now)

    async def _attempt(self, work: AftercareWork, case_no: str, do: Callable[[], Awaitable[object]]) -> bool:
        """Do something about one case; whether it was done. One after the other: the chase shares server and database.

        Raises what a server raises that is away.
        """
        if case_no in self._resting:
            return False
        try:
            await do()
        except SERVERS_AWAY:
            METRICS.aftercare_failed(work)
            raise
        except Exception as error:
            METRICS.aftercare_failed(work)
            log.warning("aftercare: %s of case %s failed: %s", work, case_no, type(error).__name__)
            self._resting[case_no] = self.ctx.now() + REST_OF_A_CASE
            return False
        return True
