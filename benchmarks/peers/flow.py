"""The flow that both peers carry: rows in PostgreSQL, and calls to the banks. Runs in the peers' environment.

Only the carrying differs: each peer has its own way to run `Flow.ask` once a batch is planned.
"""

import asyncio
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import asyncpg

STATEMENTS: Final[Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("statements.toml").read_text(encoding="utf-8")
)
CALLS_AT_ONCE: Final = 64
CALL_LIMIT_SECONDS: Final = 30.0
TRIES: Final = 20
RETRY_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Flow:
    """Writes what arrives, and asks the banks."""

    pool: asyncpg.Pool
    session: aiohttp.ClientSession
    bank_url: str

    @classmethod
    async def open(cls, dsn: str, bank_url: str, connections: int) -> Self:
        """Open the pool, with all its connections, and the client for the banks."""
        pool = await asyncpg.create_pool(dsn, min_size=connections, max_size=connections)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CALLS_AT_ONCE),
            timeout=aiohttp.ClientTimeout(total=CALL_LIMIT_SECONDS),
        )
        return cls(pool, session, bank_url)

    async def take_complaint(self, body: Mapping[str, Any]) -> list[str]:
        """Write a complaint and plan its requests; return them. A repeated complaint changes nothing."""
        hops = json.dumps(body["hops"])
        planned: list[str] = await self.pool.fetchval(STATEMENTS["take_complaint"], body["complaint"], hops)
        return planned

    async def take_answer(self, body: Mapping[str, Any]) -> list[str]:
        """Write a bank's answer and plan the requests that follow; return them. A repeated one changes nothing."""
        hops = json.dumps(body["hops"])
        planned: list[str] = await self.pool.fetchval(STATEMENTS["take_answer"], body["request"], body["held"], hops)
        return planned

    async def ask(self, requests: list[str]) -> None:
        """Ask the banks of a batch, all at once, and record the delivery. Requests already delivered are left out."""
        rows = await self.pool.fetch(STATEMENTS["undelivered"], requests)
        if rows:
            await asyncio.gather(*(self._call(row) for row in rows))
            await self.pool.execute(STATEMENTS["delivered"], [row["request_id"] for row in rows])

    async def _call(self, row: asyncpg.Record) -> None:
        body = {"request": row["request_id"], "reference": row["reference"], "account": row["account"]}
        body["paise"] = row["paise"]
        url = f"{self.bank_url}/banks/{row['bank']}/holds"
        for attempt in range(TRIES):
            try:
                async with self.session.post(url, json=body, headers={"Idempotency-Key": row["request_id"]}) as reply:
                    reply.raise_for_status()
                return
            except (aiohttp.ClientError, TimeoutError):
                if attempt + 1 == TRIES:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
