"""Shared parts of the row-clock workflows: read the row's state, wait, act. The row decides, the workflow waits."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from schemas.procedures import ActionInput, DueAction, ProcedureStart, RowState
    from workflows import options
    from workflows.timed_wait import holds_within

ORDER_CALL_TIMEOUT = timedelta(seconds=30)
ORDER_CALL_WINDOW = timedelta(hours=1)
ORDER_CALL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)
)
"""covers an outage of one hour; after a longer one, the policy decides when to try again"""


class RowClock:
    """Clock of one row: reads its state, and waits until the row changes or an action is due."""

    def __init__(self, start: ProcedureStart) -> None:
        self.start = start
        self._changed = True

    def mark_changed(self) -> None:
        """Record that the row changed."""
        self._changed = True

    def action_input(self, what: str = "") -> ActionInput:
        """Return the input for an activity about the row, at the current time."""
        return ActionInput(subject=self.start.subject, case_no=self.start.case_no, what=what, at=workflow.now())

    async def read_state(self, activity: Any) -> RowState:
        """Return the state of the row. Any later change wakes `wait`.

        If the row was finished but has changed meanwhile, it may have been reopened, so it is read again.
        """
        while True:
            self._changed = False
            state: RowState = await workflow.execute_activity_method(
                activity,
                self.action_input(),
                task_queue=options.RESTORATION_QUEUE,
                start_to_close_timeout=options.RECORD_TIMEOUT,
                schedule_to_close_timeout=options.RECORD_WINDOW,
                retry_policy=options.RECORD_RETRY,
            )
            if not (state.over and self._changed):
                return state

    async def act(self, activity: Any, what: str = "") -> Any:
        """Run an activity about the row, and retry it until it succeeds."""
        return await workflow.execute_activity_method(
            activity,
            self.action_input(what),
            task_queue=options.RESTORATION_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.RECORD_WINDOW,
            retry_policy=options.RECORD_RETRY,
        )

    async def wait(self, state: RowState) -> DueAction | None:
        """Wait until the row changes (return None), or until the first due action (return it)."""
        if not state.dues:
            await workflow.wait_condition(lambda: self._changed)
            return None
        due = state.dues[0]
        return None if await holds_within(lambda: self._changed, due.at - workflow.now()) else due

    def continue_if_long(self) -> None:
        """Continue in a new history if the server suggests it."""
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(self.start)
