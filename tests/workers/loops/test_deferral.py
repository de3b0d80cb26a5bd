"""The procedure starter defers to cases whose money is traced, and to the golden hour, for some minutes at most."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from temporalio.service import RPCError

from activities.context import Context
from activities.recovery import hold_lifecycle
from db.recovery import due_documents
from domain.policy.model import load_policy
from tests.activities.bench import Bench
from tests.activities.recovery.test_hold_opening import held_case
from tests.clock import Clock, at_clock
from tests.factories import rrn
from tests.workers.loops.board import Board, bench, board, ctx, with_priority
from workers.loops import procedures
from workers.loops.procedures import ProcedureStarter

__all__ = ["bench", "board", "ctx"]


@pytest.fixture
def patient(ctx: Context, board: Board) -> ProcedureStarter:
    """The procedure starter that gathers holds as the packaged policy says, at a time that tests move."""
    return ProcedureStarter(at_clock(with_priority(ctx, quiet_seconds=0), Clock(ctx.now())), board)  # type: ignore[arg-type]


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
    await asyncio.gather(*(hold_lifecycle.open_for_new_holds(bench.ctx, case_no) for _ in range(5)))
    assert await bench.value("SELECT count(*) FROM account_hold WHERE case_no = $1", case_no) == 2
    assert await bench.value("SELECT count(*) FROM restoration WHERE case_no = $1", case_no) == 1
    await bench.check(case_no)


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
            assert (await due_documents.backlog(connection)).lag_seconds < DEFER_MAX.total_seconds()
    await look_at(deferring, now + DEFER_MAX)
    await look_at(deferring, now + 2 * DEFER_MAX)
    began = [workflow_id for kind, workflow_id, _ in board.reached if kind == "RestorationWorkflow"]
    assert len(set(began)) == len(cases)
    assert [(await bench.events(case_no)).count("hold_began") for case_no, _ in cases] == [1] * len(cases)
