"""Processes killed at an exact point of a request's way: the case goes on, and each bank has one ticket of each key.

The way of a request is: planned with the hops, told to the workflow by a start or a signal, sent by a local activity,
taken by the bank, recorded as delivered. Each test ends a process between two of these points.
"""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.banks.delivery import CALL_AT_ONCE_SECONDS
from domain.tracing.batches import request_id
from schemas.outbox.case import BatchSent
from simulator import Faults, Knobs, ScriptedAnswer, SimulatorConfig, hold_row, transfer_row
from simulator.banks.faults import Reply
from simulator.banks.script import WrittenRow
from simulator.net.http_client import HttpClientError
from tests.e2e.live import Live, live
from tests.e2e.test_scripted import transfer
from tests.factories import rrn
from tests.ground import Ground
from tests.proxy import Proxy
from tests.waiting import until
from workers import processes
from workers.temporal import connect
from workflows.case import case_workflow_id
from workflows.options import CASE_WORK_QUEUE

pytestmark = pytest.mark.end_to_end

LOSS_PAISE = 10_000_00
HALF_PAISE = LOSS_PAISE // 2
FOR_EVER_SECONDS = 3600.0
CALL_SECONDS = 3
"""the longest call of the queue"""
TRIES = 8
"""how often the moment between two replies is tried for: it lasts as long as a call of a batch at most"""
HANGS = Faults(half_open=1.0, half_open_wall_seconds=FOR_EVER_SECONDS)
HANGS_ONCE = HANGS.model_copy(update={"first_calls": 1})
INTAKE, WORKER = "intake", "worker --queue golden-hour"


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


@pytest.fixture(scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory, module_ground: Ground) -> AsyncIterator[Scene]:
    """One engine for the module. Its processes are killed often, and start again at once each time."""
    config = SimulatorConfig(complaints=0, institutions=40, knobs=Knobs.none(), clock_factor=60.0)
    home: Path = tmp_path_factory.mktemp("engine")
    host, _, port = module_ground.temporal_address.rpartition(":")
    temporal = await connect(module_ground.temporal_address, module_ground.temporal_namespace)
    owner = await asyncpg.connect(module_ground.migration_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "RESTARTS_MAX", 100)
        patch.setattr(processes, "BACKOFF_FIRST_SECONDS", 0.0)
        async with Proxy(host, int(port)) as proxy:
            ground = replace(module_ground, temporal_address=proxy.address)
            async with live(home, config, ground, call_timeout_seconds=CALL_SECONDS) as engine:
                engine.connect_banks()
                calls = Calls(engine.sim.banks.faults.of_call)
                patch.setattr(engine.sim.banks.faults, "of_call", calls.of_call)
                banks = [bank.code for bank in engine.sim.institutions if bank.answer_class == "api"]
                yield Scene(engine, calls, proxy, temporal, owner, banks)
    await owner.close()


async def test_a_start_and_a_signal_that_were_lost_with_their_process_are_sent_by_the_sweep(scene: Scene) -> None:
    """Two cases: of one the complaint, of the other an answer comes while Temporal is away. Then intake dies."""
    await scene.ready()
    engine = scene.engine
    bank, first, second = (scene.banks.pop() for _ in range(3))
    root, told, onward = rrn(), rrn(), rrn()
    scene.holds(bank, root)
    scene.holds(second, onward)
    engine.sim.script(bank=first, rrn=told, answers=[])
    signalled = await engine.complain(transfer(first, told, LOSS_PAISE))
    await until(lambda: _is(scene.state(signalled, first), "delivered"))
    # The worker has told Temporal of the delivery too.
    await until(lambda: _any(scene.history(signalled), EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED))
    signals = len(await scene.signals(signalled))

    scene.proxy.cut()
    started = await engine.complain(transfer(bank, root, LOSS_PAISE))
    row = transfer_row(told, new_rrn=onward, paise=LOSS_PAISE, payee_bank_code=second, payee_account="77")
    await scene.answer(first, signalled, row)
    await scene.kill(INTAKE)
    assert [await scene.state(started, bank), await scene.state(signalled, second)] == ["sending", "sending"]
    assert await scene.history(started) == []
    assert len(await scene.signals(signalled)) == signals
    assert scene.calls.count.keys().isdisjoint({bank, second})
    scene.proxy.mend()

    for case_no, asked in ((started, [bank]), (signalled, [first, second])):
        await scene.settled(case_no)
        assert set(await scene.asked_once(case_no, *asked)) == {0}


async def test_a_call_that_ends_with_its_process_is_made_again(scene: Scene) -> None:
    """The bank has read the request, and has not taken it."""
    await scene.ready()
    engine, bank, root = scene.engine, scene.banks.pop(), rrn()
    scene.holds(bank, root)
    engine.sim.put_faults(bank, HANGS_ONCE)
    pid = engine.pid(INTAKE)
    assert pid is not None
    scene.calls.at_a_call[bank] = lambda: os.kill(pid, signal.SIGKILL)
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await until(lambda: scene.calls.count[bank])
    assert await scene.state(case_no, bank) == "sending"
    check_killed_in_its_task(await scene.history(case_no), pid)
    await scene.settled(case_no)
    assert await scene.asked_once(case_no, bank) == [0]


