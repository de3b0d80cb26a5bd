"""What every process of the engine is put together from, and how it is taken apart."""

import asyncio

from pydantic import SecretStr

from activities.directory import load_directory
from db.pool import Pool
from tests.factories import SECRET, institution
from workers.assembly import Engine
from workers.settings import Settings

NOBODY = "127.0.0.1:9"


async def test_every_process_sees_a_bank_that_was_just_loaded(database: Pool, database_dsn: str) -> None:
    settings = Settings(database_url=SecretStr(database_dsn), temporal_address=NOBODY, secret_key=SECRET)
    before = asyncio.all_tasks()
    async with (
        Engine.open(settings, lazy_temporal=True) as one,
        Engine.open(settings, lazy_temporal=True) as other,
    ):
        await load_directory(database, one.vault, [institution("HDFC")])
        async with asyncio.timeout(20):
            for engine in (one, other):
                while engine.hands.directory.current.get("HDFC") is None:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.02)
                assert await engine.hands.directory.wire("HDFC")
    assert not asyncio.all_tasks() - before, "nothing of them is left"
