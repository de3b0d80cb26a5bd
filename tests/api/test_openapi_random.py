"""Random requests: what the edges of each parameter by itself do not show."""

import asyncio
from collections.abc import Callable
from itertools import cycle
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.api.openapi_world import AnyCase, World, described, everything, filled, judge
from tests.deep import database_settings

__all__ = ["everything", "filled"]

DESCRIBED: Final = described()
RANDOM: Final = database_settings(2, steps=50)
PARTS: Final = 2
ANSWER_SECONDS: Final = 60.0


@pytest.mark.parametrize("part", range(PARTS))
async def test_random_requests(everything: World, part: int, subtests: pytest.Subtests) -> None:
    for operation_id in sorted(DESCRIBED.operations)[part::PARTS]:
        with subtests.test(operation_id):
            await asyncio.to_thread(tries(everything, operation_id, asyncio.get_running_loop()))


def tries(everything: World, operation_id: str, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    """The tries of an operation, for a thread: Hypothesis does not wait, and the application runs in `loop`."""
    operation = DESCRIBED.operations[operation_id]
    callers = cycle(DESCRIBED.rightful(operation_id))
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

    @RANDOM
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def try_it(case: AnyCase) -> None:
        told = asyncio.run_coroutine_threadsafe(everything.call(case, next(callers)), loop)
        judge(case, told.result(ANSWER_SECONDS))

    return try_it
