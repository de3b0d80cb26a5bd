"""Letting a workflow's time pass, with a limit on each wait for the server; activities at their workflow's time."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.context import Context
from schemas.procedures import ActionInput
from tests.clock import at_clock

PATIENCE_SECONDS = 40.0
TRIES = 5
LEAST = timedelta(milliseconds=100)


async def let_pass(skipper: TimeSkipper, handle: WorkflowHandle[Any, Any], wait: timedelta) -> None:
    """Advance a workflow's clock by `wait` and return when it is there.

    The server may miss the moment at which a busy workflow may skip: what is left is asked for again then.
    """
    until, left = await skipper.get_current_time(handle) + wait, wait
    for _ in range(TRIES):
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await skipper.fast_forward(handle, left)
                return
        left = until - await skipper.get_current_time(handle)
        if left < LEAST:
            return
    raise AssertionError(f"{wait} did not pass in {TRIES * PATIENCE_SECONDS:.0f} s")


_asked_at: ContextVar[datetime | None] = ContextVar("asked_at", default=None)
"""when the workflow asked for the activity that this task runs"""


class AtWorkflowTime(Interceptor):
    """Tells the context of `at_workflow_time` the time of the workflow that asked for an activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _ActivityAtWorkflowTime(next)


class _ActivityAtWorkflowTime(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        (asked,) = input.args
        assert isinstance(asked, ActionInput)
        _asked_at.set(asked.at)
        return await super().execute_activity(input)


def at_workflow_time(ctx: Context) -> Context:
    """Return the context for the activities of a worker with `AtWorkflowTime`.

    Outside tests the database and the workflows go by one time. Here the database has that of the calling workflow.
    """
    return at_clock(ctx, lambda: _asked_at.get() or ctx.now())
