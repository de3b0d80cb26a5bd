"""The procedure starter: no committed change is lost, and one case does not delay another."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.context import Context
from activities.holds import opening
from db.outbox import due_list, procedure_outbox
from db.pool import Pool
from domain.policy.model import load_policy
from schemas.enums import ProcedureKind
from schemas.outbox.procedures import IN_DUE_LIST, ProcedureStart
from tests.activities.bench import Bench
from tests.activities.holds.test_opening import held_case
from tests.clock import Clock, at_clock
from tests.factories import make_context, number_apart, rrn
from tests.waiting import until
from workers.loops import procedures
from workers.loops.procedures import WORKFLOWS, ProcedureStarter
from workers.restoration_workers import WORKFLOWS as RUN_BY_WORKERS


@dataclass
class Board:
    """A Temporal client that records started and signalled workflows."""

    reached: list[tuple[str, str, str | None]] = field(default_factory=list)
    fails_for: set[str] = field(default_factory=set)
    away: bool = False
    tries: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def start_workflow(self, kind: str, start: ProcedureStart, **how: Any) -> None:
        self.tries += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            self._start(kind, start, **how)
        finally:
            self.at_once -= 1

    def _start(self, kind: str, start: ProcedureStart, **how: Any) -> None:
        if self.away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        if start.case_no in self.fails_for:
            raise ValueError("this one cannot be started")
        assert how["id"] == start.workflow_id
        self.reached.append((kind, start.workflow_id, how["start_signal"]))

    async def list_workflows(self, query: str, limit: int) -> AsyncIterator[Any]:
        """No workflow of the release before runs."""
        for _ in range(0):
            yield


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


@pytest.fixture
def bench(ctx: Context) -> Bench:
    return Bench(ctx)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def starter(ctx: Context, board: Board) -> ProcedureStarter:
    return ProcedureStarter(ctx, board)  # type: ignore[arg-type]


@pytest.fixture
async def running(starter: ProcedureStarter) -> AsyncIterator[ProcedureStarter]:
    """The procedure starter as a worker runs it."""
    task = asyncio.create_task(starter.run())
    yield starter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_workers_run_every_workflow_that_is_started() -> None:
    assert {workflow.__name__ for workflow in RUN_BY_WORKERS} == set(WORKFLOWS.values())
    assert {*WORKFLOWS, *IN_DUE_LIST} == set(ProcedureKind)
    assert not set(WORKFLOWS) & set(IN_DUE_LIST)


async def test_a_hold_is_opened_and_its_procedures_are_started_and_told(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    (restoration_id,) = [row[0] for row in await bench.rows("SELECT restoration_id::text FROM restoration")]
    started = ("RestorationWorkflow", f"restoration-{restoration_id}", "changed")
    assert board.reached == [started], "started and told in one call; holds and duties have no workflow"
    assert await bench.value("SELECT count(*) FROM procedure WHERE started_at IS NULL") == 0
    assert await bench.value("SELECT count(*) FROM procedure_news WHERE signalled_at IS NULL") == 0
    board.reached.clear()
    await starter.run_once()
    assert board.reached == [], "nothing is told twice without a reason"
    async with bench.pool.acquire() as connection:
        for _ in range(3):
            await procedure_outbox.notify(connection, ProcedureKind.RESTORATION, restoration_id, bench.ctx.now())
    await starter.run_once()
    assert board.reached == [started], "several changes are one signal"
    assert (await bench.events(case_no)).count("hold_began") == 1


async def test_what_a_temporal_that_was_away_missed_is_told_when_it_is_back(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    await held_case(bench, f"1{rrn()}")
    board.away = True
    with pytest.raises(RPCError):
        await starter.run_once()
    assert await bench.value("SELECT count(*) FROM account_hold") == 1, "the database did its part"
    board.away = False
    await starter.run_once()
    assert await bench.value("SELECT count(*) FROM procedure WHERE started_at IS NULL") == 0


async def test_a_case_that_fails_costs_no_other_and_is_tried_again_later(
    starter: ProcedureStarter, bench: Bench, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await held_case(bench, f"1{rrn()}"), await held_case(bench, f"2{rrn()}")
    board.fails_for = {bad}
    await starter.run_once()
    open_cases = "SELECT DISTINCT case_no FROM procedure WHERE started_at IS NULL"
    assert await bench.rows(open_cases) == [(bad,)]
    assert await bench.value("SELECT count(*) FROM procedure WHERE case_no = $1 AND started_at IS NULL", good) == 0
    board.fails_for = set()
    await starter.run_once()
    assert await bench.rows(open_cases) == [(bad,)], "it rests"
    monkeypatch.setattr(procedures, "FAILED_CASE_PAUSE", procedures.FAILED_CASE_PAUSE * 0)
    starter._paused.clear()
    await starter.run_once()
    assert await bench.rows(open_cases) == []


FAILING = [f"99{number:012}" for number in range(300)]
"""cases of which every row fails"""
CASES_THAT_FAIL = """
INSERT INTO case_file SELECT (jsonb_populate_record(c, jsonb_build_object('case_no', n))).*
FROM case_file c CROSS JOIN unnest($2::text[]) AS n WHERE c.case_no = $1
"""
WORKFLOWS_THAT_FAIL = """
INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, started_at)
SELECT 'restoration-' || c.case_no, 'restoration', c.case_no, c.case_no, now() - interval '1 day',
    CASE WHEN $1 THEN now() END