async def test_a_request_that_the_bank_has_and_nobody_recorded_is_sent_again_under_its_key(scene: Scene) -> None:
    await scene.ready()
    engine, bank, root = scene.engine, scene.banks.pop(), rrn()
    engine.sim.script(bank=bank, rrn=root, answers=[])
    pid = engine.pid(INTAKE)
    assert pid is not None
    async with scene.no_delivery_recorded() as waits:
        case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
        await until(waits)
        await scene.kill(INTAKE)
    assert len(engine.sim.tickets(bank, root)) == 1
    assert await scene.state(case_no, bank) == "sending"
    check_killed_in_its_task(await scene.history(case_no), pid)
    await until(lambda: _is(scene.state(case_no, bank), "delivered"))
    await scene.answer(bank, case_no, hold_row(root, LOSS_PAISE))
    await scene.settled(case_no)
    assert await scene.asked_once(case_no, bank) == [1]


async def test_of_half_a_batch_only_the_other_half_is_sent_again(scene: Scene) -> None:
    for _ in range(TRIES):
        if await half_a_batch(scene):
            return
    pytest.fail("each call ended before the other one was recorded")


async def half_a_batch(scene: Scene) -> bool:
    """Kill intake when one of two requests is recorded as delivered and the other call is open.

    Returns false if that call ended first, and its request went to the queue.
    """
    await scene.ready()
    engine, one, other = scene.engine, scene.banks.pop(), scene.banks.pop()
    root, hanging = rrn(), rrn()
    scene.holds(one, root, HALF_PAISE)
    scene.holds(other, hanging, HALF_PAISE)
    engine.sim.put_faults(other, HANGS_ONCE)
    pid = engine.pid(INTAKE)
    assert pid is not None
    case_no = await engine.complain(transfer(one, root, HALF_PAISE), transfer(other, hanging, HALF_PAISE))
    delivered = "SELECT delivered_at IS NOT NULL FROM hold_request WHERE case_no = $1 AND institution = $2"
    await until(lambda: engine.pool.fetchval(delivered, case_no, one))
    await until(lambda: scene.calls.count[other])
    await scene.kill(INTAKE)
    is_hit = not marks(await scene.history(case_no))
    if is_hit:
        assert await scene.state(case_no, other) == "sending"
        check_killed_in_its_task(await scene.history(case_no), pid)
    await scene.settled(case_no)
    assert await scene.asked_once(case_no, one, other) == [0, 0]
    return is_hit


async def test_a_bank_that_hangs_holds_no_workflow_task_and_its_call_by_the_queue_survives_its_process(
    scene: Scene,
) -> None:
    """The bank never replies: only the limit of a call from a batch ends the workflow task, as no failure.

    The worker then dies in the call that it makes for the queue.
    """
    await scene.ready()
    engine, bank, root = scene.engine, scene.banks.pop(), rrn()
    scene.holds(bank, root)
    engine.sim.put_faults(bank, HANGS)
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await until(lambda: _any(scene.history(case_no), EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
    history = await scene.history(case_no)
    assert scene.calls.count[bank]
    [mark] = marks(history)
    [payload] = mark.marker_recorded_event_attributes.details["result"].payloads
    [sent] = await scene.temporal.data_converter.decode([payload], [BatchSent])
    assert [(one.over, one.wait_seconds) for one in sent.tried] == [(False, None)]
    tasks = [event for event in history if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED]
    held = mark.event_time.ToDatetime() - tasks[0].event_time.ToDatetime()
    assert held.total_seconds() > CALL_AT_ONCE_SECONDS - 0.1, "the bank was called, and the call reached its limit"
    ended = {EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED}
    assert ended.isdisjoint(event.event_type for event in history)

    worker = engine.pid(WORKER)
    assert worker is not None
    scene.calls.at_a_call[bank] = lambda: os.kill(worker, signal.SIGKILL)
    await until(lambda: engine.pid(WORKER) not in {worker, None})
    assert await scene.state(case_no, bank) == "sending"
    engine.sim.put_faults(bank, Faults())
    await scene.settled(case_no)
    assert await scene.asked_once(case_no, bank) == [0]
    [key] = [UUID(ticket.key) for ticket in engine.sim.tickets(bank, root)]
    assert key == request_id(case_no, 1, bank)


def marks(history: list[HistoryEvent]) -> list[HistoryEvent]:
    """Return the results of local activities."""
    return [event for event in history if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]


def check_killed_in_its_task(history: list[HistoryEvent], pid: int) -> None:
    """Check that this process had the first workflow task when it died, and had told no result of it."""
    [task] = [event for event in history if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED][:1]
    assert task.workflow_task_started_event_attributes.identity.partition("@")[0] == str(pid)
    assert marks(history) == []


async def _is(found: Awaitable[str | None], expected: str) -> bool:
    return await found == expected


async def _any(history: Awaitable[list[HistoryEvent]], kind: "EventType.ValueType") -> bool:
    return any(event.event_type == kind for event in await history)
