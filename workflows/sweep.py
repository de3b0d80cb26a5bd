"""The sweep: what was committed but never told to a workflow is told now."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.outbox import SweepHands
    from schemas.outbox.case import Swept
    from workflows import policies


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Run by a schedule: start the cases and send the news that the API could not, because Temporal was away."""

    @workflow.run
    async def run(self) -> Swept:
        """One sweep."""
        return await workflow.execute_activity_method(
            SweepHands.sweep_outbox,
            task_queue=policies.CASE_WORK_QUEUE,
            start_to_close_timeout=policies.SWEEP_TIMEOUT,
            schedule_to_close_timeout=policies.SWEEP_TIMEOUT,
            heartbeat_timeout=policies.SWEEP_HEARTBEAT,
            retry_policy=policies.SWEEP_RETRY,
        )
