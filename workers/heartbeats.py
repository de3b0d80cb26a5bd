"""Heartbeats of activities, so that Temporal soon retries one whose worker or server died."""

import asyncio
from typing import Any, Final

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

HEARTBEATS_PER_TIMEOUT: Final = 3
"""heartbeats per timeout: one may be lost. A worker must not hold them back longer than this
(`max_heartbeat_throttle_interval`)"""


class Heartbeats(Interceptor):
    """Worker interceptor: sends heartbeats while an activity with a heartbeat timeout runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap each attempt in heartbeats."""
        return _HeartbeatInbound(next)


class _HeartbeatInbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        timeout = activity.info().heartbeat_timeout
        if not timeout:
            return await self.next.execute_activity(input)
        heartbeats = asyncio.create_task(_send_heartbeats(timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT))
        try:
            return await self.next.execute_activity(input)
        finally:
            heartbeats.cancel()


async def _send_heartbeats(every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        activity.heartbeat()
