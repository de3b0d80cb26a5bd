"""Workflow that notifies workflows of committed changes they have not received."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.case.outbox import SweepActivities
    from schemas.case.case_workflow import Swept
    from workflows import options


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Workflow that a schedule runs. It starts cases and sends notifications that failed while Temporal was away."""

    @workflow.run
    async def run(self) -> Swept:
        """Make the sweeps of one run. Where a worker stops, another one goes on."""
        swept = await self._sweep()
        while swept.is_cut_short:
            swept = swept.with_next(await self._sweep())
        return swept

    async def _sweep(self) -> Swept:
        return await workflow.execute_activity_method(
            SweepActivities.sweep_outbox,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            schedule_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            retry_policy=options.SWEEP_RETRY,
        )
