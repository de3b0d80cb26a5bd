"""A lost run of a case had progressed further than its successor knows: the database has the true state."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities import outbox
from activities.banks.delivery import BankDelivery
from activities.context import Context
from activities.outbox import SweepActivities
from activities.tracing.hold_requests import CaseActivities
from adapters.banks.protocol import HoldTicket
from db.cases import cases
from schemas.enums import ChannelKind
from schemas.outbox.case import CaseStart, FollowUp, HopRef, SendHoldRequest
from tests.factories import moved, row, rrn, transfer
from tests.workflows.stage import Stage, stage_workers, staged
from workers.worker import Queues
from workflows.case import request_id


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[Stage]:
    """A stage on which cases run and no worker calls a bank yet."""
    async with staged(ctx, temporal_client, queues=[Queues.CASE_WORK]) as stage:
        yield stage


@pytest.fixture
def said(stage: Stage) -> dict[UUID, set[tuple[str, ...]]]:
    """Return by Idempotency-Key every content of the calls to a bank."""
    contents: dict[UUID, set[tuple[str, ...]]] = {}

    async def listen(_code: str, ticket: HoldTicket) -> None:
        contents.setdefault(ticket.request_id, set()).add(tuple(incident.rrn for incident in ticket.incidents))

    stage.banks.at_the_door = listen
    return contents


async def known_to_the_next_run(stage: Stage, case_no: str) -> CaseStart:
    async with stage.ctx.pool.acquire() as connection:
        return await cases.snapshot(connection, case_no)


async def asked_by_the_lost_run(stage: Stage, case_no: str, batch_no: int, *hop_nos: int) -> None:
    """Make a call of a lost run, to its end."""
    order = SendHoldRequest(
        case_no=case_no,
        request_id=request_id(case_no, batch_no, "HDFC"),
        batch_no=batch_no,
        institution="HDFC",
        hops=tuple(HopRef(hop_no=hop_no, revision=0) for hop_no in hop_nos),
    )
    try:
        await CaseActivities(
            stage.ctx, BankDelivery(stage.ctx, {ChannelKind.I4C: stage.banks}), None
        ).send_hold_request(order)
    except ApplicationError:
        assert stage.banks.down


@pytest.mark.parametrize("reached", [True, False], ids=["the bank has it", "the bank was down"])
async def test_what_the_lost_run_did_not_ask_under_a_key_goes_out_under_another(
    stage: Stage, said: dict[UUID, set[tuple[str, ...]]], reached: bool
) -> None:
    first, second = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=first), transfer(reference=second), notify=False)
    start = await known_to_the_next_run(stage, case_no)
    stage.banks.down = set() if reached else {"HDFC"}
    await asked_by_the_lost_run(stage, case_no, 1, 1)
    stage.banks.down.clear()
    await stage.notify(FollowUp(case_no=case_no, start=start))
    async with stage_workers(stage, [Queues.BANK_CALLS]):
        await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
        assert sorted(stage.banks.asked()) == sorted([("HDFC", [first]), ("HDFC", [second])])
        assert list(said.values()) == [{(first,)}, {(second,)}]
        await stage.answer("HDFC", case_no, row(1, first, "10000.00"), row(1, second, "10000.00"))
        assert (await stage.outcome(case_no)).batches == 2


async def test_what_the_lost_run_asked_under_another_key_is_not_asked_again(
    stage: Stage, said: dict[UUID, set[tuple[str, ...]]]
) -> None:
    """Its second batch was written before its first; the bank has neither. A new batch has neither's number."""
    first, second = transfer(), transfer()
    case_no = await stage.complain(first, second, notify=False)
    start = await known_to_the_next_run(stage, case_no)
    stage.banks.down.add("HDFC")
    await asked_by_the_lost_run(stage, case_no, 2, 2)
    stage.banks.down.clear()
    await stage.notify(FollowUp(case_no=case_no, start=start))
    async with stage_workers(stage, [Queues.BANK_CALLS]):
        await stage.until_row(2, "SELECT count(*) FROM hold_request WHERE state = 'delivered'")
        assert len((await stage.progress(case_no)).live_requests) == 2
        assert sorted(stage.banks.asked_of(case_no)) == sorted([first["rrn"], second["rrn"]])
        third = transfer()
        assert await stage.complain(first, third) == case_no
        await stage.until_asked(3)
        assert set(said) == {UUID(request_id(case_no, batch_no, "HDFC")) for batch_no in (1, 2, 3)}
        assert all(len(contents) == 1 for contents in said.values())


async def test_what_the_lost_run_asked_besides_is_pursued_with_the_request(
    stage: Stage, said: dict[UUID, set[tuple[str, ...]]]
) -> None:
    """A start with a part of the open hops meets a request with more of them."""
    first, second = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=first), transfer(reference=second), notify=False)
    start = await known_to_the_next_run(stage, case_no)
    stage.banks.down.add("HDFC")
    await asked_by_the_lost_run(stage, case_no, 1, 1, 2)
    stage.banks.down.clear()
    await stage.notify(FollowUp(case_no=case_no, start=start.model_copy(update={"open_hops": start.open_hops[:1]})))
    async with stage_workers(stage, [Queues.BANK_CALLS]):
        await stage.until_row("delivered", "SELECT state FROM hold_request")
        assert list(said.values()) == [{(first, second)}]
        await stage.answer("HDFC", case_no, row(1, first, "10000.00"))
        assert len((await stage.progress(case_no)).live_requests) == 1, "it waits for the other hop"
        await stage.answer("HDFC", case_no, row(1, second, "10000.00"))
        assert (await stage.outcome(case_no)).requests == 1


async def test_a_request_of_the_lost_run_that_is_over_holds_no_other_hop_up(
    stage: Stage, said: dict[UUID, set[tuple[str, ...]]]
) -> None:
    first, second = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=first), transfer(reference=second), notify=False)
    start = await known_to_the_next_run(stage, case_no)
    await asked_by_the_lost_run(stage, case_no, 1, 1)
    await stage.answer("HDFC", case_no, row(1, first, "10000.00"), notify=False)
    await stage.notify(FollowUp(case_no=case_no, start=start))
    async with stage_workers(stage, [Queues.BANK_CALLS]):
        await stage.until_asked(2)
        assert list(said.values()) == [{(first,)}, {(second,)}]
        await stage.answer("HDFC", case_no, row(1, second, "10000.00"))
        await stage.outcome(case_no)


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
