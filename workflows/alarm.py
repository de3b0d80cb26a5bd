"""One timer for all waits of a workflow, so that a wait costs no timer of its own."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


class Alarm:
    """The waits of one workflow. Its timer runs to the earliest of them.

    A wait that ends early leaves the timer as it is: a timer that fires for nothing costs less than one that is
    cancelled and started again.
    """

    def __init__(self) -> None:
        self._dues: list[datetime] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: datetime | None = None

    async def holds_within(self, condition: Callable[[], bool], timeout: timedelta) -> bool:
        """Wait until `condition` holds or `timeout` is over; return whether it holds."""
        due = workflow.now() + timeout
        self._dues.append(due)
        self._run_timer()
        try:
            await workflow.wait_condition(lambda: condition() or workflow.now() >= due)
        finally:
            self._dues.remove(due)
        return condition()

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_due = None

    def _run_timer(self) -> None:
        now = workflow.now()
        due = min((due for due in self._dues if due > now), default=None)
        if due is None or (self._timer_due is not None and self._timer_due <= due):
            return
        self.stop()
        self._timer_due = due
        self._timer = asyncio.get_running_loop().call_later((due - now).total_seconds(), self._fired)

    def _fired(self) -> None:
        self._timer = self._timer_due = None
        self._run_timer()
