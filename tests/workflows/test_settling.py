"""The end of a case and what follows: nothing in play, or changes at the same moment, or long after."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.context import Context
from tests.factories import moved, row, rrn, transfer
from tests.workflows.gates import Gates
from tests.workflows.stage import Stage, stage_workers, staged
from workflows import options

SETTLE = "settle_case"


@pytest.fixture
def gates() -> Gates:
    """Gates after the stage's activities."""
    return Gates()


@pytest.fixture
async def gated(ctx: Context, temporal_client: Client, gates: Gates) -> AsyncIterator[Stage]:
    """A stage whose activities can be held back."""
    config = temporal_client.config()
    config["interceptors"] = [gates]
    async with staged(ctx, Client(**config)) as stage:
        yield stage


async def refused(stage: Stage, root: str) -> str:
    """A case in which the only bank has no such record, so its money is in no account."""
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00", status_code="01"))
    return case_no


async def test_news_between_settling_and_the_end_go_on(gated: Stage, gates: Gates) -> None:
    """The bank finds the money after all, just when the case has been recorded as closed."""
    root, onward = rrn(), rrn()
    gates.close(SETTLE)
    case_no = await refused(gated, root)
    await gates.reached(SETTLE)
    assert await gated.state(case_no) == "settled"
    await gated.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward))
    assert await gated.state(case_no) == "open"
    gates.open(SETTLE)
    await gated.until_asked(2)
    await gated.answer("ICIC", case_no, row(1, onward, "10000.00"))
    outcome = await gated.outcome(case_no)
    assert outcome.batches == 2
    assert await gated.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}
    assert await runs(gated, case_no) == 1


async def test_news_that_come_while_the_end_is_decided_without_a_signal(gated: Stage, gates: Gates) -> None:
    """The same, but the signal was lost: the workflow ends, and the sweep's notification revives the case."""
    root, onward = rrn(), rrn()
    gates.close(SETTLE)
    case_no = await refused(gated, root)
    await gates.reached(SETTLE)
    late = await gated.answer(
        "HDFC", case_no, moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward), notify=False
    )
    gates.open(SETTLE)
    await gated.outcome(case_no)
    assert await gated.state(case_no) == "open"
    await gated.notify(late.follow_up)
    await gated.until_asked(2)
    await gated.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await gated.until_state(case_no, "settled")
    assert await runs(gated, case_no) == 2


async def test_a_late_answer_revives_a_settled_case(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await refused(stage, root)
    await stage.outcome(case_no)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward))
    await stage.until_asked(2)
    assert await stage.state(case_no) == "open"
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    outcome = await stage.outcome(case_no)
    assert await stage.state(case_no) == "settled"
    assert outcome.batches == 2, "batches are counted on"
    assert len(set(await stage.request_ids(case_no))) == 2


async def test_a_late_answer_that_opens_nothing_revives_nothing(stage: Stage) -> None:
    root = rrn()
    case_no = await refused(stage, root)
    await stage.outcome(case_no)
    await stage.answer("HDFC", case_no, row(1, root, "10000.00"))
    assert await stage.state(case_no) == "settled"
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}
    assert await runs(stage, case_no) == 1


async def test_news_that_were_lost_are_found_when_the_case_would_settle(stage: Stage) -> None:
    """The workflow finds nothing open, but the database has a hop that it was never notified of."""
    first, second = transfer(), transfer(payee_bank="ICIC")
    case_no = await stage.complain(first)
    await stage.until_asked(1)
    assert await stage.complain(first, second, notify=False) == case_no
    await stage.answer("HDFC", case_no, row(1, first["rrn"], "10000.00"))
    await stage.until_asked(2)
    assert stage.banks.asked()[1] == ("ICIC", [second["rrn"]])
    await stage.answer("ICIC", case_no, row(1, second["rrn"], "10000.00"))
    await stage.outcome(case_no)


async def test_a_hop_that_cannot_be_routed_keeps_the_case_open(stage: Stage) -> None:
    known = transfer()
    case_no = await stage.complain(known, transfer(payee_bank="No Such Sahkari"))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, row(1, known["rrn"], "10000.00"))
    await stage.until_row("answered", "SELECT state FROM hold_request")
    progress = await stage.progress(case_no)
    assert (progress.hops_parked, progress.live_requests) == ((2,), ())
    assert await stage.status(case_no) is WorkflowExecutionStatus.RUNNING


async def test_more_open_hops_than_a_start_carries_are_fetched(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.case.cases.MAX_OPEN_HOPS_A_START", 5)
    monkeypatch.setattr(options, "SETTLE_RECHECK", options.SETTLE_RECHECK / 20)
    root = rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        case_no = await stage.complain(transfer(12_000_00, reference=root), notify=False)
        lines = [moved(root, "1000.00", "ICIC", f"0001234{number:05d}") for number in range(12)]
        told = await stage.answer("HDFC", case_no, *lines, notify=False)
        assert told.follow_up is not None
        async with stage_workers(stage):
            await stage.start_from_database(case_no)
            await stage.until(lambda: sum(len(rrns) for _, rrns in stage.banks.asked()) == 12)
    asked = [number for _, rrns in stage.banks.asked() for number in rrns]
    assert len(set(asked)) == 12


async def test_a_database_that_contradicts_itself_is_not_asked_without_pause(stage: Stage) -> None:
    """A hop is recorded as asked without a request: nothing can be done, and nothing may loop."""
    case_no = await stage.complain()
    await stage.until_row("delivered", "SELECT state FROM hold_request")
    await stage.ctx.pool.execute("UPDATE request_hop SET live = false")
    await stage.handle(case_no).terminate("by mistake")
    await stage.start_from_database(case_no)
    await asyncio.sleep(1.0)
    history = await stage.handle(case_no).fetch_history()
    assert len(history.events) < 20
    assert await stage.state(case_no) == "open"


async def runs(stage: Stage, case_no: str) -> int:
    """Return how many workflows the case has had."""
    return len(await stage.runs(case_no))
