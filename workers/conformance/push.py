"""Checks of a bank's webhook (docs/banks/bank-api.md)."""

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from adapters.banks.protocol import HoldTicket, new_test_order, new_test_ticket
from adapters.banks.push.client import JOB_ID_MAX_CHARS, SIGNATURE_HEADER, hold_demand, signed_headers
from adapters.clock import wall_clock
from schemas.case.hold_requests import HoldRequested
from schemas.enums import ChannelKind
from schemas.recovery.orders import BankOrder, OrderIssued
from workers.conformance.calls import Answered, Line, Unanswered, judge_refusal, note_time, oversized
from workers.conformance.findings import Book, Finding, Verdict

TICKET: Final = "test ticket is taken"
SAME_ID: Final = "same id, same job"
ORDER: Final = "test order is taken"
SAME_ORDER: Final = "same order, same job"
TOO_OLD: Final = timedelta(minutes=10)
"""Standard Webhooks refuse events that are more than five minutes old."""


async def check_push(line: Line) -> list[Finding]:
    """Run all checks that need no real money."""
    suite = _Suite(line)
    await suite.idempotency()
    await suite.each_secret()
    await suite.signatures()
    await suite.shapes()
    await suite.orders()
    return suite.book.findings


class _Suite:
    def __init__(self, line: Line) -> None:
        self.book = Book(ChannelKind.PUSH)
        self._line = line
        self._secrets = line.bank.webhook_secrets

    async def idempotency(self) -> None:
        """Check that a valid event is accepted, and a repeat under the same id is the same job."""
        ticket = new_test_ticket()
        came = await self._good(ticket)
        if isinstance(came, Unanswered) or not came.succeeded:
            detail = came.reason if isinstance(came, Unanswered) else f"{came.as_text()}, 2xx was agreed"
            self.book.note(TICKET, Verdict.WRONG, detail, came.seconds)
            self.book.untried("no ticket was taken", SAME_ID)
            return
        job = _job_of(came)
        detail = "a job id" if job else "no job id: the webhook-id replaces it"
        self.book.note(TICKET, Verdict.RIGHT, f"{came.as_text()}, {detail}", came.seconds)
        note_time(self.book, came)
        again = await self._good(ticket)
        if isinstance(again, Unanswered) or not again.succeeded:
            detail = again.reason if isinstance(again, Unanswered) else f"refused, {again.as_text()}"
            self.book.note(SAME_ID, Verdict.WRONG, detail, again.seconds)
        elif _job_of(again) != job:
            detail = "another job id: money would be held twice where a reply is lost"
            self.book.note(SAME_ID, Verdict.WRONG, detail, again.seconds)
        else:
            self.book.note(SAME_ID, Verdict.RIGHT, "the same" if job else "taken again, no job id to compare")

    async def each_secret(self) -> None:
        """Check that each of two secrets is sufficient while a secret is changed."""
        if len(self._secrets) < 2:  # noqa: PLR2004 - one secret alone is what the good event had
            return
        for name, secret in zip(("newer secret alone", "older secret alone"), self._secrets, strict=True):
            came = await self._good(new_test_ticket(), (secret,))
            if isinstance(came, Answered) and came.succeeded:
                self.book.note(name, Verdict.RIGHT, came.as_text(), came.seconds)
            else:
                detail = came.reason if isinstance(came, Unanswered) else f"refused, {came.as_text()}"
                self.book.note(name, Verdict.WRONG, detail, came.seconds)

    async def signatures(self) -> None:
        """Check that an event with a missing, wrong or old signature is refused."""
        strange = tuple(bytes(byte ^ 0xFF for byte in secret) for secret in self._secrets)
        body, headers = self._event(new_test_ticket())
        unsigned = {name: value for name, value in headers.items() if name != SIGNATURE_HEADER}
        await self._refused("no signature", body, unsigned, "an event without a signature was taken")
        body, headers = self._event(new_test_ticket(), strange)
        await self._refused("wrong signature", body, headers, "a wrong signature was taken")
        body, headers = self._event(new_test_ticket())
        await self._refused("changed body", body + b" ", headers, "a body that was changed under way was taken")
        body, headers = self._event(new_test_ticket(), now=wall_clock() - TOO_OLD)
        await self._refused("ten minutes old", body, headers, "an old event can be replayed")

    async def shapes(self) -> None:
        """Check that malformed and oversized requests are refused without a 5xx."""
        for check, body in (("no JSON", b"not JSON"), ("no data", b'{"type":"hold.requested"}')):
            headers = signed_headers(str(uuid4()), wall_clock(), body, self._secrets)
            came = await self._post(body, headers)
            if isinstance(came, Answered) and came.succeeded:
                self.book.note(check, Verdict.ODD, f"was taken, {came.as_text()}", came.seconds)
            else:
                judge_refusal(self.book, check, came, takes="was taken", closing_is_fine=False)
        ticket, now = new_test_ticket(), wall_clock()
        body = oversized(_body(ticket, now))
        came = await self._post(body, signed_headers(str(ticket.request_id), now, body, self._secrets))
        if isinstance(came, Answered) and came.succeeded:
            self.book.note("larger than 1 MiB", Verdict.ODD, f"was taken, {came.as_text()}", came.seconds)
        else:
            judge_refusal(self.book, "larger than 1 MiB", came, takes="was taken", closing_is_fine=True)

    async def orders(self) -> None:
        """Check that an order to release is accepted, and a repeat under the same id is the same job."""
        order = new_test_order()
        came = await self._order(order)
        if isinstance(came, Answered) and HTTPStatus.BAD_REQUEST <= came.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            verdict = Verdict.WRONG if came.status == HTTPStatus.GONE else Verdict.ODD
            detail = f"refused, {came.as_text()}: orders would use another channel"
            self.book.note(ORDER, verdict, detail, came.seconds)
            self.book.untried("no order was taken", SAME_ORDER)
            return
        if isinstance(came, Unanswered) or not came.succeeded:
            detail = came.reason if isinstance(came, Unanswered) else f"{came.as_text()}, 2xx was agreed"
            self.book.note(ORDER, Verdict.WRONG, detail, came.seconds)
            self.book.untried("no order was taken", SAME_ORDER)
            return
        self.book.note(ORDER, Verdict.RIGHT, came.as_text(), came.seconds)
        again = await self._order(order)
        if isinstance(again, Answered) and again.succeeded and _job_of(again) == _job_of(came):
            self.book.note(SAME_ORDER, Verdict.RIGHT, "the same", again.seconds)
        else:
            detail = "another job id, or none: money would be paid twice if a reply is lost"
            self.book.note(SAME_ORDER, Verdict.WRONG, detail, again.seconds)

    async def _order(self, order: BankOrder) -> Answered | Unanswered:
        now = wall_clock()
        body = OrderIssued(timestamp=now, data=order).model_dump_json().encode()
        return await self._post(body, signed_headers(str(order.order_id), now, body, self._secrets))

    async def _refused(self, check: str, body: bytes, headers: dict[str, str], takes: str) -> None:
        came = await self._post(body, headers)
        if isinstance(came, Answered) and came.status == HTTPStatus.GONE:
            detail = "HTTP 410 closes the webhook permanently; it does not refuse one event"
            self.book.note(check, Verdict.WRONG, detail, came.seconds)
        elif isinstance(came, Answered) and came.succeeded:
            self.book.note(check, Verdict.WRONG, f"{takes}, {came.as_text()}", came.seconds)
        else:
            judge_refusal(self.book, check, came, takes=takes, closing_is_fine=False)

    async def _good(self, ticket: HoldTicket, secrets: tuple[bytes, ...] = ()) -> Answered | Unanswered:
        return await self._post(*self._event(ticket, secrets))

    def _event(
        self, ticket: HoldTicket, secrets: tuple[bytes, ...] = (), now: datetime | None = None
    ) -> tuple[bytes, dict[str, str]]:
        at = now or wall_clock()
        body = _body(ticket, at)
        return body, signed_headers(str(ticket.request_id), at, body, secrets or self._secrets)

    async def _post(self, body: bytes, headers: dict[str, str]) -> Answered | Unanswered:
        return await self._line.post("", body, {"Content-Type": "application/json", **headers})


def _body(ticket: HoldTicket, now: datetime) -> bytes:
    moved = replace(ticket, requested_at=now)
    return HoldRequested(timestamp=now, data=hold_demand(moved, now)).model_dump_json().encode()


def _job_of(came: Answered) -> str:
    job = (came.body or {}).get("job_id")
    named = isinstance(job, str | int) and not isinstance(job, bool) and 0 < len(str(job).strip()) <= JOB_ID_MAX_CHARS
    return str(job).strip() if named else ""
