"""The round on a real Temporal server: by channel, else by letter; a bank that fails does not delay another."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import RetryPolicy

from activities.context import Context
from adapters.banks.protocol import BankUnreachable, BankWire
from db.pool import Pool
from schemas.banks.institutions import PushEntry
from schemas.enums import ChannelKind
from schemas.gateway.liens import ListWanted, RoundDone
from tests.factories import institution, make_context, row, rrn, transfer
from tests.ground import end_schedules
from tests.workflows.stage import Banks, Letters, Stage, staged
from workers.temporal import CaseNotifier, ensure_schedules
from workers.worker import Queues, make_workers, running
from workflows import options
from workflows.sweeps import ReconciliationWorkflow


class Hooks(Banks):
    """Webhooks of all banks: a bank that is down fails this request too."""

    lists_asked: list[tuple[str, ListWanted]]
    tries: int

    def __init__(self) -> None:
        super().__init__()
        self.lists_asked = []
        self.tries = 0

    async def ask_for_liens(self, bank: BankWire, wanted: ListWanted, *, timeout_seconds: float) -> None:
        self.tries += 1
        if bank.code in self.down:
            raise BankUnreachable(bank.code, "HTTP 503")
        self.lists_asked.append((bank.code, wanted))


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """Two banks with a webhook and one without."""
    push = PushEntry.model_validate({"url": "http://127.0.0.1:9/hook", "secrets": ["whsec_" + "A" * 32]})
    entries = [institution(code).model_copy(update={"push": push}) for code in ("HDFC", "ICIC")]
    return await make_context(database, [*entries, institution("PUNB")])


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client, hooks: Hooks) -> AsyncIterator[Stage]:
    """A stage without its own workers, whose rounds have a webhook."""
    notifier = CaseNotifier(temporal_client, ctx.pool)
    letters = Letters("127.0.0.1", 9, "goldenhour@example.org")
    async with staged(ctx, temporal_client, ()) as bare:
        workers = make_workers(temporal_client, ctx, {ChannelKind.PUSH: hooks}, letters, notifier, Queues.ALL)
        async with running(workers):
            yield Stage(ctx, temporal_client, bare.notifier, bare.banks, letters)
    await notifier.close()


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


async def lien(stage: Stage, bank: str) -> None:
    reference = rrn()
    case_no = await stage.complain(transfer(reference=reference, payee_bank=bank), notify=False)
    await stage.answer(bank, case_no, row(1, reference, "10000.00"), notify=False)
    await stage.ctx.pool.execute("UPDATE hop SET opened_at = opened_at - interval '30 days'")


async def a_round(stage: Stage) -> RoundDone:
    return await stage.client.execute_workflow(
        ReconciliationWorkflow.run, id=f"reconciliation-{rrn()}", task_queue=options.CASE_WORK_QUEUE
    )


async def ways(stage: Stage) -> dict[str, str | None]:
    rows = await stage.ctx.pool.fetch("SELECT institution, way FROM lien_inquiry")
    return {one["institution"]: one["way"] for one in rows}


async def test_a_round_asks_each_bank_by_its_way_and_the_next_asks_none(
    stage: Stage, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = RetryPolicy(initial_interval=timedelta(seconds=0.1), backoff_coefficient=1, maximum_attempts=3)
    monkeypatch.setattr(options, "LIEN_LIST_RETRY", soon)
    for bank in ("HDFC", "ICIC", "PUNB"):
        await lien(stage, bank)
    hooks.down.add("ICIC")
    assert await a_round(stage) == RoundDone(asked=3)
    assert await ways(stage) == {"HDFC": "push", "ICIC": "email", "PUNB": "email"}
    assert [code for code, _ in hooks.lists_asked] == ["HDFC"]
    assert hooks.tries == 1 + soon.maximum_attempts, "HDFC was asked once, and ICIC as often as the policy says"
    assert sorted(to for to, _ in stage.letters.sent) == ["desk@icic.example", "desk@punb.example"]
    assert await a_round(stage) == RoundDone()


async def test_a_history_of_a_round_names_banks_and_no_person(stage: Stage) -> None:
    await lien(stage, "PUNB")
    handle = await stage.client.start_workflow(
        ReconciliationWorkflow.run, id=f"reconciliation-{rrn()}", task_queue=options.CASE_WORK_QUEUE
    )
    await handle.result()
    told = (await handle.fetch_history()).to_json()
    payloads = str([payload async for payload in _payloads(handle)])
    assert "PUNB" in payloads
    for personal in ("desk@punb.example", "A. Victim", "9876543210", "50100000000001", "N. Officer"):
        assert personal not in payloads
        assert personal not in told


async def _payloads(handle: Any) -> AsyncIterator[bytes]:
    async for event in handle.fetch_history_events():
        for name in ("activity_task_scheduled_event_attributes", "activity_task_completed_event_attributes"):
            attributes = getattr(event, name)
            for part in ("input", "result"):
                if hasattr(attributes, part):
                    for payload in getattr(attributes, part).payloads:
                        yield payload.data


async def test_the_schedule_runs_rounds_by_itself(stage: Stage, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "RECONCILIATION_INTERVAL", timedelta(seconds=1))
    await lien(stage, "HDFC")
    await ensure_schedules(stage.client)
    await ensure_schedules(stage.client)
    try:
        await stage.until(lambda: bool(hooks.lists_asked))
        await stage.until_row("push", "SELECT way FROM lien_inquiry")
    finally:
        await end_schedules(stage.client)
