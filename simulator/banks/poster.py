"""The banks' connection to the police: log in, post status updates, and lose no answer."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from simulator.banks.faults import NO_ANSWER, FaultBook, FaultyPost, send_faulty, with_fault
from simulator.banks.messages import BankMessage, Sealed, StatusUpdate
from simulator.banks.tickets import PostRecord
from simulator.institutions import Institution
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.wires.i4c import TicketError, paise

MOST_BACKOFF_WALL_SECONDS = 10.0
HARD_REFUSALS_MOST = 8
"""number of attempts for an answer that the police refuse (400, 404, 410, 413, 422)"""
HTTP_OK, HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED, HTTP_GONE, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 200, 400, 401, 410, 429, 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply of the police to a post: HTTP status and JSON (empty if there was none)."""

    status: int
    content: dict[str, object]

    @property
    def refused_as_such(self) -> bool:
        """Whether the police refuse this answer permanently."""
        return HTTP_BAD_REQUEST <= self.status < HTTP_SERVER_ERROR and self.status not in (
            HTTP_UNAUTHORIZED,
            HTTP_TOO_MANY,
        )


class Poster:
    """Posts for every bank, with one pool of connections and one token per bank."""

    def __init__(self, posts_at_once: int, first_backoff_wall_seconds: float, faults: FaultBook) -> None:
        self._faults = faults
        self._url = self._signed_url = ""
        self._first_backoff = first_backoff_wall_seconds
        self._posts_at_once = posts_at_once
        self._slots = asyncio.Semaphore(posts_at_once)
        self._line: HttpClient | None = None
        self._tokens: dict[str, str] = {}
        self._logins: dict[str, asyncio.Lock] = {}
        self._api = asyncio.Event()
        self.made = 0
        self.accepted = 0
        self.gave_up = 0
        self.failures = 0
        """attempts that did not succeed"""

    def connect(self, api_url: str, signed_url: str) -> None:
        """Set the address of the police API, and the address for which banks sign; posts wait for it."""
        self.close()
        self._url = api_url
        self._signed_url = signed_url
        self._line = HttpClient(api_url, self._posts_at_once)
        self._tokens.clear()
        self._api.set()

    def close(self) -> None:
        """Close all connections."""
        if self._line is not None:
            self._line.close()

    async def deliver(self, bank: Institution, message: BankMessage, record: PostRecord) -> None:
        """Send an answer again and again until it is accepted; stop only if it is permanently refused."""
        foul = self._faults.of_post(bank.code, record.key)
        if foul is not None and foul is not FaultyPost.REPLAYED:
            await self._send_faulty(bank, foul, message, None)
        sent: list[Sealed] = []

        async def say() -> Reply:
            return await self._say(bank, message, record, sent)

        await self.until_accepted(bank, record, say)
        if foul is FaultyPost.REPLAYED and record.accepted_ns is not None:
            await self._send_faulty(bank, foul, message, sent[-1])

    async def until_accepted(self, bank: Institution, record: PostRecord, say: Callable[[], Awaitable[Reply]]) -> None:
        """Retry until the police accept; a permanent refusal ends the attempts after a while."""
        self.made += 1
        refusals = 0
        while True:
            reply = await self._attempt(record, say)
            record.status = reply.status if reply is not None else None
            if reply is not None and reply.status == HTTP_OK:
                record.accepted_ns = time.monotonic_ns()
                self.accepted += 1
                return
            self.failures += 1
            if reply is not None and reply.refused_as_such:
                refusals += 1
                if refusals >= HARD_REFUSALS_MOST or reply.status == HTTP_GONE:
                    record.gave_up = True
                    self.gave_up += 1
                    log.warning("answer of %s refused permanently: HTTP %s", bank.code, reply.status)
                    return
            wait = min(self._first_backoff * 2 ** min(record.attempts, 10), MOST_BACKOFF_WALL_SECONDS)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _send_faulty(
        self, bank: Institution, foul: FaultyPost, message: BankMessage, sealed: Sealed | None
    ) -> None:
        """Send a faulty post, which must be refused or ignored, and record the reply.

        `sealed`: send these bytes again.
        """
        await self._api.wait()
        async with self._slots:
            status = NO_ANSWER
            try:
                bad = sealed or await self._with_token(bank, message, with_fault(foul, self._signed_url, message))
                status = await send_faulty(self._connected, self._url, foul, bad)
            except HttpClientError:
                pass
            self._faults.answered(foul, status)

    async def _attempt(self, record: PostRecord, say: Callable[[], Awaitable[Reply]]) -> Reply | None:
        """Make one attempt; return None if the connection failed."""
        await self._api.wait()
        async with self._slots:
            record.attempts += 1
            record.sent_ns = time.monotonic_ns()
            try:
                return await say()
            except HttpClientError:
                return None

    async def post(self, bank: Institution, content: object) -> Reply:
        """Post a status update once as that bank, with a login if needed. Raises LineError if the connection fails."""
        return await self._say(bank, StatusUpdate(bank, orjson.dumps(content)), None, [])

    async def _say(
        self, bank: Institution, message: BankMessage, record: PostRecord | None, sent: list[Sealed]
    ) -> Reply:
        """Make one attempt, and a second one if the token had ended. Sent requests are added to `sent`."""
        reply = Reply(HTTP_UNAUTHORIZED, {})
        for _ in range(2):
            sealed = await self._with_token(bank, message, message.seal(self._signed_url, message.plain))
            if message.needs_token and bank.code not in self._tokens:
                return reply
            if record is not None:
                record.sent_ns = time.monotonic_ns()
            sent.append(sealed)
            answer = await self._connected.request("POST", sealed.path, headers=sealed.headers, body=sealed.body)
            reply = Reply(answer.status, _json(answer))
            if reply.status != HTTP_UNAUTHORIZED or not message.needs_token:
                return reply
            if sealed.headers["authorization"] == f"Bearer {self._tokens.get(bank.code)}":
                del self._tokens[bank.code]
        return reply

    async def _with_token(self, bank: Institution, message: BankMessage, sealed: Sealed) -> Sealed:
        if not message.needs_token:
            return sealed
        token = self._tokens.get(bank.code) or await self._login(bank)
        return replace(sealed, headers={**sealed.headers, "authorization": f"Bearer {token}"})

    @property
    def _connected(self) -> HttpClient:
        if self._line is None:
            raise HttpClientError("the address of the police API is not set")
        return self._line

    async def _login(self, bank: Institution) -> str:
        async with self._logins.setdefault(bank.code, asyncio.Lock()):
            if bank.code in self._tokens:
                return self._tokens[bank.code]
            answer = await self._connected.request(
                "POST",
                "/banking/login",
                headers={"content-type": "application/json"},
                body=orjson.dumps({"email": bank.inbound_email, "password": bank.inbound_password}),
            )
            data = _json(answer).get("data")
            token = data.get("token") if isinstance(data, dict) else None
            if answer.status == HTTP_OK and isinstance(token, str):
                self._tokens[bank.code] = token
                return token
            return ""


