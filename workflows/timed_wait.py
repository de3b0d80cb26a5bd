"""Wait for a condition or a timer in a workflow, in the same order of events on every Python version."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow


async def holds_within(condition: Callable[[], bool], timeout: timedelta) -> bool:
    """Wait until `condition` holds or `timeout` is over; return whether it held.

    `workflow.wait_condition(timeout=…)` is not used, because it rests on `asyncio.wait_for`. Python 3.12 rewrote that
    function, and it now resumes the caller after fewer turns of the event loop. A history recorded on one Python would
    then not replay on another. This function takes exactly the turns of Python 3.11: two after the condition, four
    after the timer, two where no time is left.
    """
    if timeout <= timedelta(0):
        await _turns(2)
        return False
    resumed = asyncio.get_running_loop().create_future()
    timer = asyncio.get_running_loop().call_later(timeout.total_seconds(), _resolve, resumed, False)
    waiting = asyncio.create_task(_resolve_when(condition, resumed))
    try:
        held: bool = await resumed
    finally:
        timer.cancel()
        waiting.cancel()
    if not held:
        await _turns(2)
    return held


async def _resolve_when(condition: Callable[[], bool], resumed: "asyncio.Future[bool]") -> None:
    await workflow.wait_condition(condition)
    _resolve(resumed, True)


def _resolve(resumed: "asyncio.Future[bool]", held: bool) -> None:
    if not resumed.done():
        resumed.set_result(held)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
