"""A small seeded world, played once in calm and once while every process is killed: what was said is never lost.

What must hold at the end of either day: every complaint and every answer that was acknowledged is in the database, no
bank was asked twice for the same money, the ledger says of every held rupee what the banks' own books say, and no case
is left open without a reason.
"""

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from tests.deep import DEEP
from tests.e2e.live import Live, live
from tests.ground import Ground
from workflows.case import CaseWorkflow, case_workflow_id
from workflows.options import RESTORATION_QUEUE

pytestmark = pytest.mark.world

COMPLAINTS = 15 if DEEP else 10
CALM_COMPLAINTS = 15
CLOCK_FACTOR = 120.0
CALM_CLOCK_FACTOR = 60.0
"""what is caught depends on how long the engine takes: at this factor a busy machine is quick enough"""
DAY_WALL_SECONDS = 12.0
END_LIMIT_SECONDS = 400.0
"""bounds a day that hangs; a busy machine needs longer than a quiet one"""
AFTER_A_KILL_SECONDS = 120.0
CATCHES_AT_LEAST = 0.9

HARMLESS = Knobs.none().model_copy(
    update={
        "duplicate_complaint": 0.2,
        "repeated_post": 0.2,
        "bad_rrn": 0.1,
        "zero_padded_account": 0.1,
        "duplicate_row": 0.1,
        "duplicate_post": 0.1,
        "early_answer": 0.1,
        "late_answer": 0.05,
        "partial_answer": 0.2,
        "token_loss": 0.02,
    }
)
"""Traps that change nothing of what is true: repetitions; early, late, partial answers; what the desk corrects."""


def world(seed: int) -> SimulatorConfig:
    """Some complaints within twelve seconds; the slow classes of bank are quick enough to wait for."""
    return SimulatorConfig(
        seed=seed,
        complaints=COMPLAINTS,
        institutions=12,
        clock_factor=CLOCK_FACTOR,
        day_seconds=DAY_WALL_SECONDS * CLOCK_FACTOR,
        knobs=HARMLESS,
        delays=BankDelays(
            api=Delay(median=30.0, sigma=0.6, least=2.0, most=120.0),
            seat=Delay(median=120.0, sigma=0.3, least=60.0, most=240.0),
            mail=Delay(median=180.0, sigma=0.3, least=90.0, most=360.0),
        ),
        correction_delay=Delay(median=60.0, least=30.0),
    )


async def over(engine: Live) -> bool:
    """Whether every complaint is taken, no bank is to say or to be asked anything, and every case is settled."""
    complaints = engine.sim.state()["complaints"]
    assert isinstance(complaints, dict)
    if not complaints["done"] or not all(ticket.answered for ticket in engine.sim.banks.book.tickets):
        return False
    left: int = await engine.pool.fetchval(
        "SELECT (SELECT count(*) FROM case_file WHERE state = 'open')"
        " + (SELECT count(*) FROM hop_retry WHERE due_at IS NOT NULL)"
    )
    return left == 0


async def reasons_to_be_open(engine: Live) -> dict[str, list[str]]:
    """Every open case with what it waits for, for the message of a failure."""
    rows = await engine.pool.fetch(
        "SELECT c.case_no, array_agg(DISTINCT h.state || ' at ' || coalesce(h.institution, 'nobody')"
        " || coalesce(' (' || r.state || ')', '')) AS why"
        " FROM case_file c JOIN hop h USING (case_no)"
        " LEFT JOIN request_hop rh ON rh.case_no = h.case_no AND rh.hop_no = h.hop_no AND rh.live"
        " LEFT JOIN hold_request r USING (request_id)"
        " WHERE c.state = 'open' AND h.state <> 'closed' GROUP BY c.case_no"
    )
    return {row["case_no"]: row["why"] for row in rows}


async def left_to_do(engine: Live) -> dict[str, object]:
    """What a day that does not end still waits for, for the message of a failure."""
    client = await engine.temporal()
    waits = {}
    for row in await engine.pool.fetch("SELECT case_no FROM case_file WHERE state = 'open'"):
        found = (await client.get_workflow_handle(case_workflow_id(row["case_no"])).describe()).raw_description
        waits[row["case_no"]] = [*found.pending_activities, found.pending_workflow_task]
    return {
        "complaints": engine.sim.state()["complaints"],
        "not answered": [t for t in engine.sim.banks.book.tickets if not t.answered],
        "open": await reasons_to_be_open(engine),
        "workflows": waits,
    }


async def check_nothing_is_lost(engine: Live) -> None:
    """What must hold at the end of a day."""
    assert await reasons_to_be_open(engine) == {}
    await check_complaints(engine)
    await check_tickets(engine)
    await check_money(engine)
    await check_workflows(engine)
    verdict = await engine.verified()
    assert verdict.as_text() == "clean"
    assert verdict.cases > 0


