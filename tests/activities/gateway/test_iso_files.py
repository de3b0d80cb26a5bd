"""The spool watcher, and a case from complaint to answer by files only."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from activities.case.intake import take_complaint
from activities.context import Context
from activities.gateway import iso_files
from activities.gateway.iso_files import SET_ASIDE_SECONDS, Outcome, SpoolWatcher
from adapters.banks.iso20022.arrivals import CancellationRequest
from adapters.banks.iso20022.bank_side import TransferStatus, encode_resolution
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.spool import Spool, SpoolAdapter
from db.pool import Pool
from db.rate_limits import try_to_lock
from db.recovery.order_views import WATCH_LOCK
from schemas.case.case_workflow import FollowUp
from schemas.enums import ChannelKind
from tests.desk_tasks import bank_notes
from tests.factories import by_files, complaint, institution, make_context, number_apart, rrn, transfer
from tests.waiting import until
from workers.loops.rounds import Rounds
from workers.temporal import CaseNotifier
from workers.worker import Queues, make_workers, running
from workflows.case import case_workflow_id

PATIENCE_SECONDS = 45.0


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database, [by_files("HDFC"), by_files("ICIC"), institution("SBIN")])


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
def told() -> list[FollowUp]:
    return []


@pytest.fixture
def watcher(ctx: Context, spool: Spool, told: list[FollowUp]) -> SpoolWatcher:
    return SpoolWatcher(ctx, spool, lambda follow_up: told.append(follow_up) if follow_up else None)


def came(spool: Spool, code: str, name: str, body: bytes, at: float = 1_000_000_000) -> Path:
    path = spool.of(code, "in") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (at, at))
    return path


def names(spool: Spool, code: str, place: str) -> list[str]:
    folder = spool.of(code, place)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def answer(code: str, case: str, reference: str, paise: int, **changes: Any) -> bytes:
    """Return the bank's answer: it holds the whole transfer."""
    status = TransferStatus(reference=reference, status="ACCR", held_paise=paise, transfer_paise=paise, **changes)
    return encode_resolution(code, uuid4(), case, [status], created_at=datetime.now(UTC))


