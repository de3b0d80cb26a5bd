"""Test events to banks' webhooks that banks have asked for in their inbox.

A test event has the marks of a test ticket, so a bank holds nothing for it.
"""

import time
from datetime import datetime
from typing import Final
from uuid import uuid4

from activities.context import Context
from activities.outgoing import Attempt, EventSender, Kind, Write
from activities.secrets import CannotOpen
from adapters.banks.conformance_tickets import new_test_ticket
from adapters.banks.protocol import BankChannelGone, BankError, BankMisconfigured, BankRefused, BankWire
from db.banks import bank_test_calls
from db.outgoing import OutgoingKind, subjects
from db.pool import Connection
from schemas.banks.test_calls import BankTestCall, BankTestOutcome
from schemas.enums import ChannelKind

CALL_SECONDS: Final = 10.0
CALLS_AT_ONCE: Final = 5
_DETAIL_MAX_CHARS: Final = 500


async def ask(ctx: Context, institution: str) -> None:
    """Write that a bank asks for a test event; a worker sends it."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await bank_test_calls.ask(connection, uuid4(), institution, ctx.now())


async def _send(attempt: Attempt, call: BankTestCall) -> Write:
    sender = attempt.routes.bank_events
    assert sender is not None, "the loop has a route to webhooks"
    began = time.monotonic()
    outcome, detail = await _outcome(attempt.ctx, sender, call.institution)
    took_seconds = time.monotonic() - began

    async def write(connection: Connection, at: datetime) -> None:
        await bank_test_calls.done(connection, call.call_id, outcome, took_seconds, detail[:_DETAIL_MAX_CHARS], at)

    return write


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


TEST_CALL: Final = Kind(
    OutgoingKind.BANK_TEST_CALL,
    subjects(OutgoingKind.BANK_TEST_CALL, "call_id", BankTestCall),
    _send,
    batch=CALLS_AT_ONCE,
    call_seconds=CALL_SECONDS,
)
