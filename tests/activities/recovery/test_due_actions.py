"""Times that come from a workflow: a clock that is ahead of the database's makes nothing due."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel
from temporalio.exceptions import ApplicationError

from activities.case.outbox import SweepActivities
from activities.case.transaction import AHEAD_MAX, LOOK_AGAIN_MAX, TOO_EARLY, refuse_if_early, time_of_action
from activities.context import Context
from activities.recovery.orders import cancel_order
from db.pool import Pool
from schemas.procedures import ActionInput, OrderEscalationLevel
from schemas.recovery.restorations import ClockAction
from tests.activities.bench import Bench
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_cancellations import Back
from tests.activities.recovery.test_grievance_decisions import an_appeal
from tests.activities.recovery.test_orders import Road, road_on
from tests.activities.restoration_bench import Home
from tests.each import each
from tests.factories import make_context
from tests.paths import ROOT

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
FAR = timedelta(days=100)
"""a clock that jumped by three months"""
TIMES = {
    "ActionInput.at": "judged by `activities.case.transaction`",
    "RequestTimes.received_at": "measured only",
    "RequestTimes.committed_at": "measured only",
    "RequestTimes.workflow_began_at": "measured only",
}
"""every time that a workflow gives to an activity, with what the activity makes of it"""
READERS = {
    "read_restoration_state": "times of the workflow's next waits",
    "read_grievance_state": "times of the workflow's next waits",
    "read_order_state": "times of the workflow's next waits",
    "time_of_action": "it compares",
    "refuse_if_early": "it compares",
}
"""functions that read the time of an `ActionInput`"""


def asked(at: datetime) -> ActionInput:
    return ActionInput(subject="s", case_no="c", at=at)


# -- the comparison --------------------------------------------------------------------------------------------------


def test_h9_a_clock_that_is_far_ahead_counts_as_a_minute_ahead() -> None:
    assert time_of_action(asked(NOW + FAR), NOW) == NOW + AHEAD_MAX
    assert time_of_action(asked(NOW + AHEAD_MAX), NOW) == NOW + AHEAD_MAX
    assert time_of_action(asked(NOW - FAR), NOW) == NOW - FAR


@each("due_in", [timedelta(seconds=61), timedelta(minutes=3), timedelta(days=30)])
def test_h9_what_is_not_due_by_the_database_is_tried_again_when_it_is(due_in: timedelta) -> None:
    with pytest.raises(ApplicationError) as error:
        refuse_if_early(asked(NOW + FAR), NOW + due_in, NOW)
    assert error.value.type == TOO_EARLY
    assert not error.value.non_retryable
    assert error.value.next_retry_delay == min(due_in, LOOK_AGAIN_MAX)


@each("due_in", [timedelta(0), timedelta(seconds=60), -FAR])
def test_h9_what_is_due_by_the_database_is_done_whatever_the_workflow_says(due_in: timedelta) -> None:
    refuse_if_early(asked(NOW + FAR), NOW + due_in, NOW)


def test_h9_what_is_not_due_by_the_workflow_either_is_no_error() -> None:
    refuse_if_early(asked(NOW), NOW + FAR, NOW)


# -- every activity --------------------------------------------------------------------------------------------------


def activities() -> Iterator[Any]:
    """Give the functions of all activities."""
    for file in (ROOT / "activities").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and "activity.defn" in ast.unparse(node):
                module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                found = getattr(import_module(module), node.name)
                yield from (one for one in vars(found).values() if hasattr(one, "__temporal_activity_definition"))


def times(model: Any) -> Iterator[str]:
    """Give the names of the fields with a time in a model and in those inside it."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, info in model.model_fields.items():
            for part in parts(info.annotation):
                if part in {datetime, AwareDatetime}:
                    yield f"{model.__name__}.{name}"
                else:
                    yield from times(part)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def test_h9_every_time_from_a_workflow_is_known() -> None:
    found = list(activities())
    assert SweepActivities.sweep_outbox in found
    hints = [get_type_hints(one) for one in found]
    given = {time for hint in hints for name, model in hint.items() if name != "return" for time in times(model)}
    assert given == set(TIMES), "a new time is compared with the database's clock, or it is named here"


