"""Gates that hold an activity at its end: its work is done, but the workflow does not know it yet."""

import asyncio
from typing import Any

import temporalio.client
import temporalio.worker

from tests.workflows.stage import PATIENCE_SECONDS


class Gates(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """Client interceptor that holds activities back. Each activity has a gate, which is open until it is closed."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def close(self, activity: str) -> None:
        """Close the gate: this activity does its work and does not return."""
        self._open[activity] = asyncio.Event()
        self._waiting[activity] = asyncio.Event()

    def open(self, activity: str) -> None:
        """Open the gate."""
        self._open[activity].set()

    async def reached(self, activity: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the activity has done its work and is at the gate."""
        async with asyncio.timeout(timeout_seconds):
            await self._waiting[activity].wait()

    async def pass_through(self, activity: str) -> None:
        """Wait at the gate."""
        if activity in self._open and not self._open[activity].is_set():
            self._waiting[activity].set()
            await self._open[activity].wait()

    def intercept_activity(
        self, next: temporalio.worker.ActivityInboundInterceptor
    ) -> temporalio.worker.ActivityInboundInterceptor:
        """Put the gate after every activity."""
        return _Gate(next, self)


class _Gate(temporalio.worker.ActivityInboundInterceptor):
    def __init__(self, next: temporalio.worker.ActivityInboundInterceptor, gates: Gates) -> None:
        super().__init__(next)
        self._gates = gates

    async def execute_activity(self, input: temporalio.worker.ExecuteActivityInput) -> Any:
        result = await super().execute_activity(input)
        await self._gates.pass_through(input.fn.__name__)
        return result
