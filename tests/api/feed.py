"""The feed as a bank uses it, for the tests of it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.streams import EventHub, Subscription
from db.case import cases
from tests.api.conftest import Doors

HOLDS = "/api/v1/bank/holds"
POLICIES = "/api/v1/bank/policies"
HELD = {"lines": [{"kind": "held", "hop": 1, "amount_paise": 5_000_00}]}
AT_HDFC: dict[str, Any] = {"payee": {"institution": "HDFC", "account": "50100000000055", "ifsc": "HDFC0000001"}}


@dataclass
class Feed:
    """The doors as a bank uses them."""

    doors: Doors

    async def ask(self, ack_no: str) -> dict[str, UUID]:
        """Return the requests that no bank has yet, by bank."""
        async with self.doors.services.ctx.pool.acquire() as connection:
            start = await cases.snapshot(connection, ack_no)
        return {one.institution: UUID(one.request_id) for one in start.requests if not one.delivered}

    async def hold(self, **changes: Any) -> UUID:
        """A hold at SBIN that waits for its answer."""
        return (await self.ask((await self.doors.complain(**changes))["ack_no"]))["SBIN"]

    async def get(self, path: str = HOLDS, bank: str = "SBIN", **query: Any) -> httpx.Response:
        return await self.doors.client.get(path, params=query, headers=self.doors.bank(bank))

    async def page(self, bank: str = "SBIN", **query: Any) -> Any:
        response = await self.get(bank=bank, **query)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(
        self, hold_id: UUID, verb: str, body: Any = None, bank: str = "SBIN", **headers: str
    ) -> httpx.Response:
        return await self.doors.client.post(
            f"{HOLDS}/{hold_id}/{verb}",
            json={} if body is None else body,
            headers={**self.doors.bank(bank), **{name.replace("_", "-"): value for name, value in headers.items()}},
        )

    async def events(self, ack_no: str) -> list[str]:
        return [event["kind"] for event in (await self.doors.read(f"/api/v1/cases/{ack_no}/events"))["items"]]


async def waiters(hub: EventHub, count: int) -> None:
    """Come back when so many calls wait."""
    while len(hub._subscriptions) < count:  # noqa: ASYNC110 - what starts to wait sets no event
        await asyncio.sleep(0.005)


@dataclass
class Waits:
    """The waits of calls for a change, in the order in which they ended."""

    ended: list[bool] = field(default_factory=list)
    """whether each was woken"""
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def begun(self) -> None:
        """Come back when a call waits: its first look has found nothing."""
        async with asyncio.timeout(30):
            await self.has_begun.wait()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Record every wait. A waiting call does not read the feed again by itself."""
    monkeypatch.setattr("api.gateway.feed.REREAD_SECONDS", 3600.0)
    recorded, woken = Waits(), Subscription.woken

    async def recording(subscription: Subscription, wait_seconds: float) -> bool:
        recorded.has_begun.set()
        is_woken = await woken(subscription, wait_seconds)
        recorded.ended.append(is_woken)
        return is_woken

    monkeypatch.setattr(Subscription, "woken", recording)
    return recorded


@pytest.fixture
def feed(doors: Doors) -> Feed:
    return Feed(doors)


def kind(response: httpx.Response, status: int) -> str:
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status), response.text
    name: str = problem["type"]
    return name.removeprefix("urn:goldenhour:problem:")
