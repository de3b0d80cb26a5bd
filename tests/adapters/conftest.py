"""The street the fake banks stand in: one HTTP server for all tests of this room."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.fake_bank import Street


@pytest.fixture(scope="session")
async def street() -> AsyncIterator[Street]:
    async for open_street in Street().run():
        yield open_street
