"""Giving a request up: its money is untraced until somebody places it."""

from datetime import datetime
from uuid import UUID

from db.cases import events, hops, ledger, tasks
from db.cases.events import Event
from db.pool import Connection
from db.tracing import requests
from domain.ledger import move_between
from schemas.enums import Bucket, EventKind
from schemas.outbox.case import HopRef


async def write_off_request(
    connection: Connection, case_no: str, request_id: UUID, now: datetime, actor: str, reason: str
) -> list[HopRef]:
    """Stop a live request inside the caller's transaction: its money goes to `untraced`, its hops close."""
    live = await requests.live_hops(connection, request_id)
    entries = [
        entry for hop in live for entry in move_between(hop.hop_no, Bucket.IN_PLAY, Bucket.UNTRACED, hop.disputed_paise)
    ]
    await ledger.post(connection, case_no, "request_stopped", f"stop|{request_id}", now, entries)
    await hops.close(connection, case_no, [hop.hop_no for hop in live])
    await requests.stop(connection, request_id, now)
    await tasks.close_for_requests(connection, case_no, [request_id], now, "the request was stopped")
    data = {"request_id": str(request_id), "placed": events.placed(entries), "reason": reason}
    await events.append(connection, case_no, now, actor, [Event(EventKind.REQUEST_STOPPED, data)])
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in live]
