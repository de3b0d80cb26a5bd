"""Opening and closing the parts of an engine process."""

import asyncio
from functools import partial

from pydantic import SecretStr

from activities.directory import load_directory
from db.pool import Pool
from tests.factories import SECRET, institution
from tests.waiting import until
from workers.assembly import Engine
from workers.settings import Settings

NOBODY = "127.0.0.1:9"


def knows_hdfc(engine: Engine) -> bool:
    return engine.ctx.directory.current.get("HDFC") is not None


async def test_every_process_sees_a_bank_that_was_just_loaded(database: Pool, database_dsn: str) -> None:
    settings = Settings(database_url=SecretStr(database_dsn), temporal_address=NOBODY, secret_key=SECRET)
    before = asyncio.all_tasks()
    async with (
        Engine.open(settings, lazy_temporal=True) as one,
        Engine.open(settings, lazy_temporal=True) as other,
    ):
        await load_directory(database, one.secret_box, [institution("HDFC")])
        for engine in (one, other):
            await until(partial(knows_hdfc, engine), 20)
            assert await engine.ctx.directory.wire("HDFC")
    assert not asyncio.all_tasks() - before, "nothing of them is left"
