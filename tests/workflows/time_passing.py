"""Letting a workflow's time pass, with a limit on each wait for the server."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

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
