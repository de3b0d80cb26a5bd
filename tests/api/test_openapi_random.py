"""Random requests: what the edges of each parameter by itself do not show."""

import asyncio
from collections.abc import Callable
from itertools import cycle
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.api.openapi_world import AnyCase, World, described, everything, filled, judge, new_world
from tests.deep import database_settings

__all__ = ["everything", "filled", "new_world"]

pytestmark = pytest.mark.world

RANDOM: Final = database_settings(2, steps=50)
ANSWER_SECONDS: Final = 60.0


async def test_random_requests(everything: World, subtests: pytest.Subtests) -> None:
    for operation_id in sorted(described().operations):
        with subtests.test(operation_id):
            await asyncio.to_thread(tries(everything, operation_id, asyncio.get_running_loop()))


def tries(everything: World, operation_id: str, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """The tries of an operation, for a thread: Hypothesis does not wait, and the application runs in `loop`."""
    operation = described().operations[operation_id]
    callers = cycle(described().rightful(operation_id))
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

    @RANDOM
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def try_it(case: AnyCase) -> None:
        told = asyncio.run_coroutine_threadsafe(everything.call(case, next(callers)), loop)
        judge(case, told.result(ANSWER_SECONDS))

    return try_it
