"""A bank that knows only docs/banks/bank-api.md takes its holds from the feed; its answers move the case on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr
from temporalio.client import Client

from activities.case.intake import take_complaint
from activities.context import Context
from activities.gateway.feed import announce
from activities.secrets import SecretBox
from adapters.banks.protocol import PullAdapter
from api.server import serve
from api.services import Services
from db.banks import bank_keys
from db.pool import Pool
from schemas.banks.institutions import InstitutionEntry
from schemas.banks.keys import BankKey
from schemas.enums import ChannelKind
from simulator.wires.letters import signed_headers
from tests.factories import complaint, institution, make_context, number_apart, rrn, transfer
from workers.temporal import CaseNotifier
from workers.worker import Queues, make_workers, running

PATIENCE_SECONDS = 240.0
VAULT = SecretBox(SecretStr("k" * 40))


@dataclass
class Bank:
    """A bank's own program: a loop over the feed, and an answer for each hold."""

    code: str
    client: httpx.AsyncClient
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else orjson.dumps(body)
        url = f"{self.client.base_url}".rstrip("/") + path
        headers = signed_headers(method, url, content, key_id=f"{self.code}-1", private_key=self.key)
        headers |= {"Content-Type": "application/json"} if content else {}
        response = await self.client.request(method, url, content=content, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def work(self, lines: Any) -> None:
        """Take one open hold after the other; `lines` says what is answered to a hop."""
        cursor = ""
        while True:
            page = await self.call("GET", f"/api/v1/bank/holds?status=open&wait_seconds=10{cursor}")
            cursor = f"&cursor={page['next']}"
            for hold in page["items"]:
                self.seen.append(hold)
                path = f"/api/v1/bank/holds/{hold['hold_id']}"
                await self.call("POST", f"{path}/acknowledge", {})
                await self.call("POST", f"{path}/answer", {"lines": [lines(hop) for hop in hold["hops"]]})


def pulling(code: str) -> InstitutionEntry:
    """A bank that only fetches."""
    return institution(code).model_copy(update={"wire": None, "desk_email": "", "pull": True})


@pytest.fixture
async def ctx(database: Pool) -> Context:
    await number_apart(database)
    return await make_context(database, [pulling("HDFC"), pulling("ICIC"), institution("SBIN")])


@pytest.fixture
async def world(ctx: Context, temporal_client: Client) -> AsyncIterator[tuple[CaseNotifier, httpx.AsyncClient]]:
    """The engine with its workers, and its API on a port of loopback."""
    notifier = CaseNotifier(temporal_client, ctx.pool)
    adapters = {ChannelKind.PULL: PullAdapter(partial(announce, ctx.pool))}
    workers = make_workers(temporal_client, ctx, adapters, None, notifier, Queues.ALL)

    async def answers() -> bool:
        return True

    services = Services(ctx=ctx, notifier=notifier, keys=VAULT, temporal_answers=answers)
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with running(workers):
        task = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=url.set_result))
        async with httpx.AsyncClient(base_url=await url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            yield notifier, client
        stop.set()
        await task
    await notifier.close()


async def a_bank(ctx: Context, client: httpx.AsyncClient, code: str) -> Bank:
    bank = Bank(code, client)
    now = datetime.now(UTC)
    async with ctx.pool.acquire() as connection:
        key = BankKey(
            key_id=f"{code}-1",
            institution=code,
            public_key=bank.key.public_key().public_bytes_raw(),
            not_before=now - timedelta(minutes=1),
        )
        await bank_keys.add_key(connection, key, now)
    return bank


async def test_banks_that_only_pull_follow_the_money_to_its_end(
    ctx: Context, world: tuple[CaseNotifier, httpx.AsyncClient]
) -> None:
    notifier, client = world
    onward = rrn()
    hdfc, icic = await a_bank(ctx, client, "HDFC"), await a_bank(ctx, client, "ICIC")

    def moved(hop: dict[str, Any]) -> dict[str, Any]:
        payee = {"institution": "ICIC", "account": "60200000000001"}
        return {
            "kind": "moved",
            "hop": hop["hop"],
            "amount_paise": hop["disputed_paise"],
            "reference": onward,
            "payee": payee,
        }

    def held(hop: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "held", "hop": hop["hop"], "amount_paise": hop["disputed_paise"]}

    working = [asyncio.create_task(hdfc.work(moved)), asyncio.create_task(icic.work(held))]
    taken = await take_complaint(ctx, complaint(transfer()), idempotency_key=rrn(), taken_by="officer:1")
    assert taken.follow_up is not None
    notifier.soon(taken.follow_up)
    case_no = taken.receipt.case_ack_no
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await state_of(ctx, case_no) != "settled":
            assert not any(task.done() for task in working), [task.exception() for task in working if task.done()]
            await asyncio.sleep(0.05)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    assert [hold["hops"][0]["reference"] for hold in icic.seen] == [onward]
    assert (len(hdfc.seen), icic.seen[0]["hops"][0]["layer"]) == (1, 2)
    held_paise = await ctx.pool.fetchval(
        "SELECT sum(balance_paise)::bigint FROM ledger_balance WHERE case_no = $1 AND bucket = 'held'", case_no
    )
    assert held_paise == 10_000_00
    carried = await ctx.pool.fetch(
        "SELECT DISTINCT j.job_id = r.request_id::text AS own, r.channel FROM hold_request r"
        " JOIN request_job j USING (request_id) WHERE r.case_no = $1",
        case_no,
    )
    assert [tuple(row) for row in carried] == [(True, "pull")]
    assert await ctx.pool.fetchval("SELECT count(*) FROM discrepancy WHERE case_no = $1", case_no) == 0


async def state_of(ctx: Context, case_no: str) -> str:
    found: str = await ctx.pool.fetchval("SELECT state FROM case_file WHERE case_no = $1", case_no)
    return found