def _json(answer: Answer) -> dict[str, object]:
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def onward_of(rows: Sequence[dict[str, object]]) -> tuple[str, ...]:
    """Return the transfers that written rows report as successful."""
    return tuple(
        str(row.get("rrn_transaction_id", ""))
        for row in rows
        if str(row.get("txn_type_id")) == "3" and row.get("status_code") == "00"
    )


def parts_of(rows: Sequence[dict[str, object]]) -> dict[tuple[str, str], int]:
    """Return the disputed paise of each successful transfer, by its number and the number of the transfer before it."""
    parts = {}
    for row in rows:
        for rrn in onward_of([row]):
            try:
                parts[rrn, str(row.get("root_rrn_transaction_id", ""))] = paise(row.get("disputed_amount"))
            except TicketError:
                # The bank wrote an amount that cannot be read.
                continue
    return parts


def refused_of(rows: Sequence[dict[str, object]]) -> frozenset[str]:
    """Return the hops that written rows only refuse."""
    codes_of_hop: dict[str, set[str]] = {}
    for row in rows:
        codes_of_hop.setdefault(str(row.get("root_rrn_transaction_id", "")), set()).add(str(row.get("status_code")))
    return frozenset(rrn for rrn, codes in codes_of_hop.items() if "00" not in codes)


def refused_paise_of(rows: Sequence[dict[str, object]]) -> dict[str, int]:
    """Return by hop the amount that written rows refuse; a row that is written twice counts once."""
    refused: dict[str, int] = {}
    for row in rows:
        rrn = str(row.get("root_rrn_transaction_id", ""))
        if row.get("status_code") != "00":
            refused[rrn] = max(refused.get(rrn, 0), _disputed_paise(row))
    return refused


def _disputed_paise(row: dict[str, object]) -> int:
    try:
        return paise(row.get("disputed_amount", 0))
    except TicketError:
        return 0
