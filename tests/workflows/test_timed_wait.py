"""A wait that the condition and the timer end in the same moment."""

import asyncio

from workflows.case_state import _resolve


async def test_the_first_of_condition_and_timer_decides() -> None:
    for first in (True, False):
        resumed = asyncio.get_running_loop().create_future()
        _resolve(resumed, first)
        _resolve(resumed, not first)
        assert await resumed is first
