"""The banks' line to the police: log in, post status updates, and do not lose an answer."""

import asyncio
import logging
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from simulator.faults import FaultBook, Foul
from simulator.fouls import NO_ANSWER, UPDATE_PATH, Sealed, try_foully
from simulator.institutions import Institution
from simulator.line import Answer, Line, LineError
from simulator.tickets import PostRecord

MOST_BACKOFF_WALL_SECONDS = 10.0
HARD_REFUSALS_MOST = 8
"""answers the police will not take as they stand (400, 404, 413, 422) are tried again this often, then given up"""
HTTP_OK, HTTP_BAD_REQUEST, HTTP_UNAUTHORIZED, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 200, 400, 401, 429, 500
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

    async def deliver(self, bank: Institution, content: Mapping[str, object], record: PostRecord) -> None:
        """Post a status update, again and again until it is accepted; gives up only on what is refused as such."""
        self.made += 1
        refusals = 0
        foul = self._faults.of_post(bank.code, record.key)
        if foul is not None and foul is not Foul.REPLAYED:
            await self._try_foully(bank, foul, Sealed(*bank.envelope.seal(content)))
        while True:
            sealed = Sealed(*bank.envelope.seal(content))
            reply = await self._attempt(bank, sealed, record)
            record.status = reply.status if reply is not None else None
            if reply is not None and reply.status == HTTP_OK:
                record.accepted_ns = time.monotonic_ns()
                self.accepted += 1
                if foul is Foul.REPLAYED:
                    await self._try_foully(bank, foul, sealed)
                return
            self.failures += 1
            if reply is not None and reply.refused_as_such:
                refusals += 1
                if refusals >= HARD_REFUSALS_MOST:
                    record.gave_up = True
                    self.gave_up += 1
                    log.warning("answer of %s refused for good: HTTP %s", bank.code, reply.status)
                    return
            wait = min(self._first_backoff * 2 ** min(record.attempts, 10), MOST_BACKOFF_WALL_SECONDS)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _try_foully(self, bank: Institution, foul: Foul, true: Sealed) -> None:
        """A try that must be refused, or change nothing; how it was taken is noted."""
        await self._api.wait()
        async with self._slots:
            status = NO_ANSWER
            try:
                token = self._tokens.get(bank.code) or await self._login(bank)
                told = Sealed(true.body, {**true.headers, "authorization": f"Bearer {token}"})
                status = await try_foully(self._connected, self._url, foul, bank.envelope, told)
            except LineError:
                pass
            self._faults.answered(foul, status)

    async def _attempt(self, bank: Institution, sealed: Sealed, record: PostRecord) -> Reply | None:
        """One try, None when the line failed."""
        await self._api.wait()
        async with self._slots:
            record.attempts += 1
            try:
                return await self._post(bank, sealed, record)
            except LineError:
                return None

    async def post(self, bank: Institution, content: Mapping[str, object]) -> Reply:
        """Post once as that bank, logging in when needed. Raises LineError when the line fails."""
        return await self._post(bank, Sealed(*bank.envelope.seal(content)), None)

    async def _post(self, bank: Institution, sealed: Sealed, record: PostRecord | None) -> Reply:
        reply = Reply(HTTP_UNAUTHORIZED, {})
        for _ in range(2):
            token = self._tokens.get(bank.code) or await self._login(bank)
            if not token:
                return reply
            if record is not None:
                record.sent_ns = time.monotonic_ns()
            answer = await self._connected.request(
                "POST",
                UPDATE_PATH,
                headers={**sealed.headers, "authorization": f"Bearer {token}"},
                body=sealed.body,
            )
            reply = Reply(answer.status, _json(answer))
            if reply.status != HTTP_UNAUTHORIZED:
                return reply
            if self._tokens.get(bank.code) == token:
                del self._tokens[bank.code]
        return reply

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