async def check_complaints(engine: Live) -> None:
    """Every number that was given out resolves, once, to the case that was named with it."""
    given = {record.ack_no: record.case_ack_no for record in engine.sim.records}
    assert len(given) == len({record.plan.key for record in engine.sim.records})
    rows = await engine.pool.fetch("SELECT ack_no, case_no FROM complaint")
    assert {row["ack_no"]: row["case_no"] for row in rows} == given


async def check_tickets(engine: Live) -> None:
    """No bank was asked twice, every ticket is a request of ours, and every accepted answer is with us."""
    book = engine.sim.banks.book
    assert book.repeated_requests == []
    asked = Counter((ticket.bank.code, ticket.key) for ticket in book.tickets)
    assert max(asked.values()) == 1, "a repeated request is the same ticket"
    rows = await engine.pool.fetch("SELECT institution, request_id::text, job_id FROM hold_request")
    jobs = {(row["institution"], row["request_id"]): row["job_id"] for row in rows}
    assert jobs.keys() == {(ticket.bank.code, ticket.key) for ticket in book.tickets}
    # Where the worker died between the call and writing it down, the answer came before the job's number.
    assert [t.key for t in book.tickets if jobs[t.bank.code, t.key] not in {t.job_id, None}] == []
    assert [t.key for t in book.tickets if any(post.gave_up for post in t.posts)] == []
    answered = {row["job_id"] for row in await engine.pool.fetch("SELECT DISTINCT job_id FROM status_update")}
    assert answered == {ticket.job_id for ticket in book.tickets if ticket.posts}


async def check_money(engine: Live) -> None:
    """The ledger has on hold what the banks have on hold, and every rupee of the loss has its place."""
    rows = await engine.pool.fetch(
        "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance GROUP BY bucket"
    )
    paise = Counter({row["bucket"]: row["paise"] for row in rows})
    assert paise["held"] == engine.sim.world.held_paise > 0
    assert paise["in_play"] == 0
    assert -paise["lost"] == sum(found for bucket, found in paise.items() if bucket != "lost")
    engine.sim.world.check()


async def check_workflows(engine: Live) -> None:
    """No workflow runs for a case that is settled, and none has failed."""
    client = await engine.temporal()
    query = f"WorkflowType = '{CaseWorkflow.__name__}' AND ExecutionStatus = "

    async def none_runs() -> bool:
        return (await client.count_workflows(query + "'Running'")).count == 0

    await engine.until(none_runs, 240, "every workflow ends")
    for status in (WorkflowExecutionStatus.FAILED, WorkflowExecutionStatus.TIMED_OUT):
        assert (await client.count_workflows(f"{query}'{status.name.title().replace('_', '')}'")).count == 0


@pytest.mark.skipif(not DEEP, reason="in `make deep`; `make world` has the night at the desk")
async def test_a_calm_day_catches_what_can_be_caught(tmp_path: Path, ground: Ground) -> None:
    config = world(seed=11).model_copy(update={"clock_factor": CALM_CLOCK_FACTOR, "complaints": CALM_COMPLAINTS})
    async with live(tmp_path / "home", config, ground) as engine:
        engine.play()
        await engine.until(lambda: over(engine), END_LIMIT_SECONDS, "the day ends", left=partial(left_to_do, engine))
        await check_nothing_is_lost(engine)
        truth = engine.sim.state()["truth"]
        assert isinstance(truth, dict)
        assert truth["caught_of_catchable"] >= CATCHES_AT_LEAST


async def test_a_day_on_which_everything_is_killed_loses_nothing(tmp_path: Path) -> None:
    async with live(tmp_path / "home", world(seed=12)) as engine:
        engine.play()
        for victim in (
            "worker --queue golden-hour",
            f"worker --queue {RESTORATION_QUEUE}",
            "intake",
            "officers",
            "temporal",
            "postgres",
        ):
            await busy(engine)
            await kill(engine, victim)
        await engine.until(lambda: over(engine), END_LIMIT_SECONDS, "the day ends", left=partial(left_to_do, engine))
        await check_nothing_is_lost(engine)


async def busy(engine: Live) -> None:
    """Wait until the engine is in the middle of things: banks have got tickets since."""
    before = len(engine.sim.banks.book.tickets)

    async def asked() -> bool:
        return len(engine.sim.banks.book.tickets) >= before + 3

    await engine.until(asked, AFTER_A_KILL_SECONDS, "banks are asked")


async def kill(engine: Live, victim: str) -> None:
    """Kill a process or a service, and wait until another runs in its place."""
    before = engine.pid(victim)
    assert before is not None
    os.kill(before, signal.SIGKILL)

    async def replaced() -> bool:
        return engine.pid(victim) not in {before, None}

    await engine.until(replaced, AFTER_A_KILL_SECONDS, f"{victim} runs again")
    await engine.until(engine.database_answers, AFTER_A_KILL_SECONDS, "the database answers")
