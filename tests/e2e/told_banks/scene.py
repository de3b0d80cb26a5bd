"""One engine whose banks do as they are told, and what a test needs to hit a moment of its work."""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from simulator import ScriptedAnswer, hold_row
from simulator.banks.faults import Reply
from simulator.banks.messages import WrittenRow
from simulator.net.http_client import HttpClientError
from tests.e2e.live import Live
from tests.proxy import Proxy
from workflows.case import case_workflow_id
from workflows.options import CASE_WORK_QUEUE

LOSS_PAISE = 10_000_00
INTAKE = "intake"


@dataclass
class Calls:
    """The calls at the banks' endpoints. The simulator asks for a fault when it has read one."""

    fault_of: Callable[[str], Reply | None]
    count: Counter[str] = field(default_factory=Counter)
    """by bank"""
    at_a_call: dict[str, Callable[[], object]] = field(default_factory=dict)
    """by bank: what is done at the moment in which its next call has been read"""

    def of_call(self, bank: str) -> Reply | None:
        """Count a call, and do what is to be done at it."""
        self.count[bank] += 1
        if act := self.at_a_call.pop(bank, None):
            act()
        return self.fault_of(bank)


@dataclass
class Scene:
    """One engine, and what a test needs to hit a moment of its work."""

    engine: Live
    calls: Calls
    proxy: Proxy
    """the way of the engine's processes to Temporal"""
    temporal: Client
    """a client on another way"""
    owner: asyncpg.Connection
    banks: list[str]
    """banks that no test has used"""

    async def kill(self, victim: str) -> None:
        """Kill a process, now."""
        pid = self.engine.pid(victim)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    async def ready(self) -> None:
        """Wait until intake takes complaints and runs workflows."""

        async def is_ready() -> bool:
            pid = self.engine.pid(INTAKE)
            try:
                answer = await self.engine.intake.get("/readyz")
            except httpx.TransportError:
                return False
            return answer.status_code == 200 and str(pid) in await self.pollers()

        await self.engine.until(is_ready, 120, "intake runs workflows")

    async def pollers(self) -> set[str]:
        """Return the ids of the processes that have asked for workflow tasks of cases."""
        found = await self.temporal.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self.temporal.namespace,
                task_queue=TaskQueue(name=CASE_WORK_QUEUE),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
        )
        return {poller.identity.partition("@")[0] for poller in found.pollers}

    async def history(self, case_no: str) -> list[HistoryEvent]:
        """Return the history of a case's workflow, or nothing if Temporal does not know it."""
        handle = self.temporal.get_workflow_handle(case_workflow_id(case_no))
        try:
            return [event async for event in handle.fetch_history_events()]
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return []

    async def signals(self, case_no: str) -> list[HistoryEvent]:
        """Return the signals in the history of a case's workflow."""
        kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        return [event for event in await self.history(case_no) if event.event_type == kind]

    async def state(self, case_no: str, bank: str) -> str | None:
        """Return the state of the case's request at a bank; None if there is none."""
        query = "SELECT state FROM hold_request WHERE case_no = $1 AND institution = $2"
        found: str | None = await self.engine.pool.fetchval(query, case_no, bank)
        return found

    async def asked_once(self, case_no: str, *of_banks: str) -> list[int]:
        """Check that each bank has one ticket, of the request that was planned; return the repeats of each."""
        tickets = [ticket for ticket in self.engine.sim.tickets() if ticket.report.ack_no == case_no]
        by_bank = {ticket.bank.code: ticket for ticket in tickets}
        assert len(tickets) == len(by_bank) == len(of_banks)
        rows = await self.engine.pool.fetch(
            "SELECT institution, request_id::text, job_id FROM hold_request WHERE case_no = $1", case_no
        )
        assert {tuple(row) for row in rows} == {(bank, by_bank[bank].key, by_bank[bank].job_id) for bank in of_banks}
        assert self.engine.sim.banks.book.repeated_requests == []
        return [by_bank[bank].repeats for bank in of_banks]

    async def settled(self, case_no: str) -> None:
        """Wait until the case is settled, all of the loss on hold; nothing is wrong in the whole database."""
        await self.engine.until_settled(case_no)
        case = await self.engine.read(f"/cases/{case_no}")
        found = {name: paise for name, paise in case["buckets_paise"].items() if paise}
        assert found == {"lost": LOSS_PAISE, "held": LOSS_PAISE}
        assert (await self.engine.verified()).as_text() == "clean"

    def holds(self, bank: str, root: str, paise: int = LOSS_PAISE) -> None:
        """Script that the bank holds all of a transfer."""
        self.engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, paise),))])

    async def answer(self, bank: str, case_no: str, row: WrittenRow) -> None:
        """Post an answer of a bank, until it is taken."""
        [ticket] = [one for one in self.engine.sim.tickets(bank) if one.report.ack_no == case_no]

        async def is_taken() -> bool:
            try:
                status, _ = await self.engine.sim.post_as(bank, case_no, [row], ticket.job_id)
            except HttpClientError:
                return False
            return status == 200

        await self.engine.until(is_taken, 120, "the answer is taken")

    @asynccontextmanager
    async def no_delivery_recorded(self) -> AsyncIterator[Callable[[], Awaitable[int | None]]]:
        """While the block runs, a process that records a delivery waits.

        Gives a look for PostgreSQL's process of the one that waits. It is ended with the block, as
        PostgreSQL ends it when it notices that its client is gone.
        """
        waiting: set[int] = set()

        async def waits() -> int | None:
            found: int | None = await self.engine.pool.fetchval(
                "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE d.datname = current_database() AND l.relation = 'delivery_attempt'::regclass AND NOT l.granted"
            )
            if found is not None:
                waiting.add(found)
            return found

        transaction = self.owner.transaction()
        await transaction.start()
        try:
            await self.owner.execute("LOCK TABLE delivery_attempt IN SHARE ROW EXCLUSIVE MODE")
            yield waits
            for pid in waiting:
                assert await self.engine.pool.fetchval("SELECT pg_terminate_backend($1, 60000)", pid)
        finally:
            await transaction.rollback()
