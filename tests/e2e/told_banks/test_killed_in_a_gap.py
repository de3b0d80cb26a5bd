"""Processes killed at an exact point of a request's way: the case goes on, and each bank has one ticket of each key.

The way of a request is: planned with the hops, told to the workflow by a start or a signal, sent by a local activity,
taken by the bank, recorded as delivered. Each test ends a process between two of these points.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities.banks.delivery import CALL_AT_ONCE_SECONDS
from domain.case.requests import request_id
from schemas.case.case_workflow import BatchSent
from simulator import Faults, hold_row, transfer_row
from tests.e2e.told_banks.scene import INTAKE, LOSS_PAISE, Scene
from tests.e2e.worlds import transfer
from tests.factories import rrn
from tests.waiting import until

pytestmark = pytest.mark.world

HALF_PAISE = LOSS_PAISE // 2
FOR_EVER_SECONDS = 3600.0
TRIES = 8
"""how often a moment is tried for: a call from a batch, with its login, has a second and a half"""
HANGS = Faults(half_open=1.0, half_open_wall_seconds=FOR_EVER_SECONDS)
HANGS_ONCE = HANGS.model_copy(update={"first_calls": 1})
WORKER = "worker --queue golden-hour"


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
    await until_hit(scene, killed_at_a_call)


async def killed_at_a_call(scene: Scene) -> bool:
    """Kill intake at the moment in which a bank has read its call; return false if another process made the call."""
    await scene.ready()
    engine, bank, root = scene.engine, scene.banks.pop(), rrn()
    scene.holds(bank, root)
    engine.sim.put_faults(bank, HANGS_ONCE)
    pid = engine.pid(INTAKE)
    assert pid is not None
    scene.calls.at_a_call[bank] = lambda: os.kill(pid, signal.SIGKILL)
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await until(lambda: scene.calls.count[bank])
    state, history = await scene.state(case_no, bank), await scene.history(case_no)
    is_hit = not marks(history)
    if is_hit:
        assert state == "sending"
        check_killed_in_its_task(history, pid)
    await scene.settled(case_no)
    assert await scene.asked_once(case_no, bank) == [0]
    return is_hit


async def test_a_request_that_the_bank_has_and_that_is_not_recorded_is_sent_again_under_its_key(scene: Scene) -> None:
    await until_hit(scene, killed_before_a_record)


async def killed_before_a_record(scene: Scene) -> bool:
    """Kill intake when it would record a delivery; return false if another process made the call."""
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
    state, history = await scene.state(case_no, bank), await scene.history(case_no)
    is_hit = not marks(history)
    if is_hit:
        assert state == "sending"
        check_killed_in_its_task(history, pid)
    await until(lambda: _is(scene.state(case_no, bank), "delivered"))
    await scene.answer(bank, case_no, hold_row(root, LOSS_PAISE))
    await scene.settled(case_no)
    [repeats] = await scene.asked_once(case_no, bank)
    assert repeats == 1 or not is_hit
    return is_hit


async def test_of_half_a_batch_only_the_other_half_is_sent_again(scene: Scene) -> None:
    await until_hit(scene, half_a_batch)


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
    await until_hit(scene, a_bank_that_hangs)


async def a_bank_that_hangs(scene: Scene) -> bool:
    """Kill the worker in the call of a queue; return false if the call from the batch ended before it was read."""
    await scene.ready()
    engine, bank, root = scene.engine, scene.banks.pop(), rrn()
    scene.holds(bank, root)
    engine.sim.put_faults(bank, HANGS)
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await until(lambda: _any(scene.history(case_no), EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED))
    if not scene.calls.count[bank]:
        engine.sim.put_faults(bank, Faults())
        await scene.settled(case_no)
        return False
    history = await scene.history(case_no)
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
    return True


async def until_hit(scene: Scene, hits: Callable[[Scene], Awaitable[bool]]) -> None:
    """Try for a moment of a call from a batch, each time with other banks, because a busy machine may miss it."""
    for _ in range(TRIES):
        if await hits(scene):
            return
    pytest.fail(f"the moment was missed {TRIES} times")


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
