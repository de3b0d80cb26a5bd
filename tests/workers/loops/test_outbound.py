"""The worker's outbound loop: it uses the gateway and register of the settings, and retries after a failure."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.case.intake import take_complaint
from activities.context import Context
from activities.outgoing import Kind, Routes, send_due
from activities.recovery.firs import NO_REGISTER
from activities.recovery.message_outbox import tell_victim
from activities.recovery.message_sending import MESSAGES
from db.case.case_outbox import kinds_due
from db.outgoing import OutgoingKind
from db.pool import Pool
from domain.message_texts import template_keys, template_text
from schemas.notifications import MessageKind
from simulator.people.police import PoliceStation
from simulator.people.sms_gateway import SmsGateway
from tests.asgi_server import served
from tests.factories import complaint, make_context, rrn, transfer
from tests.waiting import until
from workers.loops.outbound import OutboundLoop
from workers.reference.sms_templates import template_file
from workers.settings import Settings

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ENTITY = "1201000000000000001"
KEY = "a-key-of-the-register-0123456789"
PATIENCE_SECONDS = 30.0


async def one_of_each(ctx: Context) -> str:
    """Create a case that needs an e-Zero FIR, and a message to its victim."""
    told = complaint(transfer(2_00_000_00))
    taken = await take_complaint(ctx, told, idempotency_key=rrn(), taken_by="officer:1")
    case_no = taken.receipt.case_ack_no
    async with ctx.pool.acquire() as connection, connection.transaction():
        await tell_victim(connection, ctx, case_no, MessageKind.MONEY_HELD, {"amount_paise": 5_000_00}, ctx.now())
    return case_no


async def until_gone_out(ctx: Context) -> None:
    gone = (
        "SELECT NOT EXISTS (SELECT FROM message WHERE sent_at IS NULL)"
        " AND NOT EXISTS (SELECT FROM fir WHERE fir_no IS NULL)"
    )
    await until(lambda: ctx.pool.fetchval(gone), PATIENCE_SECONDS)


async def test_what_is_written_goes_out_and_what_follows_from_it_too(database: Pool, tmp_path: Path) -> None:
    ctx = await make_context(database)
    ids = {key: f"{10**18 + number}" for number, key in enumerate(template_keys())}
    file = tmp_path / "sms-templates.toml"
    file.write_text(template_file(ENTITY, ids.__getitem__))
    # The gateway takes registered texts only.
    gateway = SmsGateway("t0ken", ENTITY, {template_id: template_text(key) for key, template_id in ids.items()})
    station = PoliceStation("up", KEY.encode())
    await one_of_each(ctx)
    async with served(gateway) as sms_url, served(station) as police_url:
        settings = Settings.model_validate(
            {
                "sms_url": sms_url.replace("//", "//:t0ken@") + "/send?from=UPCOPS",
                "sms_templates": file,
                "police_url": police_url.replace("//", f"//up:{KEY}@"),
            }
        )
        async with OutboundLoop.opened(ctx, settings, None) as loop:
            running = asyncio.create_task(loop.run())
            await until_gone_out(ctx)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    (report,) = station.reports.values()
    assert report.sign_by is not None
    assert any(report.fir_no in message.text for message in gateway.messages), "the victim is asked to sign"
    assert len(gateway.messages) == 2


async def test_a_fault_in_one_loop_ends_no_other(database: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = await make_context(database)
    await one_of_each(ctx)

    async def fails(ctx: Context, routes: Routes, kind: Kind[Any]) -> int:
        if kind is MESSAGES:
            raise RuntimeError("of no server")
        return await send_due(ctx, routes, kind)

    monkeypatch.setattr("workers.loops.outbound.send_due", fails)
    station = PoliceStation("up", KEY.encode(), clock=lambda: datetime.now(UTC))
    async with served(station) as police_url:
        settings = Settings.model_validate({"police_url": police_url.replace("//", f"//up:{KEY}@")})
        async with OutboundLoop.opened(ctx, settings, None) as loop:
            assert await loop.send_due_once() == 1
    assert len(station.reports) == 1


async def test_without_gateway_and_register_everything_stays_written_and_says_so(database: Pool) -> None:
    ctx = await make_context(database)
    await one_of_each(ctx)
    async with OutboundLoop.opened(ctx, Settings(), None) as loop:
        assert await loop.send_due_once() == 0
    assert "is configured" in await database.fetchval("SELECT failure FROM outgoing WHERE kind = 'message'")
    assert await database.fetchval("SELECT failure FROM outgoing WHERE kind = 'fir'") == NO_REGISTER


async def test_each_kind_is_found_by_the_row_of_its_outbox_that_is_due(database: Pool) -> None:
    async with database.acquire() as connection:
        for table in ("outgoing", "message"):
            await connection.execute(f"CREATE TEMP TABLE {table} AS TABLE public.{table} WITH NO DATA")

        async def found(table: str, row: Mapping[str, object]) -> set[str]:
            await connection.execute(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::public.{table}, $1)", row
            )
            due = await kinds_due(connection, NOW)
            await connection.execute(f"DELETE FROM {table}")
            return set(due)

        for kind in OutgoingKind:
            assert await found("outgoing", {"kind": kind, "next_attempt_at": str(NOW + SECOND)}) == set()
            assert await found("outgoing", {"kind": kind, "next_attempt_at": str(NOW)}) == {kind}
        assert await found("message", {"expires_at": str(NOW), "body": "a code"}) == {OutgoingKind.MESSAGE}
