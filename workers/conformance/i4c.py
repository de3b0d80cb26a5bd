"""Checks of an endpoint on the I4C wire (docs/banks/bank-wire.md)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final

import orjson

from adapters.banks.answers import JsonObject
from adapters.banks.envelope import SIGNATURE_HEADER, Sealed, seal, sign
from adapters.banks.i4c.client import JOB_ID_MAX_CHARS
from adapters.banks.i4c.values import IDEMPOTENCY_HEADER, encode_fraud_report
from adapters.banks.protocol import BankWire, HoldTicket, new_test_ticket
from schemas.enums import ChannelKind
from workers.conformance.calls import Answered, Line, Unanswered, judge_refusal, note_time, oversized
from workers.conformance.findings import Book, Finding, Verdict
from workers.conformance.reason_text import hint_on_login, hint_on_ticket

LOGIN: Final = "login"
TICKET: Final = "test ticket is taken"
SAME_KEY: Final = "same key, same job"
OTHER_KEY: Final = "other key, other job"
SEALED_REPLY: Final = "the reply is encrypted: only requests are, and a reply is a plain JSON object"
_NO_ROUTE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_AFTER_LOGIN: Final = (TICKET, SAME_KEY, OTHER_KEY)


async def check_i4c(line: Line) -> list[Finding]:
    """Run all checks that need no real money. The wrong password comes last, because it may lock the login."""
    suite = _Suite(line)
    if await suite.log_in():
        await suite.idempotency()
        await suite.tokens()
        await suite.envelope()
        await suite.shapes()
    await suite.wrong_password()
    return suite.book.findings


class _Suite:
    def __init__(self, line: Line) -> None:
        self.book = Book(ChannelKind.I4C)
        self._line = line
        self._bank = line.bank
        self._token = ""

    async def log_in(self) -> bool:
        """Return whether the bank gave a token for the right password."""
        came = await self._login(self._bank.password)
        token, wrong = _token_of(came, self._bank)
        if token is None:
            self.book.note(LOGIN, Verdict.WRONG, wrong, came.seconds)
            self.book.untried("no login", *_AFTER_LOGIN, "tokens", "envelope", "shapes")
            return False
        self._token = token
        has_expiry = isinstance(came, Answered) and came.part("data").get("expires_in") is not None
        verdict, detail = (Verdict.RIGHT, "a token") if has_expiry else (Verdict.ODD, "a token, but no expires_in")
        self.book.note(LOGIN, verdict, detail, came.seconds)
        return True

    async def wrong_password(self) -> None:
        """Check that a wrong password gets no token."""
        came = await self._login(f"{self._bank.password}-not")
        token, _ = _token_of(came, self._bank)
        if token is not None:
            self.book.note("wrong password", Verdict.WRONG, "logged in with a wrong password", came.seconds)
            return
        if isinstance(came, Answered) and came.status in _NO_ROUTE:
            # Such a reply refuses every password, the right one too.
            self.book.note("wrong password", Verdict.ODD, f"not determined: {came.as_text()}", came.seconds)
            return
        judge_refusal(self.book, "wrong password", came, takes="was not refused", closing_is_fine=False)

    async def idempotency(self) -> None:
        """Check that the same key gives the same job, and another key another job."""
        ticket = new_test_ticket()
        came = await self._report(ticket)
        job, wrong = _job_of(came, ticket, self._bank)
        if job is None:
            self.book.note(TICKET, Verdict.WRONG, wrong, came.seconds)
            self.book.untried("no ticket was taken", SAME_KEY, OTHER_KEY)
            return
        assert isinstance(came, Answered), "a job is named by a reply"
        self._note_taken(came)
        await self._same_job(ticket, job)
        other = new_test_ticket()
        again = await self._report(other)
        other_job, wrong = _job_of(again, other, self._bank)
        if other_job is None:
            self.book.note(OTHER_KEY, Verdict.WRONG, wrong, again.seconds)
        elif other_job == job:
            self.book.note(OTHER_KEY, Verdict.WRONG, "two requests under one job id", again.seconds)
        else:
            self.book.note(OTHER_KEY, Verdict.RIGHT, "another job id", again.seconds)

    async def tokens(self) -> None:
        """Check that nothing is accepted without our token. Only a 401 makes our client log in again."""
        for check, bearer in (("no token", None), ("wrong token", "Bearer not-a-token-of-yours")):
            ticket = new_test_ticket()
            sealed = seal(encode_fraud_report(ticket), self._bank)
            headers = self._headers(sealed, ticket) | ({} if bearer is None else {"Authorization": bearer})
            came = await self._line.post(self._bank.report_path, sealed.body, headers)
            if isinstance(came, Answered) and came.status == HTTPStatus.UNAUTHORIZED:
                self.book.note(check, Verdict.RIGHT, "refused, HTTP 401", came.seconds)
            elif isinstance(came, Answered):
                detail = f"{came.as_text()}: HTTP 401 was agreed, and nothing else makes us log in again"
                self.book.note(check, Verdict.WRONG, detail, came.seconds)
            else:
                self.book.note(check, Verdict.WRONG, came.reason, came.seconds)

    async def envelope(self) -> None:
        """Check that a body outside the agreed envelope, or changed in transit, is refused."""
        bank = self._bank
        if bank.envelope != "none":
            await self._refused(
                "plain text", replace(bank, envelope="none", ciphertext_member=None), "plain text was taken"
            )
            assert bank.aes_key is not None, "the directory takes no envelope without a key"
            strange = replace(bank, aes_key=bytes(byte ^ 0xFF for byte in bank.aes_key))
            await self._refused("another AES key", strange, "a body under another key was taken")
        if bank.hmac_key is not None:
            strange = replace(bank, hmac_key=bytes(byte ^ 0xFF for byte in bank.hmac_key))
            unsigned = replace(bank, hmac_key=None)
            await self._refused("wrong signature", strange, "a wrong signature was taken")
            await self._refused("no signature", unsigned, "a body without a signature was taken")

    async def shapes(self) -> None:
        """Check that incomplete and oversized tickets are refused with a code and no 5xx."""
        for check, change in _INCOMPLETE_TICKETS.items():
            document = orjson.loads(_plain())
            change(document)
            came = await self._logged_in(partial(seal, orjson.dumps(document), self._bank), new_test_ticket())
            judge_refusal(self.book, check, came, takes="was taken", closing_is_fine=False)
        came = await self._logged_in(partial(_too_large, self._bank), new_test_ticket())
        judge_refusal(self.book, "larger than 1 MiB", came, takes="was taken", closing_is_fine=True)

    async def _same_job(self, ticket: HoldTicket, job: str) -> None:
        """Check that a repeat under the same key, in a new envelope, is the same job."""
        came = await self._report(ticket)
        again, wrong = _job_of(came, ticket, self._bank)
        if again is None:
            self.book.note(SAME_KEY, Verdict.WRONG, wrong, came.seconds)
        elif again != job:
            detail = "another job id: money would be held twice where a reply is lost"
            self.book.note(SAME_KEY, Verdict.WRONG, detail, came.seconds)
        else:
            self.book.note(SAME_KEY, Verdict.RIGHT, "the same job id", came.seconds)

    def _note_taken(self, came: Answered) -> None:
        echoed = bool(came.part("data").get("acknowledgement_no"))
        detail = "" if echoed else ", but the reply does not repeat the acknowledgement number"
        verdict = Verdict.RIGHT if echoed else Verdict.ODD
        self.book.note(TICKET, verdict, f"{came.as_text()}, a job id{detail}", came.seconds)
        note_time(self.book, came)

    async def _refused(self, check: str, strange: BankWire, takes: str) -> None:
        """Check that a ticket in the envelope of `strange` is refused."""
        came = await self._logged_in(partial(seal, _plain(), strange), new_test_ticket())
        judge_refusal(self.book, check, came, takes=takes, closing_is_fine=False)

    async def _login(self, password: str) -> Answered | Unanswered:
        body = orjson.dumps({"email": self._bank.email, "password": password})
        return await self._line.post(self._bank.login_path, body, {"Content-Type": "application/json"})

    async def _report(self, ticket: HoldTicket) -> Answered | Unanswered:
        return await self._logged_in(partial(seal, encode_fraud_report(ticket), self._bank), ticket)

    async def _logged_in(self, wrap: Callable[[], Sealed], ticket: HoldTicket) -> Answered | Unanswered:
        """Post, as our own client does: if the token has ended, log in and post again in a new envelope."""
        came = await self._post_sealed(wrap(), ticket)
        if isinstance(came, Unanswered) or came.status != HTTPStatus.UNAUTHORIZED:
            return came
        token, _ = _token_of(await self._login(self._bank.password), self._bank)
        self._token = token or self._token
        return await self._post_sealed(wrap(), ticket)

    async def _post_sealed(self, sealed: Sealed, ticket: HoldTicket) -> Answered | Unanswered:
        headers = self._headers(sealed, ticket) | {"Authorization": f"Bearer {self._token}"}
        return await self._line.post(self._bank.report_path, sealed.body, headers)

    def _headers(self, sealed: Sealed, ticket: HoldTicket) -> dict[str, str]:
        return {**sealed.headers, IDEMPOTENCY_HEADER: str(ticket.request_id)}


def _plain() -> bytes:
    return encode_fraud_report(new_test_ticket())


def _too_large(bank: BankWire) -> Sealed:
    """Return a ticket in a body above the agreed size, with the signature of that body."""
    sealed = seal(_plain(), bank)
    body = oversized(sealed.body)
    signature = {} if bank.hmac_key is None else {SIGNATURE_HEADER: sign(body, bank.hmac_key)}
    return Sealed(body, sealed.headers | signature)


def _token_of(came: Answered | Unanswered, bank: BankWire) -> tuple[str | None, str]:
    """Return the token in a login's reply, or None and the fault."""
    if isinstance(came, Unanswered):
        return None, came.reason
    if came.is_refusal:
        return None, f"refused, {came.as_text()}: {hint_on_login(came.status)}"
    if _is_sealed(came, bank):
        return None, f"{came.as_text()}, but {SEALED_REPLY}"
    token = came.part("data").get("token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
        return None, f"{came.as_text()}, but no token in data.token"
    return token, ""


def _job_of(came: Answered | Unanswered, ticket: HoldTicket, bank: BankWire) -> tuple[str | None, str]:
    """Return the job id of the ticket, or None and the fault of the reply."""
    if isinstance(came, Unanswered):
        return None, came.reason
    data = came.part("data")
    job = data.get("job_id")
    wrong = ""
    if came.is_refusal:
        wrong = f"a refusal: {hint_on_ticket(came.status, came.code)}"
    elif _is_sealed(came, bank):
        wrong = f"but {SEALED_REPLY}"
    elif came.body is None:
        wrong = f"and the reply is not a JSON object, but “{came.said}”"
    elif not came.code:
        wrong = "but no response code in meta.response_code"
    elif isinstance(job, bool) or not isinstance(job, str | int) or not 0 < len(str(job).strip()) <= JOB_ID_MAX_CHARS:
        wrong = "but no job id in data.job_id"
    elif data.get("acknowledgement_no") not in {ticket.ack_no, "", None}:
        wrong = "but the reply is about another acknowledgement number"
    return (None, f"{came.as_text()}, {wrong}") if wrong else (str(job).strip(), "")


def _is_sealed(came: Answered, bank: BankWire) -> bool:
    """Return whether a reply is in the envelope of requests: the ciphertext in its member, or as the whole body."""
    if bank.envelope == "none" or "meta" in (came.body or {}):
        return False
    if bank.ciphertext_member:
        return isinstance((came.body or {}).get(bank.ciphertext_member), str)
    return came.is_base64


def _without_number(document: JsonObject) -> None:
    del document["acknowledgement_no"]


def _without_incidents(document: JsonObject) -> None:
    document["incidents"] = []


_INCOMPLETE_TICKETS: Final[dict[str, Callable[[JsonObject], None]]] = {
    "no acknowledgement number": _without_number,
    "no incident": _without_incidents,
}
