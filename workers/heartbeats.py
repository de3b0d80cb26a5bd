"""Saying that a hand lives while it works, so that one which died with its worker or its server is soon run again."""

import asyncio
from typing import Any, Final

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

BEATS_A_TIMEOUT: Final = 3
"""one may be lost; a worker must not keep them back for longer (`max_heartbeat_throttle_interval`)"""


class Heartbeats(Interceptor):
    """For a worker: whatever activity has a heartbeat timeout beats as long as it runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put the beat around each attempt."""
        return _Living(next)


class _Living(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        timeout = activity.info().heartbeat_timeout
        if not timeout:
            return await self.next.execute_activity(input)
        beating = asyncio.create_task(_beat(timeout.total_seconds() / BEATS_A_TIMEOUT))
        try:
            return await self.next.execute_activity(input)
        finally:
            beating.cancel()


async def _beat(every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        activity.heartbeat()
