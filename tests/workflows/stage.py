"""A stage for the case workflow: real Temporal, PostgreSQL and activities; the test controls banks and mail."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError

from activities.case.answers import AnswerReceipt, take_status_update
from activities.case.intake import take_complaint
from activities.context import Context
from activities.workbook.trail_lines import RequestPause
from adapters.banks.protocol import BankRefused, BankUnreachable, BankWire, Delivery, HoldTicket
from adapters.messages.smtp import Mailer, MailRefused
from db.case import cases
from schemas.case.case_workflow import CaseOutcome, CaseProgress, FollowUp
from schemas.case.intake import Complaint
from schemas.enums import ChannelKind
from tests.factories import complaint, number_apart, rrn, status_update
from workers.temporal import CaseNotifier
from workers.worker import Queues, make_workers, running
from workflows.case import CaseWorkflow, case_workflow_id

Order = TypeVar("Order")

PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.05
BY_QUEUE = (Queues.CASE_WORK, Queues.BANK_CALLS)
"""workers of which those of cases call no bank, so that every request goes by the queue"""


@dataclass
class Banks:
    """A bank interface that records its input, and fails as the test requests."""

    tickets: list[tuple[str, HoldTicket]] = field(default_factory=list)
    """accepted tickets, in order"""
    attempts: list[tuple[str, UUID]] = field(default_factory=list)
    """every call, with its Idempotency-Key"""
    down: set[str] = field(default_factory=set)
    refuse: dict[str, str] = field(default_factory=dict)
    """by bank: the code with which it refuses"""
    at_the_door: Callable[[str, HoldTicket], Awaitable[None]] | None = None
    """runs before a bank replies"""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Accept a ticket, or fail."""
        self.attempts.append((bank.code, ticket.request_id))
        if self.at_the_door is not None:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self.at_the_door(bank.code, ticket)
            except TimeoutError:
                raise BankUnreachable(bank.code, f"no reply within {timeout_seconds:g} s") from None
        if bank.code in self.down:
            raise BankUnreachable(bank.code, "HTTP 503")
        if bank.code in self.refuse:
            raise BankRefused(bank.code, self.refuse[bank.code], "text of the bank")
        self.tickets.append((bank.code, ticket))
        return Delivery(job_id=f"BANKS-{ticket.request_id}")

    async def close(self) -> None:
        """Nothing to close."""

    def asked(self) -> list[tuple[str, list[str]]]:
        """Bank and RRNs of every accepted ticket, in order."""
        return [(code, [incident.rrn for incident in ticket.incidents]) for code, ticket in self.tickets]

    def asked_of(self, case_no: str) -> list[str]:
        """Return the RRNs that were asked about for one case."""
        return [incident.rrn for _, t in self.tickets if t.ack_no == case_no for incident in t.incidents]


