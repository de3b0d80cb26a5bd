"""Workflow that notifies workflows of committed changes they have not received."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.outbox import SweepActivities
    from schemas.outbox.case import SweepRun, Swept
    from workflows import options


@workflow.defn(name="SweepWorkflow")
class SweepWorkflow:
    """Workflow that a schedule runs. It starts cases and sends notifications that failed while Temporal was away."""

    @workflow.run
    async def run(self, asked: SweepRun | None = None) -> Swept:
        """Run the sweeps that are asked for, or one. Another worker makes those that a stopping one has left."""
        run = asked or SweepRun()
        swept = await self._sweep(run)
        while swept.sweeps_left:
            rest = SweepRun(sweeps=swept.sweeps_left, every_seconds=run.every_seconds)
            swept = swept.with_next(await self._sweep(rest))
        return swept

    async def _sweep(self, run: SweepRun) -> Swept:
        return await workflow.execute_activity_method(
            SweepActivities.sweep_outbox,
            run,
            task_queue=options.CASE_WORK_QUEUE,
            start_to_close_timeout=options.SWEEP_TIMEOUT,
            schedule_to_close_timeout=options.SWEEP_TIMEOUT,
            heartbeat_timeout=options.SWEEP_HEARTBEAT,
            retry_policy=options.SWEEP_RETRY,
        )
