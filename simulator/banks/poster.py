"""The banks' line to the police: log in, post status updates, and do not lose an answer."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from simulator.banks.faults import FaultBook, Foul
from simulator.banks.fouls import NO_ANSWER, spoilt, try_foully
from simulator.banks.speech import Sealed, Speech, StatusUpdate
from simulator.banks.tickets import PostRecord
from simulator.institutions import Institution
from simulator.net.http_client import Answer, Line, LineError

MOST_BACKOFF_WALL_SECONDS = 10.0
HARD_REFUSALS_MOST = 8
"""answers the police will not take as they stand (400, 404, 410, 413, 422) are tried again this often, then given up"""
HTTP_OK, HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED, HTTP_GONE, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 200, 400, 401, 410, 429, 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the police said to a post: HTTP status and the JSON in it (empty when there was none)."""

    status: int
    content: dict[str, object]

    @property
    def refused_as_such(self) -> bool:
        """Whether the police will not take this answer however often it comes."""
        return HTTP_BAD_REQUEST <= self.status < HTTP_SERVER_ERROR and self.status not in (
            HTTP_UNAUTHORIZED,
            HTTP_TOO_MANY,
        )


class Poster:
    """Posts on behalf of every bank, with one pool of connections and one token a bank."""

    def __init__(self, posts_at_once: int, first_backoff_wall_seconds: float, faults: FaultBook) -> None:
        self._faults = faults
        self._url = ""
        self._first_backoff = first_backoff_wall_seconds
        self._posts_at_once = posts_at_once
        self._slots = asyncio.Semaphore(posts_at_once)
        self._line: Line | None = None
        self._tokens: dict[str, str] = {}
        self._logins: dict[str, asyncio.Lock] = {}
        self._api = asyncio.Event()
        self.made = 0
        self.accepted = 0
        self.gave_up = 0
        self.failures = 0
        """attempts that did not succeed"""

    def connect(self, api_url: str) -> None:
        """Say where the police API is; posts wait until this is known."""
        self.close()
        self._url = api_url
        self._line = Line(api_url, self._posts_at_once)
        self._tokens.clear()
        self._api.set()

    def close(self) -> None:
        """Drop all connections."""
        if self._line is not None:
            self._line.close()

    async def deliver(self, bank: Institution, speech: Speech, record: PostRecord) -> None:
        """Say an answer, again and again until it is accepted; gives up only on what is refused as such."""
        foul = self._faults.of_post(bank.code, record.key)
        if foul is not None and foul is not Foul.REPLAYED:
            await self._try_foully(bank, foul, speech, None)
        sent: list[Sealed] = []

        async def say() -> Reply:
            return await self._say(bank, speech, record, sent)

        await self.until_taken(bank, record, say)
        if foul is Foul.REPLAYED and record.accepted_ns is not None:
            await self._try_foully(bank, foul, speech, sent[-1])

    async def until_taken(self, bank: Institution, record: PostRecord, say: Callable[[], Awaitable[Reply]]) -> None:
        """Try until the police have it; what they refuse as such is given up after a while."""
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
                    log.warning("answer of %s refused for good: HTTP %s", bank.code, reply.status)
                    return
            wait = min(self._first_backoff * 2 ** min(record.attempts, 10), MOST_BACKOFF_WALL_SECONDS)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _try_foully(self, bank: Institution, foul: Foul, speech: Speech, said: Sealed | None) -> None:
        """A try that must be refused, or change nothing; how it was taken is noted. `said`: these very bytes again."""
        await self._api.wait()
        async with self._slots:
            status = NO_ANSWER
            try:
                bad = said or await self._with_token(bank, speech, spoilt(foul, self._url, speech))
                status = await try_foully(self._connected, self._url, foul, bad)
            except LineError:
                pass
            self._faults.answered(foul, status)

    async def _attempt(self, record: PostRecord, say: Callable[[], Awaitable[Reply]]) -> Reply | None:
        """One try, None when the line failed."""
        await self._api.wait()
        async with self._slots:
            record.attempts += 1
            record.sent_ns = time.monotonic_ns()
            try:
                return await say()
            except LineError:
                return None

    async def post(self, bank: Institution, content: object) -> Reply:
        """Post a status update once as that bank, logging in when needed. Raises LineError when the line fails."""
        return await self._say(bank, StatusUpdate(bank, orjson.dumps(content)), None, [])

    async def _say(self, bank: Institution, speech: Speech, record: PostRecord | None, sent: list[Sealed]) -> Reply:
        """One try, with a second where the token had ended. What goes on the wire is added to `sent`."""
        reply = Reply(HTTP_UNAUTHORIZED, {})
        for _ in range(2):
            told = await self._with_token(bank, speech, speech.seal(self._url, speech.plain))
            if speech.logs_in and bank.code not in self._tokens:
                return reply
            if record is not None:
                record.sent_ns = time.monotonic_ns()
            sent.append(told)
            answer = await self._connected.request("POST", told.path, headers=told.headers, body=told.body)
            reply = Reply(answer.status, _json(answer))
            if reply.status != HTTP_UNAUTHORIZED or not speech.logs_in:
                return reply
            if told.headers["authorization"] == f"Bearer {self._tokens.get(bank.code)}":
                del self._tokens[bank.code]
        return reply

    async def _with_token(self, bank: Institution, speech: Speech, told: Sealed) -> Sealed:
        if not speech.logs_in:
            return told
        token = self._tokens.get(bank.code) or await self._login(bank)
        return replace(told, headers={**told.headers, "authorization": f"Bearer {token}"})

    @property
    def _connected(self) -> Line:
        if self._line is None:
            raise LineError("nobody said where the police API is")
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
    """The transfers that written rows name as successful."""
    return tuple(
        str(row.get("rrn_transaction_id", ""))
        for row in rows
        if str(row.get("txn_type_id")) == "3" and row.get("status_code") == "00"
    )


def refused_of(rows: Sequence[dict[str, object]]) -> frozenset[str]:
    """The hops that written rows only refuse."""
    said: dict[str, set[str]] = {}
    for row in rows:
        said.setdefault(str(row.get("root_rrn_transaction_id", "")), set()).add(str(row.get("status_code")))
    return frozenset(rrn for rrn, codes in said.items() if "00" not in codes)