@dataclass(frozen=True)
class Letters(Mailer):
    """A mail route that keeps its letters."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    """recipient and Message-ID"""
    refused: set[str] = field(default_factory=set)

    async def send(self, to: str, subject: str, body_text: str, message_id: str, **_: object) -> None:
        """Keep a letter, or refuse it."""
        if to in self.refused:
            raise MailRefused("SMTP 550")
        self.sent.append((to, message_id))


@dataclass
class Stage:
    """Everything around one test's cases."""

    ctx: Context
    client: Client
    notifier: CaseNotifier
    banks: Banks
    letters: Letters
    post: Banks | None = None
    """the banks' second channel, on a stage that has one"""

    async def complain(self, *transfers: dict[str, Any], notify: bool = True, **changes: Any) -> str:
        """Store a complaint and by default start its case; return the case's number."""
        return await self.take(complaint(*transfers, **changes), notify=notify)

    async def take(self, told: Complaint, *, notify: bool = True) -> str:
        """Do the same as `complain` for an existing complaint."""
        taken = await take_complaint(self.ctx, told, idempotency_key=rrn(), taken_by="officer:1")
        if notify:
            await self.notify(taken.follow_up)
        return taken.receipt.case_ack_no

    async def answer(self, bank: str, case_no: str, *rows: dict[str, Any], notify: bool = True) -> AnswerReceipt:
        """Store a bank's answer and by default notify the case."""
        digest = hashlib.sha256(repr((bank, case_no, rows)).encode()).digest()
        receipt = await take_status_update(self.ctx, bank, status_update(case_no, rows), digest)
        if notify:
            await self.notify(receipt.follow_up)
        return receipt

    @asynccontextmanager
    async def paused(self, case_no: str) -> AsyncIterator[None]:
        """Pause the requests about a case, as the import of its workbook does; its hops are then opened together."""
        pause = RequestPause(self.ctx, [case_no])
        await pause.begin()
        yield
        for follow_up in await pause.end([case_no]):
            await self.notify(follow_up)

    async def start_from_database(self, case_no: str) -> None:
        """Start the case as the sweep does."""
        async with self.ctx.pool.acquire() as connection:
            start = await cases.snapshot(connection, case_no)
        await self.notify(FollowUp(case_no=case_no, start=start))

    async def notify(self, follow_up: FollowUp | None) -> None:
        """Notify the workflow of committed changes."""
        if follow_up is not None:
            await self.notifier.notify(follow_up)

    # -- queries -------------------------------------------------------------------------------------------------------

    def handle(self, case_no: str, run_id: str | None = None) -> WorkflowHandle[CaseWorkflow, CaseOutcome]:
        """Return the handle of the case's workflow: one run, or the last one."""
        return self.client.get_workflow_handle_for(CaseWorkflow.run, case_workflow_id(case_no), run_id=run_id)

    async def outcome(self, case_no: str) -> CaseOutcome:
        """Wait for the workflow's result and return it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.handle(case_no).result()

    async def progress(self, case_no: str) -> CaseProgress:
        """Return the workflow's progress."""
        return await self.handle(case_no).query(CaseWorkflow.progress)

    async def until_live(self, case_no: str, *request_ids: str) -> None:
        """Wait until the workflow has exactly these live requests, in its order."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.progress(case_no)).live_requests != request_ids:  # noqa: ASYNC110 - as below
                await asyncio.sleep(LOOK_SECONDS)

    async def status(self, case_no: str) -> WorkflowExecutionStatus | None:
        """Return the status of the case's workflow in Temporal."""
        return (await self.handle(case_no).describe()).status

    async def runs(self, case_no: str) -> list[str]:
        """Return the ids of all runs of the case's workflow, the last first.

        Asks until the server lists the last one.
        """
        last = (await self.handle(case_no).describe()).run_id
        query = f"WorkflowId = '{case_workflow_id(case_no)}'"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                listed = [found.run_id async for found in self.client.list_workflows(query)]
                if last in listed:
                    return listed
                await asyncio.sleep(LOOK_SECONDS)

    async def until_run_is_new(self, case_no: str, since: str | None) -> None:
        """Wait until a run other than `since` is the case's last."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.handle(case_no).describe()).run_id == since:  # noqa: ASYNC110 - as below
                await asyncio.sleep(LOOK_SECONDS)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until the condition is true."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not true():  # noqa: ASYNC110 - what is waited for sets no event
                await asyncio.sleep(LOOK_SECONDS)

    async def until_asked(self, count: int) -> None:
        """Wait for that many tickets."""
        await self.until(lambda: len(self.banks.tickets) >= count)

    async def until_row(self, expected: object, query: str, *values: object) -> None:
        """Wait until a query's first value equals this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.ctx.pool.fetchval(query, *values) != expected:  # noqa: ASYNC110 - as above
                await asyncio.sleep(LOOK_SECONDS)

    async def state(self, case_no: str) -> str:
        """Return open or settled."""
        found: str = await self.ctx.pool.fetchval("SELECT state FROM case_file WHERE case_no = $1", case_no)
        return found

    async def until_state(self, case_no: str, state: str) -> None:
        """Wait until the case is in that state."""
        await self.until_row(state, "SELECT state FROM case_file WHERE case_no = $1", case_no)

    async def buckets(self, case_no: str) -> dict[str, int]:
        """Return paise by bucket, without empty ones."""
        rows = await self.ctx.pool.fetch(
            "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance WHERE case_no = $1 GROUP BY bucket",
            case_no,
        )
        return {row["bucket"]: row["paise"] for row in rows if row["paise"]}

    async def request_ids(self, case_no: str) -> list[UUID]:
        """Return the case's requests in the order of their planning."""
        rows = await self.ctx.pool.fetch(
            "SELECT request_id FROM hold_request WHERE case_no = $1 ORDER BY batch_no, institution", case_no
        )
        return [row["request_id"] for row in rows]

    async def levels(self, case_no: str) -> list[str]:
        """Return the escalation levels reached, in order, from the case's log."""
        rows = await self.ctx.pool.fetch(
            "SELECT data->>'level' AS level FROM case_event WHERE case_no = $1 AND kind = 'level_reached'"
            " AND data ? 'level' ORDER BY seq",
            case_no,
        )
        return [row["level"] for row in rows]

    async def scheduled(
        self, case_no: str, activity: str, order: type[Order], run_id: str | None = None
    ) -> list[tuple[datetime, Order]]:
        """Return when each such activity was scheduled in a run (the last one), with its input.

        Times are those of the workflow's clock.
        """
        found = []
        async for event in self.handle(case_no, run_id).fetch_history_events():
            asked = event.activity_task_scheduled_event_attributes
            if event.HasField("activity_task_scheduled_event_attributes") and asked.activity_type.name == activity:
                [told] = await self.client.data_converter.decode(asked.input.payloads, [order])
                found.append((event.event_time.ToDatetime(UTC), told))
        return found

    async def delivered_at(self, case_no: str) -> datetime:
        """Return when the first request of the present run was delivered, by the workflow's clock.

        A batch is a local activity, whose result is a marker in the history.
        """
        sent: set[int] = set()
        in_batch = None
        async for event in self.handle(case_no).fetch_history_events():
            if event.HasField("marker_recorded_event_attributes"):
                in_batch = in_batch or event.event_time.ToDatetime(UTC)
            if event.activity_task_scheduled_event_attributes.activity_type.name == "send_hold_request":
                sent.add(event.event_id)
            if event.activity_task_completed_event_attributes.scheduled_event_id in sent:
                return event.event_time.ToDatetime(UTC)
        assert in_batch is not None, "nothing was delivered"
        return in_batch

    async def open_tasks(self, case_no: str) -> list[str]:
        """Return the kinds of the desk's open tasks."""
        rows = await self.ctx.pool.fetch(
            "SELECT kind FROM desk_task WHERE case_no = $1 AND state = 'open' ORDER BY task_id", case_no
        )
        return [row["kind"] for row in rows]

    # -- the end -------------------------------------------------------------------------------------------------------

    async def clear(self) -> None:
        """Terminate workflows that still run, so that the next stage's worker does not get them."""
        for row in await self.ctx.pool.fetch("SELECT case_no FROM case_file"):
            try:
                await self.client.get_workflow_handle(case_workflow_id(row["case_no"])).terminate("the test is over")
            except RPCError:
                continue


@asynccontextmanager
async def staged(
    ctx: Context, client: Client, queues: Sequence[Queues] = (Queues.ALL,), *, post: Banks | None = None
) -> AsyncIterator[Stage]:
    """A stage with running workers, and its own case numbers."""
    await number_apart(ctx.pool)
    notifier = CaseNotifier(client, ctx.pool)
    stage = Stage(ctx, client, notifier, Banks(), Letters("127.0.0.1", 9, "goldenhour@example.org"), post)
    try:
        async with stage_workers(stage, queues):
            yield stage
        await stage.clear()
    finally:
        await notifier.close()


@asynccontextmanager
async def stage_workers(stage: Stage, queues: Sequence[Queues] = (Queues.ALL,)) -> AsyncIterator[None]:
    """Return workers for a stage's context, banks and letters."""
    adapters = {ChannelKind.I4C: stage.banks} | ({ChannelKind.EMAIL: stage.post} if stage.post else {})
    workers = [
        worker
        for queue in queues
        for worker in make_workers(stage.client, stage.ctx, adapters, stage.letters, stage.notifier, queue)
    ]
    async with running(workers):
        yield
