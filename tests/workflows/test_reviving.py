"""A start, a signal, a result or a whole run is lost: the requests are planned already, and each bank is asked once."""

from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.case import outbox
from activities.case.outbox import SweepActivities
from activities.context import Context
from adapters.banks.protocol import HoldTicket
from domain.case.requests import request_id
from tests.factories import moved, row, rrn, transfer
from tests.workflows.stage import Stage, stage_workers, staged


async def swept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one sweep that looks at rows of any age."""
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()


def keys(stage: Stage) -> list[UUID]:
    """Return the Idempotency-Key of every call."""
    return [key for _, key in stage.banks.attempts]


async def test_a_planned_request_whose_start_was_lost_goes_out_with_the_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await stage.complain(transfer(), notify=False)
    assert await stage.request_ids(case_no) == [request_id(case_no, 1, "HDFC")]
    await swept(stage, monkeypatch)
    await stage.until_asked(1)
    assert keys(stage) == [request_id(case_no, 1, "HDFC")]


async def test_a_planned_request_whose_signal_was_lost_goes_out_with_the_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    told = moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward)
    await stage.answer("HDFC", case_no, told, notify=False)
    await swept(stage, monkeypatch)
    await stage.until_asked(2)
    assert keys(stage) == [request_id(case_no, 1, "HDFC"), request_id(case_no, 2, "ICIC")]


async def test_a_signal_that_comes_twice_asks_once(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    told = moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward)
    receipt = await stage.answer("HDFC", case_no, told)
    await stage.notify(receipt.follow_up)
    await stage.until_asked(2)
    await stage.answer("ICIC", case_no, row(1, onward, "10000.00"))
    await stage.notify(receipt.follow_up)
    await stage.outcome(case_no)
    assert len(stage.banks.attempts) == 2


async def test_of_half_a_batch_only_the_other_half_goes_out_after_the_run_is_lost(stage: Stage) -> None:
    stage.banks.down.add("ICIC")
    case_no = await stage.complain(transfer(), transfer(payee_bank="ICIC"))
    await stage.until_row(1, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
    await stage.until(lambda: len(stage.banks.attempts) >= 2)
    await stage.handle(case_no).terminate("lost")
    stage.banks.down.clear()
    await stage.start_from_database(case_no)
    await stage.until_asked(2)
    assert [code for code, _ in stage.banks.attempts].count("HDFC") == 1
    assert set(keys(stage)) == {request_id(case_no, 1, bank) for bank in ("HDFC", "ICIC")}


async def test_a_request_that_the_bank_has_and_that_is_not_recorded_goes_out_under_the_same_key(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the bank's reply and the record of it."""
    record = "activities.case.request_sending.requests.delivered"

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError("the process is gone")

    with monkeypatch.context() as patched:
        patched.setattr(record, dies)
        case_no = await stage.complain(transfer())
        await stage.until_asked(1)
        await stage.handle(case_no).terminate("lost")
    await stage.start_from_database(case_no)
    await stage.until_row("delivered", "SELECT state FROM hold_request WHERE case_no = $1", case_no)
    assert set(keys(stage)) == {request_id(case_no, 1, "HDFC")}


async def test_a_bank_that_hangs_holds_the_workflow_only_as_long_as_a_call_from_a_batch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other bank's answer opens a hop, and its bank is asked while the first one still hangs."""
    monkeypatch.setattr("activities.banks.delivery.CALL_AT_ONCE_SECONDS", 0.2)
    hanging, root, onward = rrn(), rrn(), rrn()

    async def hang(code: str, ticket: HoldTicket) -> None:
        if code == "PUNB":
            await stage.until(lambda: any(bank == "ICIC" for bank, _ in stage.banks.tickets))

    stage.banks.at_the_door = hang
    case_no = await stage.complain(transfer(reference=hanging, payee_bank="PUNB"), transfer(reference=root))
    await stage.until_asked(1)
    await stage.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward))
    await stage.until_asked(3)
    assert [code for code, _ in stage.banks.tickets] == ["HDFC", "ICIC", "PUNB"]
    assert len(set(keys(stage))) == 3


async def test_a_start_that_finds_an_answered_request_asks_nothing(ctx: Context, temporal_client: Client) -> None:
    """The bank answered by phone before any worker ran."""
    root = rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        case_no = await stage.complain(transfer(reference=root))
        await stage.answer("HDFC", case_no, row(1, root, "10000.00"), notify=False)
        async with stage_workers(stage):
            await stage.outcome(case_no)
    assert stage.banks.attempts == []


async def test_the_mark_of_an_earlier_start_does_not_hide_a_reopened_case_from_the_sweep(
    ctx: Context, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case closes and is opened again before its first start is marked; the second start is lost."""
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    monkeypatch.setattr("workers.temporal.MARK_INTERVAL_SECONDS", 3600.0)
    root, onward = rrn(), rrn()
    async with staged(ctx, temporal_client) as stage:
        case_no = await stage.complain(transfer(reference=root))
        await stage.until_asked(1)
        await stage.answer("HDFC", case_no, row(1, root, "10000.00", status_code="01"))
        await stage.outcome(case_no)
        await stage.answer(
            "HDFC", case_no, moved(root, "10000.00", "ICIC", "7", rrn_transaction_id=onward), notify=False
        )
        await stage.ctx.pool.execute("UPDATE case_news SET signalled_at = now()")
        await stage.notifier.close()
        swept = await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()
        assert swept.cases_started == 1
        await stage.until_asked(2)
        await stage.notifier.close()
        assert (await SweepActivities(stage.ctx, stage.notifier.notify).sweep_outbox()).cases_started == 0
