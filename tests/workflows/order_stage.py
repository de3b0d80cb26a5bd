"""Orders on a real Temporal server with their own clock, and banks that the test controls."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

from activities.banks.delivery import BankDelivery
from activities.context import Context
from activities.recovery import hold_lifecycle
from activities.recovery.cancellations import CancellationActivities, acknowledge_cancellation, record_attestation
from activities.recovery.orders import OrderActivities, cancel_order
from adapters.banks.protocol import BankRefused, BankUnreachable
from db.case import case_outbox
from domain.recovery.documents import DocumentIncomplete
from schemas.enums import ChannelKind, ProcedureKind
from schemas.procedures import OrderEscalationLevel, ProcedureStart
from schemas.recovery.document_facts import Missing
from schemas.restoration_enums import DocumentKind
from tests.activities.bench import Bench
from tests.activities.recovery.test_confirmations import Ordered
from tests.activities.recovery.test_hold_opening import held_case
from tests.activities.recovery.test_orders import OrderBank
from tests.clock import Clock, at_clock
from tests.factories import number_apart, rrn
from tests.workflows.stage import Letters
from tests.workflows.time_passing import AtWorkflowTime, at_workflow_time, let_pass
from workers.worker import running, sandbox
from workflows import options
from workflows.procedures import OrderWorkflow

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.05
MOMENT = timedelta(seconds=1)


class OrderStage:
    """Orders about ₹600 on hold at HDFC, which has an interface and a mailbox for orders."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.skipper = TimeSkipper(client)
        self.wire, self.mail = OrderBank(), OrderBank()
        self.letters = Letters("127.0.0.1", 9, "goldenhour@example.org")
        self.started: list[str] = []
        self.lacks: Exception | None = None

    async def document(self, _: UUID) -> bytes:
        if self.lacks:
            raise self.lacks
        return b"%PDF"

    async def ordered(self) -> Ordered:
        """Create another case with ₹600 on hold."""
        case_no = await held_case(self.bench, f"1{rrn()}")
        await hold_lifecycle.open_for_new_holds(self.ctx, case_no)
        hold_id = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
        return Ordered(self.bench, case_no, hold_id)

    # -- the workflow --------------------------------------------------------------------------------------------------

    async def begin(self, ordered: Ordered, **order: Any) -> UUID:
        """Plan an order and start its workflow as the outbox does; time moves only when the test moves it."""
        order_id = await ordered.order(**order)
        workflow_id = case_outbox.workflow_id(ProcedureKind.ORDER, str(order_id))
        start = ProcedureStart(
            workflow_id=workflow_id, kind=ProcedureKind.ORDER, subject=str(order_id), case_no=ordered.case_no
        )
        with self.skipper.with_time_skipping_disabled():
            await self.skipper.client.start_workflow(
                OrderWorkflow.run, start, id=workflow_id, task_queue=options.RESTORATION_QUEUE
            )
        self.started.append(workflow_id)
        return order_id

    def handle(self, order_id: UUID, run_id: str | None = None) -> WorkflowHandle[OrderWorkflow, None]:
        workflow_id = case_outbox.workflow_id(ProcedureKind.ORDER, str(order_id))
        return self.skipper.client.get_workflow_handle_for(OrderWorkflow.run, workflow_id, run_id=run_id)

    async def forward(self, order_id: UUID, wait: timedelta) -> None:
        """Let time pass, and a moment: what falls due in it is done meanwhile."""
        await let_pass(self.skipper, self.handle(order_id), wait + MOMENT)

    async def escalate(self, order_id: UUID, level: OrderEscalationLevel) -> None:
        """Let the wait before an escalation level pass, and wait for the escalation."""
        await self.forward(order_id, timedelta(seconds=self.policy_seconds(level)))
        await self.until(level.value, "SELECT level FROM bank_order WHERE order_id = $1", order_id)

    def policy_seconds(self, level: OrderEscalationLevel) -> float:
        policy = self.ctx.policy.order.promised("", 1)
        return policy.levels[level]

    async def do(self, order_id: UUID, act: Callable[[], Awaitable[object]]) -> None:
        """Perform an action at the workflow's time, and notify the workflow as the outbox does."""
        self.clock.at = await self.skipper.get_current_time(self.handle(order_id))
        await act()
        try:
            await self.handle(order_id).signal(OrderWorkflow.changed)
        except RPCError as error:
            # The workflow has read the state meanwhile, and has ended.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def outcome(self, order_id: UUID) -> None:
        """Wait until the workflow has ended on its own."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.handle(order_id).result()

    async def history(self, order_id: UUID) -> WorkflowHistory:
        return await self.handle(order_id).fetch_history()

    # -- queries -------------------------------------------------------------------------------------------------------

    async def until(self, expected: object, query: str, *values: object) -> None:
        """Wait until a query's first value equals this."""
        found = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (found := await self.bench.value(query, *values)) != expected:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise AssertionError(f"it is {found!r}, not {expected!r}") from None

    async def until_state(self, order_id: UUID, state: str) -> None:
        await self.until(state, "SELECT state FROM bank_order WHERE order_id = $1", order_id)

    async def until_told(self, order_id: UUID) -> None:
        """Wait until the bank has been notified of the cancellation."""
        query = "SELECT told_at IS NOT NULL FROM order_cancellation WHERE order_id = $1"
        await self.until(True, query, order_id)

    async def until_carried(self, order_id: UUID, count: int) -> None:
        """Wait until so many attempts are written."""
        query = "SELECT count(*) FROM delivery_attempt WHERE order_id = $1 AND outcome <> 'silent'"
        await self.until(count, query, order_id)

    async def clear(self) -> None:
        """Terminate workflows that still run, so that the next stage's worker does not get them."""
        for workflow_id in self.started:
            try:
                await self.skipper.client.get_workflow_handle(workflow_id).terminate("the test is over")
            except RPCError:
                continue


