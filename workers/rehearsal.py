"""Rehearsal of a golden hour on every connection of a pool, before the first complaint needs it.

The first statements of a new connection take up to a hundred milliseconds: PostgreSQL compiles its functions and plans
its statements, and the driver prepares them. The rehearsal runs the real code on a case of its own, and rolls back.
"""

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
import orjson

from activities.case.answers import take_status_update
from activities.case.intake import take_complaint
from activities.case.request_sending import RequestSender
from activities.context import Context
from activities.metrics import rehearsal
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.protocol import BankWire
from db.case import requests
from db.pool import Connection, Pool
from domain.errors import RuleBroken
from schemas.case.case_workflow import FollowUp
from schemas.case.intake import Complaint
from schemas.enums import AnswerClass, ChannelKind

log = logging.getLogger(__name__)

ACTOR: Final = "engine:rehearsal"
BANKS: Final = 2
ROUNDS: Final = 6
"""PostgreSQL makes a new plan of a prepared statement five times before it may keep one"""
WIRE: Final = BankWire(code="REHEARSAL", base_url="http://127.0.0.1", email="", password="", envelope="none")


async def rehearse(ctx: Context, connections: int) -> None:
    """Open this many connections of the pool and rehearse on each. A failure is logged and costs only speed."""
    banks = [bank.code for bank in ctx.directory.current if bank.answer_class is AnswerClass.API][:BANKS]
    if len(banks) < BANKS:
        return
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(ctx.pool.acquire()) for _ in range(connections)]
        for connection in opened:
            await _rehearse_on(ctx, connection, *banks)


async def _rehearse_on(ctx: Context, connection: Connection, first: str, second: str) -> None:
    """Play a complaint, its requests and two answers on one connection, and roll back."""
    played = connection.transaction()
    await played.start()
    try:
        with rehearsal():
            alone = replace(ctx, pool=cast("Pool", OneConnection(connection)))
            # The health of channels is read in the background, which needs a connection of its own.
            vars(alone)["health"] = ctx.health
            for _ in range(ROUNDS):
                await _play(alone, first, second)
    except (RuleBroken, asyncpg.PostgresError, ValueError, KeyError) as error:
        log.warning("the rehearsal failed: %s", type(error).__name__)
    finally:
        await played.rollback()


async def _play(ctx: Context, first: str, second: str) -> None:
    reference, onward = _digits(12), _digits(12)
    taken = await take_complaint(ctx, _complaint(ctx, first, reference), idempotency_key=_digits(20), taken_by=ACTOR)
    await _deliver(ctx, taken.follow_up, first)
    case_no = taken.receipt.case_ack_no
    moved = await _answer(ctx, first, case_no, _line("3", reference, second, onward))
    await _deliver(ctx, moved, second)
    await _answer(ctx, second, case_no, _line("1", onward))


async def _deliver(ctx: Context, follow_up: FollowUp | None, bank: str) -> None:
    """Read the planned request as a batch does, and record its delivery."""
    notification = follow_up and (follow_up.start or follow_up.news)
    for request in notification.requests if notification else ():
        request_id = UUID(request.request_id)
        await RequestSender.read(ctx, [request_id])
        async with ctx.pool.acquire() as connection:
            await requests.delivered(connection, request_id, bank, f"REHEARSAL-{request_id}", ChannelKind.I4C, 0)


async def _answer(ctx: Context, bank: str, case_no: str, line: dict[str, Any]) -> FollowUp | None:
    body = orjson.dumps({"acknowledgement_no": case_no, "job_id": None, "transactions": [line]})
    receipt = await take_status_update(ctx, bank, decode_status_update(body, {}, WIRE), secrets.token_bytes(32))
    return receipt.follow_up


def _complaint(ctx: Context, bank: str, reference: str) -> Complaint:
    return Complaint.model_validate(
        {
            "ack_no": f"9{_digits(13)}",
            "channel": "helpline_1930",
            "category": "rehearsal",
            "victim": {"name": "Rehearsal", "mobile": "9999999999", "district": "LUCKNOW"},
            "transfers": [
                {
                    "payer": {"institution": bank, "account": "9000000001"},
                    "payee": {"institution": bank, "account": "9000000002"},
                    "amount_paise": 100_000,
                    "rrn": reference,
                    "mode": "imps",
                    "transferred_at": (ctx.now() - timedelta(minutes=5)).isoformat(),
                }
            ],
        }
    )


def _line(txn_type_id: str, root: str, bank: str = "", onward: str = "") -> dict[str, Any]:
    return {
        "txn_type_id": txn_type_id,
        "amount": "1000.00",
        "disputed_amount": "1000.00",
        "transaction_datetime": "",
        "rrn_transaction_id": onward,
        "payee_bank_code": bank,
        "payee_account_number": "9000000003",
        "root_account_number": "9000000002",
        "root_rrn_transaction_id": root,
        "status_code": "00",
    }


def _digits(count: int) -> str:
    return "".join(str(secrets.randbelow(10)) for _ in range(count))


class OneConnection:
    """A pool that always lends the same connection, whose transaction the rehearsal rolls back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Lend the connection."""
        yield self._connection
