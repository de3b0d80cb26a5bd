"""What the workflows beside the case share: how they look, wait and act. The row decides, they keep its clocks."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from schemas.outbox.procedures import Due, Look, ProcedureOrder, ProcedureStart
    from workflows import options
    from workflows.timed_wait import holds_within

ORDER_CALL_TIMEOUT = timedelta(seconds=30)
ORDER_CALL_FOR = timedelta(hours=1)
ORDER_CALL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(minutes=15)
)
"""an hour's outage is waited out; a longer one is tried again later, by the policy"""


class Procedure:
    """The clock of one row: looks at it, waits until it was written or something is due. For a workflow to stand on."""

    def __init__(self, start: ProcedureStart) -> None:
        self.start = start
        self._changed = True

    def take_note(self) -> None:
        """The row was written."""
        self._changed = True

    def asked(self, what: str = "") -> ProcedureOrder:
        """What a hand is asked to do about the row, now."""
        return ProcedureOrder(subject=self.start.subject, case_no=self.start.case_no, what=what, at=workflow.now())

    async def look(self, hand: Any) -> Look:
        """How the row stands; what is written from here on wakes `wait`.

        A row that was over and was written meanwhile may have begun anew: it is looked at again.
        """
        while True:
            self._changed = False
            look: Look = await workflow.execute_activity_method(
                hand,
                self.asked(),
                task_queue=options.WAY_HOME_QUEUE,
                start_to_close_timeout=options.RECORD_TIMEOUT,
                schedule_to_close_timeout=options.RECORD_FOR,
                retry_policy=options.RECORD_RETRY,
            )
            if not (look.over and self._changed):
                return look

    async def act(self, hand: Any, what: str = "") -> Any:
        """Have a hand do something about the row; it is tried until it is done."""
        return await workflow.execute_activity_method(
            hand,
            self.asked(what),
            task_queue=options.WAY_HOME_QUEUE,
            start_to_close_timeout=options.MAIL_TIMEOUT,
            heartbeat_timeout=options.ACTIVITY_HEARTBEAT,
            schedule_to_close_timeout=options.RECORD_FOR,
            retry_policy=options.RECORD_RETRY,
        )

    async def wait(self, look: Look) -> Due | None:
        """Wait until the row is written (None), or until what is due first, which is returned."""
        if not look.dues:
            await workflow.wait_condition(lambda: self._changed)
            return None
        due = look.dues[0]
        return None if await holds_within(lambda: self._changed, due.at - workflow.now()) else due

    def continue_if_long(self) -> None:
        """Go on in a fresh history where the server suggests it."""
        if workflow.info().is_continue_as_new_suggested():
            workflow.continue_as_new(self.start)