@asynccontextmanager
async def order_stage(ctx: Context, client: Client) -> AsyncIterator[OrderStage]:
    """A stage with running workers, and its own case numbers."""
    await number_apart(ctx.pool)
    stage = OrderStage(ctx, client)
    adapters: Any = {ChannelKind.I4C: stage.wire, ChannelKind.EMAIL: stage.mail}
    engine = at_workflow_time(stage.ctx)
    bank_delivery = BankDelivery(engine, adapters)
    orders = OrderActivities(engine, bank_delivery, stage.letters, stage.document)
    cancellations = CancellationActivities(engine, bank_delivery, stage.letters)
    case_work = Worker(
        stage.skipper.client,
        task_queue=options.RESTORATION_QUEUE,
        workflows=[OrderWorkflow],
        workflow_runner=sandbox(),
        interceptors=[AtWorkflowTime()],
        activities=[orders.read_order_state, orders.escalate_order, cancellations.escalate_cancellation],
    )
    bank_calls = Worker(
        stage.skipper.client,
        task_queue=options.BANK_CALLS_QUEUE,
        interceptors=[AtWorkflowTime()],
        activities=[orders.send_order, cancellations.send_cancellation],
    )
    async with running([case_work, bank_calls]):
        yield stage
    await stage.clear()


async def silent_then_done(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """No response over both channels up to the supervisor, then the credit."""
    async with order_stage(ctx, client) as stage:
        ordered = await stage.ordered()
        order_id = await stage.begin(ordered)
        await stage.until_state(order_id, "delivered")
        for level in OrderEscalationLevel:
            await stage.escalate(order_id, level)
        await stage.do(order_id, lambda: ordered.confirm(order_id))
        await stage.outcome(order_id)
        return [await stage.history(order_id)]


async def kept_then_cancelled(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """The document lacks a field, the workflow retries; then the order is sent, refused and cancelled."""
    async with order_stage(ctx, client) as stage:
        ordered = await stage.ordered()
        stage.lacks = DocumentIncomplete(
            DocumentKind.RESTORATION_ORDER, [Missing(field="fir_no", law="SOP", why="it must")]
        )
        order_id = await stage.begin(ordered)
        await stage.until(1, "SELECT count(*) FROM desk_task WHERE cause = 'order_not_sent'")
        stage.lacks = None
        stage.wire.outcomes.append(BankRefused("HDFC", "NO-EVENT", "text of the bank"))
        await stage.forward(order_id, timedelta(seconds=ctx.policy.order.try_again_seconds))
        await stage.until_state(order_id, "refused")
        await stage.do(order_id, lambda: cancel_order(stage.ctx, order_id, "not wanted", "officer:sp"))
        await stage.until_told(order_id)
        await stage.do(order_id, lambda: acknowledge_cancellation(stage.ctx, "HDFC", order_id))
        await stage.outcome(order_id)
        return [await stage.history(order_id)]


async def taken_back(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """Cancelled after the bank has it: the bank does not respond, and an officer attests the cancellation."""
    async with order_stage(ctx, client) as stage:
        ordered = await stage.ordered()
        order_id = await stage.begin(ordered)
        await stage.until_state(order_id, "delivered")
        stage.wire.outcomes.append(BankUnreachable("HDFC", "HTTP 503"))
        await stage.do(order_id, lambda: cancel_order(stage.ctx, order_id, "not wanted", "officer:sp"))
        await stage.forward(order_id, timedelta(minutes=10))
        await stage.until_told(order_id)
        for level in (OrderEscalationLevel.DESK_TASK, OrderEscalationLevel.SUPERVISOR):
            await stage.forward(order_id, timedelta(days=1))
            await stage.until(level.value, "SELECT level FROM order_cancellation WHERE order_id = $1", order_id)
        note = "told the nodal officer by telephone"
        await record_attestation(stage.ctx, order_id, note, "officer:sp")
        await stage.do(order_id, lambda: record_attestation(stage.ctx, order_id, note, "officer:chief"))
        await stage.outcome(order_id)
        return [await stage.history(order_id)]


ORDER_PATHS = (silent_then_done, kept_then_cancelled, taken_back)
"""run an order to its end, with its own clock; recorded by `record_orders.py`"""