async def a_case(ctx: Context, reference: str, bank: str = "HDFC") -> str:
    told = complaint(transfer(1000_00, payee_bank=bank, reference=reference))
    return (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")).receipt.case_ack_no


async def looked(watcher: SpoolWatcher) -> list[Outcome]:
    """Check twice, because a file is taken when it is unchanged between two checks."""
    return [*await watcher.check_once(), *await watcher.check_once()]


async def test_an_answer_is_taken_when_it_is_whole_and_then_done(
    watcher: SpoolWatcher, ctx: Context, spool: Spool, told: list[FollowUp]
) -> None:
    reference = rrn()
    case_no = await a_case(ctx, reference)
    body = answer("HDFC", case_no, reference, 1000_00)
    came(spool, "HDFC", "a.xml", body[:-20])
    assert await watcher.check_once() == []
    path = came(spool, "HDFC", "a.xml", body)
    assert await watcher.check_once() == [], "it has grown since"
    (outcome,) = await watcher.check_once()
    assert outcome.taken is not None
    assert outcome.path == spool.of("HDFC", "done") / "a.xml"
    assert outcome.path.read_bytes() == body
    assert not path.exists()
    assert [follow_up.case_no for follow_up in told] == [case_no]
    held = await ctx.pool.fetchval("SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE bucket = 'held'")
    assert held == 1000_00
    assert await looked(watcher) == []


async def test_the_same_file_twice_is_the_same_answer(watcher: SpoolWatcher, ctx: Context, spool: Spool) -> None:
    reference = rrn()
    body = answer("HDFC", await a_case(ctx, reference), reference, 1000_00)
    for _ in range(2):
        came(spool, "HDFC", "a.xml", body)
        await looked(watcher)
    assert names(spool, "HDFC", "done") == ["a.2.xml", "a.xml"]
    assert await ctx.pool.fetchval("SELECT count(*) FROM answer") == 1


async def test_what_cannot_be_taken_is_refused_with_its_reason_and_delays_no_other_file(
    watcher: SpoolWatcher, ctx: Context, spool: Spool
) -> None:
    reference = rrn()
    case_no = await a_case(ctx, reference)
    came(spool, "HDFC", "a.xml", b"<half", at=1)
    came(spool, "HDFC", "b.xml", b"x" * (4 * 1024 * 1024 + 1), at=2)
    came(spool, "ICIC", "c.xml", answer("ICIC", case_no, reference, 1000_00), at=3)
    came(spool, "HDFC", "d.xml", answer("HDFC", case_no, reference, 1000_00), at=4)
    outcomes = await looked(watcher)
    assert [outcome.taken is not None for outcome in outcomes] == [False, False, False, True]
    assert names(spool, "HDFC", "refused") == ["a.xml", "a.xml.reason.txt", "b.xml", "b.xml.reason.txt"]
    assert "not well-formed XML" in (spool.of("HDFC", "refused") / "a.xml.reason.txt").read_text()
    assert "larger than" in (spool.of("HDFC", "refused") / "b.xml.reason.txt").read_text()
    assert names(spool, "ICIC", "refused") == ["c.xml", "c.xml.reason.txt"], "a bank's folder has its own files only"
    assert names(spool, "HDFC", "done") == ["d.xml"]
    asked = await bank_notes(ctx.pool, "case_no IS NULL")
    assert [bank for bank, _ in asked] == ["HDFC", "ICIC"], "one task a bank"
    assert "not well-formed XML" in asked[0][1]


async def test_a_bank_that_sends_many_does_not_keep_another_waiting(
    watcher: SpoolWatcher, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iso_files, "FILES_A_ROUND", 3)
    for number in range(5):
        came(spool, "HDFC", f"{number}.xml", b"<x/>", at=number + 1)
    came(spool, "ICIC", "last.xml", b"<x/>", at=99)
    await looked(watcher)
    assert names(spool, "HDFC", "in") == ["3.xml", "4.xml"], "the oldest first"
    assert names(spool, "ICIC", "in") == []
    await watcher.check_once()
    assert names(spool, "HDFC", "in") == []


async def test_of_several_workers_one_takes_files_up(watcher: SpoolWatcher, ctx: Context, spool: Spool) -> None:
    came(spool, "HDFC", "a.xml", b"<x/>")
    async with ctx.pool.acquire() as other:
        assert await try_to_lock(other, WATCH_LOCK)
        assert await looked(watcher) == []
    assert len(await watcher.check_once()) == 1


@pytest.mark.parametrize("error", [OSError(28, "full"), asyncpg.DataError("odd"), ValueError("a bug of ours")])
async def test_a_file_that_fails_is_left_for_later_and_the_others_are_taken(
    watcher: SpoolWatcher, spool: Spool, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real: Callable[..., Any] = iso_files.take_file

    async def fails(ctx: Context, spool: Spool, code: str, path: Path) -> Outcome:
        if path.name == "a.xml":
            raise error
        outcome: Outcome = await real(ctx, spool, code, path)
        return outcome

    monkeypatch.setattr(iso_files, "take_file", fails)
    came(spool, "HDFC", "a.xml", b"<x/>", at=1)
    came(spool, "HDFC", "b.xml", b"<x/>", at=2)
    assert len(await looked(watcher)) == 1
    assert names(spool, "HDFC", "in") == ["a.xml"]
    monkeypatch.undo()
    assert await watcher.check_once() == [], "not before its time"
    later = time.monotonic() + SET_ASIDE_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert len(await watcher.check_once()) == 1


async def test_a_folder_that_cannot_be_read_costs_no_other_bank_its_answers(
    watcher: SpoolWatcher, spool: Spool
) -> None:
    spool.of("HDFC", "in").parent.mkdir()
    spool.of("HDFC", "in").write_text("no folder")
    came(spool, "ICIC", "a.xml", b"<x/>")
    assert len(await looked(watcher)) == 1


async def test_only_banks_that_are_in_the_directory_have_a_say(watcher: SpoolWatcher, spool: Spool) -> None:
    came(spool, "PUNB", "a.xml", b"<x/>")
    assert await looked(watcher) == []
    assert names(spool, "PUNB", "in") == ["a.xml"]


async def test_a_spool_that_is_away_is_looked_at_again(
    watcher: SpoolWatcher, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = asyncio.Event()
    real = spool.banks

    def banks() -> set[str]:
        if there.is_set():
            return real()
        there.set()
        raise FileNotFoundError

    monkeypatch.setattr(spool, "banks", banks)
    came(spool, "HDFC", "a.xml", b"<x/>")
    running_watch = asyncio.create_task(Rounds("files of banks", (watcher.check_once,), 0.01).run())
    await until(lambda: names(spool, "HDFC", "refused"), PATIENCE_SECONDS)
    running_watch.cancel()
    with suppress(asyncio.CancelledError):
        await running_watch


# -- from complaint to answer ------------------------------------------------------------------------------------------


@asynccontextmanager
async def engine(ctx: Context, client: Client, spool: Spool) -> AsyncIterator[CaseNotifier]:
    """Workers whose only channel is the spool, and the spool watcher."""
    await number_apart(ctx.pool)
    notifier = CaseNotifier(client, ctx.pool)
    adapter = SpoolAdapter(spool)
    workers = make_workers(client, ctx, {ChannelKind.ISO20022: adapter}, None, notifier, Queues.ALL)
    async with running(workers):
        watching = asyncio.create_task(
            Rounds("files of banks", (SpoolWatcher(ctx, spool, notifier.soon).check_once,), 0.05).run()
        )
        try:
            yield notifier
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await notifier.close()
            await adapter.close()


async def the_request(spool: Spool, code: str) -> CancellationRequest:
    """Wait as the bank for the one file in its `out/` and read it."""
    out = spool.of(code, "out")
    await until(lambda: list(out.glob("*.xml")), PATIENCE_SECONDS)
    (path,) = out.glob("*.xml")
    told = decode(path.read_bytes())
    assert isinstance(told, CancellationRequest)
    path.unlink()
    return told


async def test_a_case_goes_from_complaint_to_settled_by_files_alone(
    ctx: Context, temporal_client: Client, spool: Spool
) -> None:
    reference = rrn()
    told = complaint(transfer(1000_00, reference=reference))
    async with engine(ctx, temporal_client, spool) as notifier:
        taken = await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")
        case_no = taken.receipt.case_ack_no
        assert taken.follow_up is not None
        await notifier.notify(taken.follow_up)
        request = await the_request(spool, "HDFC")
        assert request.ack_no == case_no
        assert [(asked.reference, asked.disputed_paise) for asked in request.transfers] == [(reference, 1000_00)]
        came(spool, "HDFC", "answer.xml", answer("HDFC", request.case_id, reference, 1000_00))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await temporal_client.get_workflow_handle(case_workflow_id(case_no)).result()
    assert names(spool, "HDFC", "done") == ["answer.xml"]
    assert await ctx.pool.fetchval("SELECT state FROM case_file WHERE case_no = $1", case_no) == "settled"
    assert await ctx.pool.fetchval("SELECT count(*) FROM discrepancy") == 0, "the job is known by its case id"
    carried = await ctx.pool.fetch("SELECT channel, outcome FROM delivery_attempt")
    assert [tuple(row) for row in carried] == [("iso20022", "delivered")]
