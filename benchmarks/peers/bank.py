"""The banks of the comparison: accept a hold request with 202, and answer later over HTTP.

One process plays all banks. It counts how often each key was asked, and keeps the times of its own clock, which all
processes of the machine share.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp import web

from benchmarks.peers.intake import serve
from benchmarks.peers.tree import Transfer, transfer

RETRY_SECONDS: Final = 0.2
RETRY_LIMIT_SECONDS: Final = 90.0
CALL_LIMIT_SECONDS: Final = 30.0


@dataclass
class Asked:
    """One hold request at its bank."""

    times: int
    received_ns: int
    answered_ns: int | None = None
    """when the bank first tried to send its answer"""
    accepted_ns: int | None = None
    """when the answer was accepted"""


class Banks:
    """All banks of one run."""

    def __init__(self, seed: int, intake_url: str) -> None:
        self._seed = seed
        self._intake_url = intake_url
        self._asked: dict[str, Asked] = {}
        self._accepted = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def application(self) -> web.Application:
        """Return the HTTP application."""
        application = web.Application()
        application.router.add_post("/banks/{bank}/holds", self._hold)
        application.router.add_get("/state", self._state)
        application.router.add_get("/log", self._log)
        return application

    async def _hold(self, request: web.Request) -> web.Response:
        received = time.monotonic_ns()
        body = await request.json()
        reference = str(body["reference"])
        if (known := self._asked.get(reference)) is not None:
            known.times += 1
            return web.json_response({"accepted": True}, status=202)
        asked = self._asked[reference] = Asked(1, received)
        task = asyncio.create_task(self._answer(str(body["request"]), transfer(self._seed, reference), asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.json_response({"accepted": True}, status=202)

    async def _answer(self, key: str, about: Transfer, asked: Asked) -> None:
        await asyncio.sleep(about.answer_seconds)
        hops = [
            {
                "reference": transfer.reference,
                "bank": transfer.bank,
                "account": transfer.account,
                "paise": transfer.paise,
            }
            for transfer in about.moved_on
        ]
        body = {"request": key, "held": not hops, "hops": hops}
        asked.answered_ns = time.monotonic_ns()
        deadline = time.monotonic() + RETRY_LIMIT_SECONDS
        while not await self._sent(body):
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(RETRY_SECONDS)
        asked.accepted_ns = time.monotonic_ns()
        self._accepted += 1

    async def _sent(self, body: dict[str, Any]) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64), timeout=aiohttp.ClientTimeout(total=CALL_LIMIT_SECONDS)
            )
        try:
            async with self._session.post(f"{self._intake_url}/answers", json=body) as reply:
                return reply.status == web.HTTPOk.status_code
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response({"asked": len(self._asked), "accepted": self._accepted})

    async def _log(self, _: web.Request) -> web.Response:
        rows = [{"reference": reference, **vars(asked)} for reference, asked in self._asked.items()]
        return web.json_response(rows)


def main() -> None:
    """Serve the banks with the settings of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--intake-url", required=True)
    given = parser.parse_args()
    asyncio.run(serve(Banks(given.seed, given.intake_url).application(), given.host, given.port))


if __name__ == "__main__":
    main()
