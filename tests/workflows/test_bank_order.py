"""Deadlines of an order: escalation, an unreachable bank, and no message sent twice."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from activities.context import Context
from activities.recovery.bank_replies import send_again
from activities.recovery.cancellations import record_attestation
from activities.recovery.orders import cancel_order
from adapters.banks.protocol import BankMisconfigured, BankUnreachable
from domain.policy.restoration import OrderRule
from schemas.procedures import OrderEscalationLevel
from tests.each import each
from tests.workflows.changed_order import NeverSends
from tests.workflows.order_stage import ORDER_PATHS, OrderStage, order_stage
from tests.workflows.record_histories import PROCEDURES, cleaned
from tests.workflows.record_orders import PREFIX
from workers.temporal import DATA_CONVERTER
from workflows.procedures import OrderWorkflow

FILES = sorted(PROCEDURES.glob(f"{PREFIX}*.json"))
DOWN = BankUnreachable("HDFC", "HTTP 503")
DAY = timedelta(days=1)

OPEN_TASKS = "SELECT count(*) FROM desk_task WHERE subject_kind = 'order' AND state = 'open'"


def with_rule(ctx: Context, rule: OrderRule) -> Context:
    return replace(ctx, policy=ctx.policy.model_copy(update={"order": rule}))


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[OrderStage]:
    async with order_stage(ctx, temporal_client) as stage:
        yield stage


async def test_an_order_that_is_done_at_once_ends_at_once(stage: OrderStage) -> None:
    ordered = await stage.ordered()
    order_id = await stage.begin(ordered)
    await stage.until_state(order_id, "delivered")
    await stage.do(order_id, lambda: ordered.confirm(order_id))
    await stage.outcome(order_id)
    assert [ticket.order.order_id for ticket in stage.wire.tickets] == [order_id]
    assert stage.letters.sent == []


async def test_no_response_escalates_each_level_in_its_time_and_takes_the_next_channel(stage: OrderStage) -> None:
    ordered = await stage.ordered()
    order_id = await stage.begin(ordered)
    await stage.until_state(order_id, "delivered")
    await stage.forward(order_id, timedelta(seconds=stage.policy_seconds(OrderEscalationLevel.REMINDER)) - DAY)
    assert await stage.bench.value("SELECT level FROM bank_order") is None
    await stage.forward(order_id, DAY)
    await stage.until("reminder", "SELECT level FROM bank_order")
    await stage.until_carried(order_id, 2)
    assert (len(stage.wire.tickets), len(stage.mail.tickets)) == (1, 1)
    for level in list(OrderEscalationLevel)[1:]:
        await stage.escalate(order_id, level)
    assert [to for to, _ in stage.letters.sent] == ["desk@hdfc.example", "nodal@hdfc.example"]
    after = await stage.bench.rows("SELECT level_at - planned_at FROM bank_order")
    whole = timedelta(seconds=sum(stage.policy_seconds(level) for level in OrderEscalationLevel))
    assert whole <= after[0][0] < whole + timedelta(minutes=10)
    assert (await stage.handle(order_id).describe()).status is WorkflowExecutionStatus.RUNNING
    await stage.do(order_id, lambda: ordered.confirm(order_id))
    await stage.outcome(order_id)
    assert (len(stage.wire.tickets), len(stage.mail.tickets)) == (1, 1), "no channel twice"
    assert await stage.bench.value(OPEN_TASKS) == 0


async def test_a_bank_that_is_away_for_hours_has_the_order_when_it_is_back(stage: OrderStage) -> None:
    stage.wire.outcomes += [DOWN] * 100
    stage.mail.outcomes += [DOWN] * 100
    ordered = await stage.ordered()
    order_id = await stage.begin(ordered)
    await stage.until_carried(order_id, 2)
    await stage.forward(order_id, timedelta(minutes=30))
    tried = len(stage.wire.tickets) + len(stage.mail.tickets)
    assert tried > 4, "it was tried again by itself"
    stage.wire.outcomes.clear()
    stage.mail.outcomes.clear()
    await stage.forward(order_id, timedelta(hours=4))
    await stage.until_state(order_id, "delivered")
    keys = {ticket.order.order_id for ticket in [*stage.wire.tickets, *stage.mail.tickets]}
    assert keys == {order_id}, "under one key"
    await stage.do(order_id, lambda: ordered.confirm(order_id))
    await stage.outcome(order_id)


async def test_no_response_escalates_on_though_no_bank_has_the_order(ctx: Context, temporal_client: Client) -> None:
    seldom = ctx.policy.order.model_copy(update={"try_again_seconds": 10 * DAY.total_seconds()})
    async with order_stage(with_rule(ctx, seldom), temporal_client) as stage:
        await escalates_on(stage)


async def escalates_on(stage: OrderStage) -> None:
    stage.wire.outcomes += [DOWN] * 1000
    stage.mail.outcomes += [DOWN] * 1000
    order_id = await stage.begin(await stage.ordered())
    await stage.until_carried(order_id, 2)
    await stage.escalate(order_id, OrderEscalationLevel.REMINDER)
    assert [to for to, _ in stage.letters.sent] == ["desk@hdfc.example"]
    await stage.do(order_id, lambda: cancel_order(stage.ctx, order_id, "not wanted", "officer:sp"))
    note = "told by telephone"
    await record_attestation(stage.ctx, order_id, note, "officer:sp")
    await stage.do(order_id, lambda: record_attestation(stage.ctx, order_id, note, "officer:chief"))
    await stage.outcome(order_id)


async def test_what_a_person_mends_and_sends_again_goes_at_once(stage: OrderStage) -> None:
    stage.wire.outcomes.append(BankMisconfigured("HDFC", "no secret"))
    stage.mail.outcomes.append(BankMisconfigured("HDFC", "no desk"))
    ordered = await stage.ordered()
    order_id = await stage.begin(ordered)
    await stage.until(1, "SELECT count(*) FROM desk_task WHERE cause = 'order_not_sent'")
    await stage.do(order_id, lambda: send_again(stage.ctx, order_id, "the key is in", "officer:desk"))
    await stage.until_state(order_id, "delivered")
    assert await stage.bench.value(OPEN_TASKS) == 0
    await stage.do(order_id, lambda: send_again(stage.ctx, order_id, "the bank has lost it", "officer:desk"))
    await stage.until(1, "SELECT round FROM bank_order")
    await stage.until_state(order_id, "delivered")
    await stage.do(order_id, lambda: ordered.confirm(order_id))
    await stage.outcome(order_id)


async def test_a_part_is_no_end_and_the_escalation_goes_on_until_the_last_paisa(stage: OrderStage) -> None:
    ordered = await stage.ordered()
    order_id = await stage.begin(ordered)
    await stage.until_state(order_id, "delivered")
    await stage.do(order_id, lambda: ordered.confirm(order_id, 599_99))
    await stage.escalate(order_id, OrderEscalationLevel.REMINDER)
    await stage.do(order_id, lambda: ordered.confirm(order_id, 1, "UTR2"))
    await stage.outcome(order_id)


@pytest.mark.parametrize("path", ORDER_PATHS, ids=lambda path: path.__name__)
async def test_the_ways_that_are_recorded_go_to_their_end(
    ctx: Context, temporal_client: Client, path: Callable[[Context, Client], Awaitable[list[WorkflowHistory]]]
) -> None:
    (history,) = await path(ctx, temporal_client)
    text = history.to_json()
    for personal in ("A. Victim", "9876543210", "30000000001", "000123456789", "text of the bank"):
        assert personal not in text


# -- replay ------------------------------------------------------------------------------------------------------------


async def replay(file: Path, of: type[OrderWorkflow]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    history = WorkflowHistory.from_json(content["workflow_id"], content["history"])
    await Replayer(workflows=[of], data_converter=DATA_CONVERTER).replay_workflow(history)


@each("file", FILES)
async def test_every_recorded_history_is_read_again(file: Path) -> None:
    await replay(file, OrderWorkflow)


@each("file", FILES)
async def test_a_changed_workflow_fails_the_replay(file: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replay(file, NeverSends)


def test_every_path_is_recorded_and_says_nothing_of_the_machine() -> None:
    assert {file.stem.removeprefix(PREFIX) for file in FILES} == {path.__name__ for path in ORDER_PATHS}
    for file in FILES:
        content = json.loads(file.read_text(encoding="utf-8"))
        assert cleaned(content) == content