def test_h9_the_workflows_time_is_read_only_where_it_is_compared() -> None:
    readers = set()
    for file in (ROOT / "activities").rglob("*.py"):
        text = file.read_text()
        # To parse every file takes seconds.
        for function in ast.walk(ast.parse(text)) if "ActionInput" in text else ():
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            inputs = {one.arg for one in function.args.args if one.annotation and "ActionInput" in ast.unparse(one)}
            reads = {f"{name}.at" for name in inputs}
            if any(isinstance(node, ast.Attribute) and ast.unparse(node) in reads for node in ast.walk(function)):
                readers.add(function.name)
    assert readers == set(READERS)


# -- on rows ---------------------------------------------------------------------------------------------------------


async def test_h9_a_step_is_not_escalated_before_the_database_says_so(ctx: Context) -> None:
    home = Home(ctx)
    case_no = await home.hold(100)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    early = home.asked(restoration, ClockAction.ESCALATE).model_copy(update={"at": home.clock.at + FAR})
    with pytest.raises(ApplicationError) as error:
        await home.engine.escalate_step(early)
    assert error.value.type == TOO_EARLY
    assert "restoration_overdue" not in await home.bench.events(case_no)
    home.clock.at += timedelta(days=99)
    await home.engine.escalate_step(early)
    assert "restoration_overdue" in await home.bench.events(case_no)


async def test_h9_a_step_without_an_end_does_not_end_early(ctx: Context) -> None:
    home = Home(ctx)
    restoration = await home.of(await home.hold(100))
    early = home.asked(restoration, ClockAction.END_STEP).model_copy(update={"at": home.clock.at + FAR})
    with pytest.raises(ApplicationError):
        await home.engine.move_restoration(early)
    assert await home.bench.value("SELECT step FROM restoration WHERE restoration_id = $1", restoration) == "collecting"


async def test_h9_a_grievance_does_not_move_up_before_the_database_says_so(ctx: Context) -> None:
    appeal = await an_appeal(Holds(ctx))
    await appeal.file()
    early = appeal.asked("escalate").model_copy(update={"at": appeal.holds.clock.at + FAR})
    before = await appeal.stands()
    with pytest.raises(ApplicationError) as error:
        await appeal.engine.move_grievance(early)
    assert error.value.type == TOO_EARLY
    assert await appeal.stands() == before


@pytest.fixture
async def road(database: Pool) -> Road:
    return await road_on(Bench(await make_context(database)))


async def level_of(road: Road, table: str, order_id: UUID) -> Any:
    return await road.bench.value(f"SELECT level FROM {table} WHERE order_id = $1", order_id)


async def test_h9_an_order_is_not_escalated_before_the_database_says_so(road: Road) -> None:
    order_id = await road.ordered.order()
    early = road.asked(order_id, OrderEscalationLevel.REMINDER).model_copy(update={"at": road.bench.ctx.now() + FAR})
    with pytest.raises(ApplicationError) as error:
        await road.ctx.escalate_order(early)
    assert error.value.type == TOO_EARLY
    assert await level_of(road, "bank_order", order_id) is None


async def test_h9_a_cancellation_is_not_escalated_before_the_database_says_so(road: Road) -> None:
    back = Back(road)
    order_id = await road.ordered.order()
    assert await road.send(order_id)
    await cancel_order(road.bench.ctx, order_id, "wrong account", "officer:sp")
    level = OrderEscalationLevel.DESK_TASK
    early = road.asked(order_id, level).model_copy(update={"at": road.bench.ctx.now() + FAR})
    with pytest.raises(ApplicationError) as error:
        await back.ctx().escalate_cancellation(early)
    assert error.value.type == TOO_EARLY
    assert await level_of(road, "order_cancellation", order_id) is None