FROM case_file c WHERE c.case_no LIKE '99%'
"""
NEWS_THAT_FAIL = """
INSERT INTO procedure_news (workflow_id, created_at)
SELECT workflow_id, now() - interval '1 day' FROM procedure WHERE case_no LIKE '99%'
"""
HOLDS_THAT_FAIL = """
INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, due_at)
SELECT 'hold-' || c.case_no, 'hold', gen_random_uuid(), c.case_no, now() - interval '1 day', now() - interval '1 day'
FROM case_file c WHERE c.case_no LIKE '99%'
"""
DONE = """
SELECT count(*) FROM procedure p WHERE p.case_no = $1 AND (p.started_at IS NULL OR p.due_at <= now() OR EXISTS (
    SELECT FROM procedure_news n WHERE n.workflow_id = p.workflow_id AND n.signalled_at IS NULL))
"""


@pytest.mark.parametrize("queue", ["to_start", "to_notify", "due"])
async def test_m8_300_failing_rows_at_the_head_keep_no_other_waiting(
    starter: ProcedureStarter, bench: Bench, board: Board, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setattr(procedures, "FAILED_CASE_PAUSE", procedures.FAILED_CASE_PAUSE * 60)
    good = await held_case(bench, f"1{rrn()}")
    await bench.pool.execute(CASES_THAT_FAIL, good, FAILING)
    if queue == "due":
        await bench.pool.execute(HOLDS_THAT_FAIL)
    else:
        await bench.pool.execute(WORKFLOWS_THAT_FAIL, queue == "to_notify")
    if queue == "to_notify":
        await bench.pool.execute(NEWS_THAT_FAIL)
    board.fails_for = set(FAILING)
    for _ in range(len(FAILING) // procedures.ROUND_LIMIT + 3):
        await starter.run_once()
    assert await bench.value("SELECT count(*) FROM procedure WHERE case_no = $1", good) > 0
    assert await bench.value(DONE, good) == 0
    assert len(starter._paused) == len(FAILING)


async def test_a_procedure_that_nobody_has_seen_for_a_day_is_looked_after(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    board.reached.clear()
    await bench.pool.execute("UPDATE procedure SET started_at = started_at - interval '25 hours'")
    await starter.run_once()
    assert [(kind, signal) for kind, _, signal in board.reached] == [("RestorationWorkflow", None)]
    await bench.pool.execute("UPDATE procedure SET started_at = started_at - interval '25 hours', ended_at = now()")
    board.reached.clear()
    await starter.run_once()
    assert board.reached == [], "what has ended needs no care"


async def test_the_database_wakes_it_and_only_one_process_works(
    running: ProcedureStarter, bench: Bench, board: Board, ctx: Context
) -> None:
    other_board = Board()
    other = asyncio.create_task(ProcedureStarter(ctx, other_board).run())  # type: ignore[arg-type]
    try:
        for number in range(3):
            await held_case(bench, f"{number + 1}{rrn()}")
        started = "SELECT count(*) = 3 FROM procedure WHERE kind = 'restoration' AND started_at IS NOT NULL"
        await until(lambda: bench.value(started), 20)
        assert not (board.reached and other_board.reached)
    finally:
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


async def test_a_round_that_leaves_due_work_is_followed_at_once_by_the_next(
    starter: ProcedureStarter, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await held_case(bench, f"{number + 1}{rrn()}")
    await starter.run_once()
    await bench.pool.execute(
        "UPDATE procedure SET due_at = now() - interval '1 second' WHERE kind IN ('hold', 'duties')"
    )
    # Each case has two rows that are due, so a round has no more than two cases, and half of them are left.
    monkeypatch.setattr(procedures, "ROUND_LIMIT", 4)
    monkeypatch.setattr(procedures, "CHECK_EVERY_SECONDS", 600.0)
    task = asyncio.create_task(starter.run())
    try:
        await until(lambda: bench.value("SELECT count(*) = 0 FROM procedure WHERE due_at <= now()"), 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_locked_case_is_not_tried_without_a_pause(
    starter: ProcedureStarter, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    rounds, run_once = 0, starter.run_once

    async def counted() -> int:
        nonlocal rounds
        rounds += 1
        return await run_once()

    monkeypatch.setattr(starter, "run_once", counted)
    # Work that is not overdue does not wait for the lock of its case, and no bank is asked just now.
    await bench.pool.execute("UPDATE hold_request SET sent_at = sent_at - interval '1 hour'")
    starter.ctx = with_priority(starter.ctx, quiet_seconds=0, defer_max_seconds=280)
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR UPDATE", case_no)
        await bench.pool.execute("UPDATE procedure SET due_at = now() WHERE kind IN ('hold', 'duties')")
        task = asyncio.create_task(starter.run())
        try:
            await asyncio.sleep(1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert 0 < rounds < 5


# -- deferring to cases that are still tracked -------------------------------------------------------------------------


@pytest.fixture
def patient(ctx: Context, board: Board) -> ProcedureStarter:
    """The procedure starter that gathers holds as the packaged policy says, at a time that tests move."""
    return ProcedureStarter(at_clock(with_priority(ctx, quiet_seconds=0), Clock(ctx.now())), board)  # type: ignore[arg-type]


def with_priority(ctx: Context, **changes: float) -> Context:
    """The same context with the background priority of the packaged policy, but for these values."""
    packaged = load_policy().background_priority
    priority = packaged.model_copy(update={"defer_max_seconds": 0, **changes})
    return replace(ctx, policy=ctx.policy.model_copy(update={"background_priority": priority}))


async def look_at(starter: ProcedureStarter, at: datetime) -> None:
    starter.ctx = at_clock(starter.ctx, Clock(at))
    await starter.run_once()


async def test_holds_of_a_case_whose_money_is_traced_are_taken_up_together_after_the_first(
    patient: ProcedureStarter, bench: Bench
) -> None:
    wait = timedelta(seconds=patient.ctx.policy.background_priority.open_for_new_holds_after_seconds)
    assert wait == timedelta(seconds=20)
    case_no = await held_case(bench, f"1{rrn()}", f"2{rrn()}")
    held_at = await bench.value("SELECT min(held_at) FROM held_hop WHERE case_no = $1", case_no)
    # The second hold came while the first was waiting.
    later = "UPDATE held_hop SET held_at = held_at + interval '19 seconds' WHERE case_no = $1 AND hop_no = 2"
    await bench.pool.execute(later, case_no)
    holds = "SELECT count(*) FROM account_hold WHERE case_no = $1"
    await look_at(patient, held_at + wait - timedelta(milliseconds=1))
    assert await bench.value(holds, case_no) == 0
    await look_at(patient, held_at + wait)
    assert await bench.value(holds, case_no) == 2
    first = await bench.value("SELECT min(first_held_at) FROM account_hold WHERE case_no = $1", case_no)
    assert first == held_at, "times of the law run from the hold itself"


async def test_it_is_gathered_by_the_clock_of_the_trail(patient: ProcedureStarter, bench: Bench) -> None:
    patient.ctx = replace(patient.ctx, clock_factor=10.0)
    case_no = await held_case(bench, f"1{rrn()}")
    held_at = await bench.value("SELECT held_at FROM held_hop WHERE case_no = $1", case_no)
    for seconds, found in ((1.999, 0), (2, 1)):
        await look_at(patient, held_at + timedelta(seconds=seconds))
        assert await bench.value("SELECT count(*) FROM account_hold WHERE case_no = $1", case_no) == found


async def test_the_holds_of_a_settled_case_are_opened_at_once(patient: ProcedureStarter, bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}", rupees="1000.00")
    traced = await held_case(bench, f"1{rrn()}")
    await bench.settle(case_no)
    await look_at(patient, await bench.value("SELECT min(held_at) FROM held_hop"))
    assert await bench.rows("SELECT case_no FROM account_hold") == [(case_no,)]
    assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", traced) == "open"


async def test_many_that_open_the_holds_of_one_case_at_once_begin_its_clocks_once(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}", f"2{rrn()}")
    await asyncio.gather(*(opening.open_for_new_holds(bench.ctx, case_no) for _ in range(5)))
    assert await bench.value("SELECT count(*) FROM account_hold WHERE case_no = $1", case_no) == 2
    assert await bench.value("SELECT count(*) FROM restoration WHERE case_no = $1", case_no) == 1
    await bench.check(case_no)


# -- deferring while the golden hour is busy ---------------------------------------------------------------------------

QUIET, DEFER_MAX = timedelta(seconds=2), timedelta(seconds=300)
_OPENED = "SELECT count(*) FROM account_hold WHERE case_no = $1"


@pytest.fixture
def deferring(ctx: Context, board: Board) -> ProcedureStarter:
    """The procedure starter with the packaged deferral, at a time that tests move; it gathers no holds."""
    changed = with_priority(ctx, open_for_new_holds_after_seconds=0, defer_max_seconds=DEFER_MAX.total_seconds())
    return ProcedureStarter(at_clock(changed, Clock(ctx.now())), board)  # type: ignore[arg-type]


async def quiet_case(bench: Bench) -> tuple[str, datetime]:
    """A case with money on hold and no request at a bank; its number, and the time of the newest request or answer."""
    case_no = await held_case(bench, f"1{rrn()}")
    await bench.pool.execute("UPDATE hold_request SET state = 'answered' WHERE case_no = $1", case_no)
    return case_no, await latest(bench)


async def latest(bench: Bench) -> datetime:
    found: datetime = await bench.value(
        "SELECT greatest((SELECT max(planned_at) FROM hold_request), (SELECT max(received_at) FROM status_update))"
    )
    return found


def test_the_packaged_policy_defers_for_seconds_and_for_five_minutes_at_most() -> None:
    packaged = load_policy().background_priority
    assert packaged.quiet() == QUIET
    longest = timedelta(seconds=280)
    assert longest < timedelta(minutes=5), "what is done after it is done within five minutes"
    assert packaged.defer_max(1.0) == longest
    assert packaged.defer_max(0.5) == longest, "real time, although the clock of restorations is slower"
    assert packaged.defer_max(100.0) == longest / 100


async def test_nothing_is_done_while_a_request_or_an_answer_came_in_the_last_seconds(
    deferring: ProcedureStarter, bench: Bench, board: Board
) -> None:
    case_no, busy_at = await quiet_case(bench)
    await look_at(deferring, busy_at + QUIET - timedelta(milliseconds=1))
    assert (await bench.value(_OPENED, case_no), board.reached) == (0, [])
    await look_at(deferring, busy_at + QUIET)
    assert await bench.value(_OPENED, case_no) == 1
    assert len(board.reached) == 1
    assert await bench.value("SELECT holder_told_at IS NOT NULL OR tried_to IS NOT NULL FROM account_hold")


async def test_work_of_any_case_defers_that_of_every_case(deferring: ProcedureStarter, bench: Bench) -> None:
    case_no, busy_at = await quiet_case(bench)
    other = await held_case(bench, f"2{rrn()}")
    planned = "UPDATE hold_request SET planned_at = $2 WHERE case_no = $1"
    await bench.pool.execute(planned, other, busy_at + timedelta(minutes=1))
    await look_at(deferring, busy_at + timedelta(minutes=1, seconds=1))
    assert await bench.value(_OPENED, case_no) == 0
    await look_at(deferring, busy_at + timedelta(minutes=1) + QUIET)
    assert await bench.value(_OPENED, case_no) == 1


async def test_a_rush_that_does_not_end_defers_for_five_minutes_at_most(
    deferring: ProcedureStarter, bench: Bench, board: Board
) -> None:
    case_no, _ = await quiet_case(bench)
    held_at = await bench.value("SELECT held_at FROM held_hop WHERE case_no = $1", case_no)
    for waited, done in ((DEFER_MAX - timedelta(seconds=1), 0), (DEFER_MAX, 1)):
        await bench.pool.execute("UPDATE hold_request SET planned_at = $1", held_at + waited)
        await look_at(deferring, held_at + waited)
        assert await bench.value(_OPENED, case_no) == done
    assert len(board.reached) == 1, "what it opened has waited as long"
    assert await bench.value("SELECT holder_told_at IS NOT NULL OR tried_to IS NOT NULL FROM account_hold")
    assert (await bench.events(case_no)).count("hold_began") == 1


async def test_several_are_started_at_once_only_while_the_golden_hour_is_quiet(
    deferring: ProcedureStarter, bench: Bench, board: Board
) -> None:
    count = 2 * procedures.AT_ONCE
    made = [await quiet_case(bench) for _ in range(count)]
    board.away = True
    with pytest.raises(RPCError):
        await look_at(deferring, made[-1][1] + QUIET)
    assert board.tries <= procedures.AT_ONCE, "none begins after one found the server unavailable"
    assert await bench.value("SELECT count(*) FROM procedure WHERE started_at IS NULL") == count
    board.away = False
    busy_at = made[-1][1] + timedelta(minutes=5)
    await bench.pool.execute("UPDATE hold_request SET planned_at = $2 WHERE case_no = $1", made[0][0], busy_at)
    board.most_at_once = 0
    await look_at(deferring, busy_at)
    assert (len(board.reached), board.most_at_once) == (count, 1), "overdue work, one at a time"
    await bench.pool.execute("UPDATE procedure SET started_at = NULL")
    await look_at(deferring, busy_at + QUIET)
    assert (len(board.reached), board.most_at_once) == (2 * count, procedures.AT_ONCE)


@pytest.mark.parametrize("waited", [timedelta(seconds=3), timedelta(minutes=3)])
async def test_work_that_follows_from_other_work_waits_five_minutes_with_it_at_most(
    deferring: ProcedureStarter, bench: Bench, board: Board, waited: timedelta
) -> None:
    """A quiet moment lets the hold be opened, and then the next rush begins before its workflow is started."""
    case_no, _ = await quiet_case(bench)
    held_at = await bench.value("SELECT held_at FROM held_hop WHERE case_no = $1", case_no)
    board.away = True
    with pytest.raises(RPCError):
        await look_at(deferring, held_at + waited)
    assert await bench.value(_OPENED, case_no) == 1
    board.away = False
    for later, reached in ((DEFER_MAX - timedelta(seconds=1), 0), (DEFER_MAX, 1)):
        await bench.pool.execute("UPDATE hold_request SET planned_at = $1", held_at + later)
        await look_at(deferring, held_at + later)
        assert len(board.reached) == reached


async def test_a_case_with_a_request_at_a_bank_waits_though_nothing_comes(
    deferring: ProcedureStarter, bench: Bench
) -> None:
    case_no, busy_at = await quiet_case(bench)
    asked = "UPDATE hold_request SET state = 'delivered', sent_at = $2 WHERE case_no = $1"
    await bench.pool.execute(asked, case_no, busy_at)
    held_at = await bench.value("SELECT held_at FROM held_hop WHERE case_no = $1", case_no)
    for waited, done in ((timedelta(minutes=4), 0), (DEFER_MAX, 1)):
        await look_at(deferring, held_at + waited)
        assert await bench.value(_OPENED, case_no) == done


async def test_a_case_that_is_locked_is_left_alone_until_its_work_is_overdue(
    deferring: ProcedureStarter, bench: Bench
) -> None:
    case_no, busy_at = await quiet_case(bench)
    free, _ = await quiet_case(bench)
    held_at = await bench.value("SELECT held_at FROM held_hop WHERE case_no = $1", case_no)
    async with bench.pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
            await look_at(deferring, busy_at + timedelta(seconds=30))
            assert (await bench.value(_OPENED, case_no), await bench.value(_OPENED, free)) == (0, 1)
            overdue = asyncio.create_task(look_at(deferring, held_at + DEFER_MAX))
            await asyncio.sleep(0.5)
            assert not overdue.done(), "it waits for the lock"
        await overdue
    assert await bench.value(_OPENED, case_no) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_in_any_order_of_a_rush_nothing_waits_longer_than_five_minutes(
    deferring: ProcedureStarter, bench: Bench, board: Board, seed: int
) -> None:
    dice = random.Random(seed)
    cases = [await quiet_case(bench) for _ in range(3)]
    now = max(at for _, at in cases)
    for _ in range(30):
        now += timedelta(seconds=dice.choice([1, 20, 100, 290]))
        match dice.randrange(4):
            case 0:
                await bench.pool.execute("UPDATE hold_request SET planned_at = $1", now)
            case 1:
                case_no, _ = dice.choice(cases)
                asked = "UPDATE hold_request SET state = $3, sent_at = $2 WHERE case_no = $1"
                await bench.pool.execute(asked, case_no, now, dice.choice(["delivered", "answered"]))
            case 2:
                news = "INSERT INTO procedure_news (workflow_id, created_at) SELECT workflow_id, $1 FROM procedure"
                await bench.pool.execute(news, now)
            case _:
                pass
        await look_at(deferring, now)
        async with deferring.ctx.pool.acquire() as connection:
            assert (await due_list.backlog(connection)).lag_seconds < DEFER_MAX.total_seconds()
    await look_at(deferring, now + DEFER_MAX)
    await look_at(deferring, now + 2 * DEFER_MAX)
    began = [workflow_id for kind, workflow_id, _ in board.reached if kind == "RestorationWorkflow"]
    assert len(set(began)) == len(cases)
    assert [(await bench.events(case_no)).count("hold_began") for case_no, _ in cases] == [1] * len(cases)


# -- the release before ------------------------------------------------------------------------------------------------


async def test_workflows_of_the_release_before_are_ended_once_and_their_rows_are_due(
    ctx: Context, bench: Bench, temporal_client: Client
) -> None:
    await number_apart(ctx.pool)
    case_no = await held_case(bench, f"1{rrn()}")
    await opening.open_for_new_holds(ctx, case_no)
    starter = ProcedureStarter(ctx, temporal_client)
    listed = ["HoldWorkflow", "DutiesWorkflow"]
    rows = await bench.rows("SELECT workflow_id FROM procedure WHERE kind IN ('hold', 'duties') ORDER BY kind DESC")
    ids = [workflow_id for (workflow_id,) in rows]
    for kind, workflow_id in zip(listed, ids, strict=True):
        await temporal_client.start_workflow(kind, id=workflow_id, task_queue="nobody-works-here")
    await bench.pool.execute("UPDATE procedure SET due_at = NULL, started_at = now()")

    async def ended() -> bool:
        starter._earlier_ended_at = None
        await starter._end_earlier_workflows(ctx.now())
        found = [await temporal_client.get_workflow_handle(workflow_id).describe() for workflow_id in ids]
        return all(one.status is WorkflowExecutionStatus.TERMINATED for one in found)

    await until(ended, 60)
    assert await bench.value("SELECT count(*) FROM procedure WHERE due_at IS NOT NULL AND kind <> 'restoration'") == 2
    assert await starter._end_earlier_workflows(ctx.now()) == 0
