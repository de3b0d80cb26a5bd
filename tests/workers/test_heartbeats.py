"""Heartbeats of an activity, in the SDK's test environment."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from workers.temporal_access import Heartbeats


class Hand(ActivityInboundInterceptor):
    """An activity that works until the test ends it."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        await self.ends.wait()
        return "done"


@pytest.mark.parametrize("timeout_seconds", [0.03, None])
async def test_an_activity_with_a_heartbeat_timeout_beats_until_it_ends(timeout_seconds: float | None) -> None:
    hand = Hand()
    environment = ActivityEnvironment()
    timeout = timedelta(seconds=timeout_seconds) if timeout_seconds else None
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timeout)
    beats: list[object] = []

    def beat(*_details: object) -> None:
        beats.append(_details)
        if len(beats) == 5:
            hand.ends.set()

    environment.on_heartbeat = beat
    if timeout is None:
        hand.ends.set()
    around = Heartbeats().intercept_activity(hand)
    assert await environment.run(around.execute_activity, cast("ExecuteActivityInput", None)) == "done"
    assert len(beats) == (5 if timeout else 0)
    await asyncio.sleep(0.05)
    assert len(beats) == (5 if timeout else 0), "who has ended is silent"
