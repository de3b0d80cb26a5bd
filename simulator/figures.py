"""Figures of a world, and faulty replies."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.banks.banks import Banks
from simulator.banks.faults import HUGE_REPLY_BYTES, PIECE_BYTES, Faults, Reply
from simulator.banks.poster import Poster
from simulator.banks.tickets import NextLayer, TicketBook, TicketRecord
from simulator.clock import NS_PER_SECOND
from simulator.config import CLASSES
from simulator.people.callers import ComplaintRecord
from simulator.world.cases import CasePlan
from simulator.world.truth import Truth

Json = dict[str, object]
NS_IN_MS = 1_000_000
QUANTILES = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


def spread(samples_ns: Iterable[int]) -> Json:
    """Return count and quantiles (nearest rank) of durations, in milliseconds."""
    samples = sorted(samples_ns)
    if not samples:
        return {"count": 0}
    ranks = {name: samples[ceil(share * len(samples)) - 1] for name, share in QUANTILES}
    return {"count": len(samples)} | {name: round(ns / NS_IN_MS, 3) for name, ns in ranks.items()}


def first_request_ns(records: Sequence[ComplaintRecord], banks: Banks) -> list[int]:
    """Return the times from a complaint's planned moment to the first ticket of its case.

    Complaints that joined a case do not count.
    """
    seen = banks.book.first_seen_ns
    return [
        seen[record.case_ack_no] - record.due_ns
        for record in records
        if record.case_ack_no in seen and record.plan.first and not record.joined
    ]


def first_requests_missing(records: Sequence[ComplaintRecord], banks: Banks) -> int:
    """Return the number of cases of which no bank has a ticket, although one of their banks answers."""
    return sum(not _all_down(record, banks) for record in _without_ticket(records, banks))


def first_requests_waiting(records: Sequence[ComplaintRecord], banks: Banks) -> int:
    """Return the number of cases of which no bank has a ticket because all their banks are down.

    They are down since the complaint, so no engine could have asked them.
    """
    return sum(_all_down(record, banks) for record in _without_ticket(records, banks))


def _without_ticket(records: Sequence[ComplaintRecord], banks: Banks) -> list[ComplaintRecord]:
    """Return the accepted complaints that began a case of which no bank has a ticket."""
    seen = banks.book.first_seen_ns
    return [
        record
        for record in records
        if record.ack_no and record.plan.first and not record.joined and record.case_ack_no not in seen
    ]


def _all_down(record: ComplaintRecord, banks: Banks) -> bool:
    """Return whether every bank of a complaint is in one outage from the complaint until now."""
    reported = {transfer.bank for transfer in record.plan.transfers}
    outages = [banks.desk.outage(bank, record.plan.at) for bank in reported if bank in banks.by_code]
    now = banks.clock.now()
    return len(outages) == len(reported) and all(outage is not None and now < outage.end for outage in outages)


def taken_in_seconds(records: Sequence[ComplaintRecord], began_ns: int) -> float:
    """Return the seconds from the day's beginning to the answer to the last complaint that began a case."""
    answered = [record.answered_ns for record in records if record.plan.first and record.answered_ns]
    return round((max(answered, default=began_ns) - began_ns) / NS_PER_SECOND, 3)


