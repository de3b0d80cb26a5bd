"""`goldenhour iso`: a message shown as text, and one processed by hand."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.case.intake import take_complaint
from activities.context import Context
from activities.gateway.iso_files import SpoolWatcher, take_file
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.spool import Spool
from db.pool import Pool
from db.rate_limits import try_to_lock
from db.recovery.order_views import WATCH_LOCK
from tests.adapters.iso_messages import CASE
from tests.adapters.wires import REQUEST_ID, ticket
from tests.factories import complaint, make_context, rrn, transfer
from tests.waiting import until
from tests.workers.command_line import invoke, with_database

AT = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
ID = UUID(int=7)


def resolution(case: str = CASE, reference: str = "610212345678", paise: int = 1500_50) -> bytes:
    held = TransferStatus(reference=reference, status="ACCR", held_paise=paise, transfer_paise=5000_00)
    gone = TransferStatus(reference="610212349999", status="RJCR", reason="NOOR", note="no such credit")
    return encode_resolution("HDFC", ID, case, [held, gone], created_at=AT)


def returned(case: str = CASE, reference: str = "610212345678") -> bytes:
    return encode_return("HDFC", ID, case, [Return(reference=reference, returned_paise=99_00)], created_at=AT)


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (resolution(), ["answer of a bank", "31204260000017", "₹1,500.50 of transfer 610212345678 on hold", "code 01"]),
        (returned(), ["money that a bank has returned", "₹99.00 of transfer 610212345678", "case 31204260000017"]),
        (encode_hold_request("DEMO", ticket(), created_at=AT), ["hold request", "DEMO", "I4C-MHA", CASE, "layer 2"]),
        (encode_reminder("DEMO", REQUEST_ID, ["61"], created_at=AT), ["reminder", REQUEST_ID.hex, "transfer 61?"]),
        (encode_hold_request("DEMO", ticket(), created_at=AT, with_header=True), ["hold request", "5 (1 is first)"]),
    ],
    ids=["answer", "returned", "request", "status request", "behind a header"],
)
async def test_a_message_is_shown_in_plain_text(tmp_path: Path, body: bytes, said: list[str]) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(body)
    shown = await invoke("iso", "show", file)
    assert shown.exit_code == 0, shown.output
    for words in said:
        assert words in shown.stdout
    as_json = await invoke("iso", "show", file, "--json", "-")
    assert json.loads(as_json.stdout)["says"]


async def test_what_cannot_be_shown_says_why(tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(b"<x/>")
    odd, missing = await invoke("iso", "show", file), await invoke("iso", "show", tmp_path / "none.xml")
    assert (odd.exit_code, missing.exit_code) == (1, 2)
    assert "Document" in odd.stderr
    assert "No such file" in missing.stderr


async def test_a_message_is_taken_by_hand_once(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    reference = rrn()
    told = complaint(transfer(5000_00, reference=reference))
    case_no = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")).receipt.case_ack_no
    file = tmp_path / "a.xml"
    file.write_bytes(resolution(case_no, reference))
    first = await invoke("iso", "take", file, "--bank", "HDFC", **with_database(database_dsn))
    assert first.exit_code == 0, first.output
    assert "2 lines taken" in first.stdout
    assert file.exists(), "a file outside the spool stays where it is"
    again = await invoke("iso", "take", file, "--bank", "HDFC", "--json", "-", **with_database(database_dsn))
    assert again.exit_code == 0
    assert json.loads(again.stdout)["repeated"]
    held = await ctx.pool.fetchval("SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE bucket = 'held'")
    assert held == 1500_50


async def test_a_file_in_the_banks_folder_is_moved_as_the_worker_does(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    reference = rrn()
    told = complaint(transfer(5000_00, reference=reference))
    case_no = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")).receipt.case_ack_no
    folder = tmp_path / "HDFC" / "in"
    folder.mkdir(parents=True)
    (folder / "a.xml").write_bytes(returned(case_no, reference))
    (folder / "b.xml").write_bytes(returned(str(uuid4())[:14], reference))
    settings = with_database(database_dsn) | {"iso_spool": str(tmp_path)}
    taken = await invoke("iso", "take", folder / "a.xml", "--bank", "HDFC", **settings)
    refused = await invoke("iso", "take", folder / "b.xml", "--bank", "HDFC", **settings)
    assert (taken.exit_code, refused.exit_code) == (0, 1)
    assert "refused" in refused.stderr
    assert (tmp_path / "HDFC" / "done" / "a.xml").exists()
    assert (tmp_path / "HDFC" / "refused" / "b.xml.reason.txt").read_text().startswith("names no transfer")


async def waiting_for_the_turn(ctx: Context) -> None:
    """Return when a process waits to take files."""
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
    await until(lambda: ctx.pool.fetchval(waits))


async def an_answer_in_the_spool(ctx: Context, spool: Path) -> Path:
    reference = rrn()
    told = complaint(transfer(5000_00, reference=reference))
    case_no = (await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")).receipt.case_ack_no
    file = spool / "HDFC" / "in" / "a.xml"
    file.parent.mkdir(parents=True)
    file.write_bytes(resolution(case_no, reference))
    return file


async def test_a_file_is_taken_when_its_turn_has_come(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    file = await an_answer_in_the_spool(ctx, tmp_path)
    settings = with_database(database_dsn) | {"iso_spool": str(tmp_path)}
    async with ctx.pool.acquire() as worker:
        assert await try_to_lock(worker, WATCH_LOCK)
        by_hand = asyncio.create_task(invoke("iso", "take", file, "--bank", "HDFC", **settings))
        await waiting_for_the_turn(ctx)
        assert file.exists()
    taken = await by_hand
    assert taken.exit_code == 0, taken.output
    assert (tmp_path / "HDFC" / "done" / "a.xml").exists()


async def test_two_who_take_one_file_at_once_lose_nothing_and_do_nothing_twice(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    file = await an_answer_in_the_spool(ctx, tmp_path)
    watcher = SpoolWatcher(ctx, Spool(tmp_path), lambda _: None)
    assert await watcher.check_once() == [], "a file is taken when it looks the same twice"
    settings = with_database(database_dsn) | {"iso_spool": str(tmp_path)}
    async with ctx.pool.acquire() as worker:
        assert await try_to_lock(worker, WATCH_LOCK)
        by_hand = asyncio.create_task(invoke("iso", "take", file, "--bank", "HDFC", **settings))
        await waiting_for_the_turn(ctx)
        # The worker is faster: it moves the file that it has read.
        outcome = await take_file(ctx, watcher.spool, "HDFC", file)
        assert outcome.taken is not None
    late = await by_hand
    assert late.exit_code == 1
    assert "another process has taken it" in late.stderr
    assert [path.name for path in (tmp_path / "HDFC" / "done").iterdir()] == ["a.xml"]
    assert await ctx.pool.fetchval("SELECT count(*) FROM status_update") == 1
    assert await watcher.check_once() == []


async def test_who_waits_too_long_for_the_turn_is_told_and_the_file_stays(
    ctx: Context, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.commands.iso.PATIENCE_SECONDS", 0.2)
    file = await an_answer_in_the_spool(ctx, tmp_path)
    settings = with_database(database_dsn) | {"iso_spool": str(tmp_path)}
    async with ctx.pool.acquire() as worker:
        assert await try_to_lock(worker, WATCH_LOCK)
        refused = await invoke("iso", "take", file, "--bank", "HDFC", **settings)
    assert refused.exit_code == 1
    assert "Another process has been taking files for too long" in refused.stderr
    assert file.exists()
    assert (await invoke("iso", "take", file, "--bank", "HDFC", **settings)).exit_code == 0


async def test_wrong_usage_is_told_from_a_refusal(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(resolution())
    for arguments in ((tmp_path / "none.xml", "--bank", "HDFC"), (file, "--bank", "NOBODY"), (file,)):
        result = await invoke("iso", "take", *arguments, **with_database(database_dsn))
        assert result.exit_code == 2, result.output
    gone = await invoke("iso", "take", file, "--bank", "HDFC", **with_database(database_dsn), iso_spool="/no/such")
    assert gone.exit_code == 2
    assert "ISO_SPOOL: is not a folder" in gone.stderr
