"""Test events to banks' webhooks that banks have asked for in their inbox.

A test event has the marks of a test ticket, so a bank holds nothing for it.
"""

import asyncio
import time
from datetime import timedelta
from typing import Final, Protocol
from uuid import uuid4

from activities.context import Context
from activities.secrets import CannotOpen
from adapters.banks.conformance_tickets import new_test_ticket
from adapters.banks.protocol import (
    BankChannelGone,
    BankError,
    BankMisconfigured,
    BankRefused,
    BankWire,
    Delivery,
    HoldTicket,
)
from db.banks import bank_test_calls
from schemas.banks.test_calls import BankTestCall, BankTestOutcome
from schemas.enums import ChannelKind

CALL_SECONDS: Final = 10.0
CALLS_AT_ONCE: Final = 5
_DETAIL_MAX_CHARS: Final = 500


class EventSender(Protocol):
    """Sends hold requests to webhooks: `adapters.banks.push.client.PushAdapter`."""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send one event. Raises `BankError`."""
        ...


async def ask(ctx: Context, institution: str) -> None:
    """Write that a bank asks for a test event; a worker sends it."""
    async with ctx.pool.acquire() as connection:
        await bank_test_calls.ask(connection, uuid4(), institution, ctx.now())


async def send_test_events(ctx: Context, sender: EventSender) -> int:
    """Send the test events that are due; return how many were sent."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection:
        due = await bank_test_calls.claim(connection, now, now + timedelta(seconds=3 * CALL_SECONDS), CALLS_AT_ONCE)
    # At once, because one that hangs must not hold up those of other banks beyond their lease.
    await asyncio.gather(*(_send(ctx, sender, call) for call in due))
    return len(due)


async def _send(ctx: Context, sender: EventSender, call: BankTestCall) -> None:
    began = time.monotonic()
    outcome, detail = await _outcome(ctx, sender, call.institution)
    took_seconds = time.monotonic() - began
    async with ctx.pool.acquire() as connection:
        await bank_test_calls.done(
            connection, call.call_id, outcome, took_seconds, detail[:_DETAIL_MAX_CHARS], ctx.now()
        )


async def _outcome(ctx: Context, sender: EventSender, institution: str) -> tuple[BankTestOutcome, str]:
    found, detail = BankTestOutcome.NO_WEBHOOK, ""
    try:
        wire = await ctx.directory.way(institution, ChannelKind.PUSH)
        if isinstance(wire, BankWire):
            delivery = await sender.send_hold_request(wire, new_test_ticket(), timeout_seconds=CALL_SECONDS)
            found, detail = BankTestOutcome.TAKEN, delivery.job_id
    except BankChannelGone as error:
        found, detail = BankTestOutcome.CLOSED, str(error)
    except BankRefused as error:
        found, detail = BankTestOutcome.REFUSED, f"{error.response_code} {error.message}".strip()
    except (CannotOpen, BankMisconfigured) as error:
        found, detail = BankTestOutcome.REFUSED, str(error)
    except BankError as error:
        found, detail = BankTestOutcome.UNREACHABLE, str(error)
    return found, detail