def truth_figures(truth: Truth, late: Truth, banks: Banks, records: Sequence[ComplaintRecord]) -> Json:
    """Return the caught and catchable amounts, in paise, by class of bank.

    `catchable`: what a perfect engine holds in this world. `so_far`: the same for cases whose complaint was accepted.
    `late`: what an engine holds that needs a day for every hop. Speed decides about `catchable - late`.
    """
    caught = dict.fromkeys(CLASSES, 0)
    for code, paise in banks.world.held_by_bank.items():
        caught[banks.by_code[code].answer_class] += paise
    taken = {record.plan.case_no for record in records if record.ack_no and record.plan.first}
    so_far = {
        name: sum(by_class[name] for case, by_class in truth.held_by_case.items() if case in taken) for name in CLASSES
    }
    at_stake = truth.held_by_class["api"] - late.held_by_class["api"]
    return {
        "caught_paise": caught,
        "catchable_paise": truth.held_by_class,
        "catchable_so_far_paise": so_far,
        "late_paise": late.held_by_class,
        "caught_of_catchable": _share(caught["api"], truth.held_by_class["api"]),
        "caught_of_catchable_so_far": _share(caught["api"], so_far["api"]),
        "caught_of_catchable_all_classes": _share(sum(caught.values()), truth.held_paise),
        "caught_of_at_stake": _share(caught["api"] - late.held_by_class["api"], at_stake),
        "hops_of_perfect_engine": truth.hops,
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole > 0 else None


def complaint_figures(plans: Sequence[CasePlan], records: Sequence[ComplaintRecord]) -> Json:
    """Return the progress of the complaints."""
    planned = sum(len(plan.complaints) for plan in plans)
    return {
        "planned": planned,
        "sent": len(records),
        "accepted": sum(1 for record in records if record.ack_no),
        "joined": sum(1 for record in records if record.joined),
        "refused": sum(1 for record in records if record.answered_ns and not record.ack_no),
        "lost_paise": sum(
            reported.move.amount_paise for r in records if r.ack_no and r.plan.first for reported in r.plan.transfers
        ),
        "done": planned == sum(1 for record in records if record.answered_ns),
    }


def ticket_figures(book: TicketBook) -> Json:
    """Return the progress of tickets by class of bank: `open` are not handled yet, `unanswered` not fully answered."""
    return {
        "received": sum(book.received.values()),
        "incidents": book.incidents,
        "repeats": book.repeats,
        "worked": sum(book.worked.values()),
        "answered": sum(book.answered.values()),
        "open_by_class": {name: book.received[name] - book.worked[name] for name in CLASSES},
        "unanswered_by_class": {name: book.received[name] - book.answered[name] for name in CLASSES},
    }


def post_figures(poster: Poster) -> Json:
    """Return the progress of the banks' status updates."""
    return {
        "made": poster.made,
        "accepted": poster.accepted,
        "gave_up": poster.gave_up,
        "failed_attempts": poster.failures,
    }


def layer_row(layer: NextLayer) -> Json:
    """Return one request about a hop that answers named, with the times since them."""
    return {"ack_no": layer.ack_no, "rrn": layer.rrn, "ns": layer.ns, "ns_by_root": dict(layer.ns_by_root)}


def ticket_row(ticket: TicketRecord) -> Json:
    """Return one ticket with its times: `*_ns` monotonic, `received_at` in epoch seconds."""
    return {
        "number": ticket.number,
        "bank": ticket.bank.code,
        "answer_class": ticket.bank.answer_class,
        "key": ticket.key,
        "channel": ticket.channel,
        "ack_no": ticket.report.ack_no,
        "job_id": ticket.job_id,
        "rrns": ticket.rrns,
        "layers": list(ticket.report.layers),
        "received_ns": ticket.received_ns,
        "received_at": ticket.received_at,
        "received_world": ticket.received_world,
        "repeats": ticket.repeats,
        "worked": ticket.worked,
        "answered": ticket.answered,
        "posts": [
            {
                "sent_ns": post.sent_ns,
                "accepted_ns": post.accepted_ns,
                "attempts": post.attempts,
                "status": post.status,
                "onward": list(post.onward),
            }
            for post in ticket.posts
        ],
    }


CHUNK_BYTES = 64 << 10
DRIP_WALL_SECONDS = 0.05


class FaultyReply:
    """An ASGI application that sends the reply `good` with a bank's fault."""

    def __init__(self, good: Response, fault: Reply, faults: Faults) -> None:
        self._good = good
        self._fault = fault
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply with its fault."""
        body = bytes(self._good.body)
        match self._fault:
            case Reply.TORN:
                await self._begin(send, len(body))
                await _part(send, body[: len(body) // 2], more=True)
                drop(send)
            case Reply.DRIPPED:
                await self._begin(send, len(body))
                for start in range(0, len(body), PIECE_BYTES):
                    await _part(send, body[start : start + PIECE_BYTES], more=True)
                    await asyncio.sleep(DRIP_WALL_SECONDS)
                await _part(send, b"", more=False)
            case Reply.HUGE:
                await self._begin(send, len(body) + HUGE_REPLY_BYTES)
                await _part(send, body, more=True)
                for _ in range(0, HUGE_REPLY_BYTES, CHUNK_BYTES):
                    await _part(send, b" " * CHUNK_BYTES, more=True)
                await _part(send, b"", more=False)
            case Reply.CHARSET:
                odd = body.decode().encode("utf-16")
                await self._begin(send, len(odd))
                await _part(send, odd, more=False)
            case _:
                await asyncio.sleep(self._faults.slow_wall_seconds)
                await self._good(scope, receive, send)

    async def _begin(self, send: Send, length: int) -> None:
        headers = [(name, value) for name, value in self._good.raw_headers if name != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": self._good.status_code, "headers": headers})


async def _part(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def until_disconnected(request: Request, most_seconds: float) -> None:
    """Send nothing until the client disconnects, or the time limit ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_seconds):
            message: Mapping[str, object] = {"type": ""}
            while message["type"] != "http.disconnect":
                message = await request.receive()


def drop(send: Send) -> None:
    """Close the connection without an answer, as a failed machine does.

    ASGI has no call for this. uvicorn's `send` is a method of the cycle that owns the transport. Transports of uvloop
    are no subclass of asyncio's classes, so the code checks for the method.
    """
    abort = getattr(getattr(getattr(send, "__self__", None), "transport", None), "abort", None)
    if callable(abort):
        abort()
