"""The sweep: what was committed but never told to a workflow is told now."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.outbox import SweepActivities
    from schemas.outbox.case import Swept
    from workflows import options


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Run by a schedule: start the cases and send the news that the API could not, because Temporal was away."""

    @workflow.run
    async def run(self) -> Swept:
        """One sweep."""
        return await workflow.execute_activity_method(
            SweepActivities.sweep_outbox,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            schedule_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            retry_policy=options.SWEEP_RETRY,
        )
