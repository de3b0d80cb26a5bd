"""Officers at the doors of the API, with a clock that is moved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from api.services import Services
from schemas.enums import Role
from tests.api.conftest import Doors, opened
from tests.clock import at_clock


class MovedClock:
    """Officers at the doors, and a clock that is moved."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.doors: Doors

    async def read(self, path: str, role: Role = Role.IO, **query: Any) -> Any:
        """Return what an officer reads at a path."""
        return await self.doors.read(path, role, **query)

    @asynccontextmanager
    async def opened(self, services: Services) -> AsyncIterator[None]:
        """Open the doors while the block lasts, at this clock."""
        ctx = at_clock(services.ctx, lambda: self.at)
        async with opened(replace(services, ctx=ctx)) as doors:
            self.doors = doors
            yield


def problem(response: httpx.Response) -> tuple[int, str]:
    """Return the status of a refusal and its kind."""
    body = response.json()
    return response.status_code, body["type"].removeprefix("urn:goldenhour:problem:")
