"""The API at a clock that a test moves, and browsers of an officer with a password and an authenticator."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.officers import sign_in
from api.services import Services
from schemas.enums import Role
from tests.api.conftest import new_app
from tests.clock import Clock
from tests.signed_in import Browser, Equipped, equip, with_clock
from workers.setting_checks import networks_of

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
HOME = "203.0.113.1"
ME = "/api/v1/session"


@dataclass
class Desk:
    """The API at a clock that a test moves, and one officer with credentials."""

    services: Services
    clock: Clock
    client: httpx.AsyncClient
    ravi: Equipped

    def browser(self) -> Browser:
        return Browser(self.client)

    async def signed_in(self, officer: Equipped | None = None) -> Browser:
        browser = self.browser()
        response = await browser.sign_in(officer or self.ravi)
        assert response.status_code == 201, response.text
        return browser

    def pass_time(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)

    async def outcomes(self) -> list[str]:
        rows = await self.services.ctx.pool.fetch("SELECT outcome FROM sign_in_entry ORDER BY entry_id")
        return [row["outcome"] for row in rows]


@pytest.fixture
async def desk(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(sign_in, "ANSWERS_AFTER_SECONDS", 0)
    services = replace(services, trusted_proxies=networks_of("127.0.0.1"))
    services, clock = with_clock(services, NOW)
    ravi = await equip(services, clock, "ravi", Role.DESK)
    transport = httpx.ASGITransport(new_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
        yield Desk(services, clock, client, ravi)
    await services.end_streams()
