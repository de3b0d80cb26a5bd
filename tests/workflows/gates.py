"""Holding an activity back at its end: what it did is done, and the workflow does not know yet."""

import asyncio
from typing import Any

import temporalio.client
import temporalio.worker


class Gates(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """Interceptor for a client whose workers shall wait. One gate an activity; each is open until it is closed."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}
        self._waiting: dict[str, asyncio.Event] = {}

    def close(self, activity: str) -> None:
        """From now on this activity does its work and does not return."""
        self._open[activity] = asyncio.Event()
        self._waiting[activity] = asyncio.Event()

    def open(self, activity: str) -> None:
        """Let it return."""
        self._open[activity].set()

    async def reached(self, activity: str, timeout_seconds: float = 10.0) -> None:
        """Wait until the activity has done its work and stands at the gate."""
        async with asyncio.timeout(timeout_seconds):
            await self._waiting[activity].wait()

    async def pass_through(self, activity: str) -> None:
        """Stand at the gate."""
        if activity in self._open and not self._open[activity].is_set():
            self._waiting[activity].set()
            await self._open[activity].wait()

    def intercept_activity(
        self, next: temporalio.worker.ActivityInboundInterceptor
    ) -> temporalio.worker.ActivityInboundInterceptor:
        """Put the gate behind every activity."""
        return _Gate(next, self)


class _Gate(temporalio.worker.ActivityInboundInterceptor):
    def __init__(self, next: temporalio.worker.ActivityInboundInterceptor, gates: Gates) -> None:
        super().__init__(next)
        self._gates = gates

    async def execute_activity(self, input: temporalio.worker.ExecuteActivityInput) -> Any:
        result = await super().execute_activity(input)
        await self._gates.pass_through(input.fn.__name__)
        return result
