"""Banks that fetch: each reads its feed at the police by long polling, acknowledges the entries and handles them."""

import asyncio
import logging
import random
from dataclasses import replace
from urllib.parse import quote

import orjson

from simulator.banks.banks import Banks
from simulator.banks.messages import DEBIT_INQUIRIES_PATH, HOLDS_PATH, SignedRequest
from simulator.banks.orders import read_cancelled, read_order
from simulator.banks.paying import ORDERS_PATH, BackOffices
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient, HttpClientError
from simulator.wires.i4c import FraudReport
from simulator.wires.json_api import read_debit_inquiry, read_hold_request

WAIT_SECONDS = 20
PAGE_ITEMS = 100
LINES_A_BANK = 4
FIRST_BACKOFF_WALL_SECONDS = 0.2
MOST_BACKOFF_WALL_SECONDS = 5.0
HTTP_OK, HTTP_CONFLICT, HTTP_BAD_CURSOR = 200, 409, 422
log = logging.getLogger(__name__)


class FeedReaders:
    """The feed readers of all banks that fetch."""

    def __init__(self, banks: Banks, offices: BackOffices) -> None:
        self._banks = banks
        self._offices = offices
        self._reading: list[asyncio.Task[None]] = []

    def connect(self, api_url: str, signed_url: str) -> None:
        """Begin to read at this police API, with signatures for `signed_url`, and stop at any other."""
        for task in self._reading:
            task.cancel()
        readers = [
            _Reader(self._banks, self._offices, bank, api_url, signed_url)
            for bank in self._banks.by_code.values()
            if bank.channel == "pull"
        ]
        self._reading = [asyncio.create_task(reader.follow()) for reader in readers]

    async def close(self) -> None:
        """Stop reading."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)


class _Reader:
    """The feed program of one bank."""

    def __init__(self, banks: Banks, offices: BackOffices, bank: Institution, api_url: str, signed_url: str) -> None:
        self._banks = banks
        self._offices = offices
        self._bank = bank
        self._signed_url = signed_url
        self._line = HttpClient(api_url, LINES_A_BANK)
        self._cursor = ""

    async def follow(self) -> None:
        """Read for ever, and retry failures."""
        failures = 0
        try:
            while True:
                await self._until_up()
                try:
                    done = await self._read_page()
                except HttpClientError as error:
                    log.debug("feed of %s: %s", self._bank.code, error)
                    done = False
                failures = 0 if done else failures + 1
                if not done:
                    wait = min(FIRST_BACKOFF_WALL_SECONDS * 2 ** min(failures, 10), MOST_BACKOFF_WALL_SECONDS)
                    await asyncio.sleep(wait * random.uniform(0.5, 1.0))
        finally:
            self._line.close()

    async def _until_up(self) -> None:
        """Wait while the bank is down, because then it does not read either."""
        clock = self._banks.clock
        while clock.running and (outage := self._banks.desk.outage(self._bank.code, clock.now())) is not None:  # noqa: ASYNC110
            await asyncio.sleep(max(0.01, clock.wall_seconds(outage.end - clock.now())))

    async def _read_page(self) -> bool:
        """Wait for a page of the feed and process it; return whether that succeeded."""
        cursor = f"&cursor={quote(self._cursor)}" if self._cursor else ""
        path = f"{HOLDS_PATH}?status=open&limit={PAGE_ITEMS}&wait_seconds={WAIT_SECONDS}{cursor}"
        status, page = await self._call("GET", path)
        if status == HTTP_BAD_CURSOR:
            self._cursor = ""
        if status != HTTP_OK:
            return False
        items = page.get("items")
        holds = [read_hold_request(item) for item in items] if isinstance(items, list) else []
        await asyncio.gather(*(self._take(key, report) for key, report in holds))
        self._cursor = str(page.get("next", ""))
        return await self._read_inquiries() and await self._read_orders()

    async def _read_inquiries(self) -> bool:
        """Read the inquiries that wait, and open a ticket for each new one; return whether that succeeded."""
        status, page = await self._call("GET", f"{DEBIT_INQUIRIES_PATH}?limit={PAGE_ITEMS}")
        items = page.get("items")
        if status != HTTP_OK or not isinstance(items, list):
            return False
        for key, report in map(read_debit_inquiry, items):
            if self._banks.book.of_key(self._bank.code, key) is None:
                await self._banks.receive(self._bank, key, report, channel="pull")
        return True

    async def _read_orders(self) -> bool:
        """Read the list of orders, because an order only wakes the feed; return whether that succeeded."""
        cursor = ""
        while True:
            path = f"{ORDERS_PATH}?waiting=true&limit={PAGE_ITEMS}{cursor}"
            status, page = await self._call("GET", path)
            items = page.get("items")
            if status != HTTP_OK or not isinstance(items, list):
                return False
            for item in items:
                if item.get("cancelled_at"):
                    self._offices.stop(self._bank, read_cancelled(item), "pull")
                elif item.get("state") == "delivered":
                    self._offices.take(self._bank, read_order(item), "pull")
            if not page.get("next"):
                return True
            cursor = f"&cursor={quote(str(page['next']))}"

    async def _take(self, key: str, report: FraudReport) -> None:
        """Open a ticket for a new hold request. A changed hold appears in the feed again and is skipped."""
        if self._banks.book.of_key(self._bank.code, key) is not None:
            return
        status, _ = await self._call("POST", f"{HOLDS_PATH}/{key}/acknowledge", b"{}")
        # A 409 means that the request ended before it was read. The money exists, but no request asks about it any
        # more.
        if status != HTTP_CONFLICT:
            await self._banks.receive(self._bank, key, replace(report, job_id=key), channel="pull")

    async def _call(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
        message = SignedRequest(self._bank, path, body, method)
        sealed = message.seal(self._signed_url, body)
        answer = await self._line.request(method, path, headers=sealed.headers, body=sealed.body)
        try:
            content = orjson.loads(answer.body) if answer.body else {}
        except orjson.JSONDecodeError:
            content = {}
        return answer.status, content if isinstance(content, dict) else {}
