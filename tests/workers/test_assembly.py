"""Opening and closing the parts of an engine process."""

import asyncio
import subprocess
import sys
from functools import partial

import pytest
from pydantic import SecretStr

from activities.banks.directory import load_directory
from activities.secrets import CannotOpen, Process, SecretBox
from db import databases
from db.pool import Pool
from tests.factories import SECRET, institution
from tests.waiting import until
from workers.commands.up import open_context
from workers.restoration_workers import Engine
from workers.settings import Settings, SettingsError

SDK = "opentelemetry.sdk"
NOBODY = "127.0.0.1:9"
OFFICERS_KEY = SecretBox(SECRET).process_key(Process.OFFICERS)
WORKER_KEY = SecretBox(SECRET).process_key(Process.WORKER)


def knows_hdfc(engine: Engine) -> bool:
    return engine.ctx.directory.current.get("HDFC") is not None


async def test_every_process_sees_a_bank_that_was_just_loaded(database: Pool, database_dsn: str) -> None:
    settings = Settings(database_url=SecretStr(database_dsn), temporal_address=NOBODY, worker_key=WORKER_KEY)
    before = asyncio.all_tasks()
    async with (
        Engine.open(settings, Process.WORKER, lazy_temporal=True) as one,
        Engine.open(settings, Process.WORKER, lazy_temporal=True) as other,
    ):
        await load_directory(database, SecretBox(SECRET), [institution("HDFC")])
        for engine in (one, other):
            await until(partial(knows_hdfc, engine), 20)
            assert await engine.ctx.directory.wire("HDFC")
    assert not asyncio.all_tasks() - before, "nothing of them is left"


async def test_embedded_mode_is_not_claimed_beside_another_database(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = Settings(
        database_url=SecretStr(database_dsn),
        database_is_embedded=True,
        procedure_clock_factor=60.0,
        temporal_address=NOBODY,
        worker_key=WORKER_KEY,
    )
    async with Engine.open(claimed, Process.WORKER, lazy_temporal=True):
        pass
    # The server of the tests is an embedded one, so another name stands for a server of somebody else.
    monkeypatch.setattr(databases, "EMBEDDED_CLUSTER", "another")
    with pytest.raises(SettingsError, match="GOLDENHOUR_DATABASE_IS_EMBEDDED"):
        async with Engine.open(claimed, Process.WORKER, lazy_temporal=True):
            pass
    with pytest.raises(SettingsError, match="GOLDENHOUR_DATABASE_IS_EMBEDDED"):
        async with open_context(claimed, personal_data=False):
            pass


async def test_an_officers_process_cannot_open_a_credential_of_a_bank(database: Pool, database_dsn: str) -> None:
    await load_directory(database, SecretBox(SECRET), [institution("HDFC")])
    settings = Settings(
        database_url=SecretStr(database_dsn),
        temporal_address=NOBODY,
        officers_key=OFFICERS_KEY,
    )
    async with Engine.open(settings, Process.OFFICERS, lazy_temporal=True) as engine:
        assert knows_hdfc(engine)
        with pytest.raises(CannotOpen):
            await engine.ctx.directory.wire("HDFC")


async def test_c2_the_key_of_one_process_is_not_that_of_another(database_dsn: str) -> None:
    settings = Settings(
        database_url=SecretStr(database_dsn),
        temporal_address=NOBODY,
        officers_key=OFFICERS_KEY,
    )
    with pytest.raises(SettingsError, match="GOLDENHOUR_SECRET_KEY is required"):
        async with Engine.open(settings, Process.WORKER, lazy_temporal=True):
            pass


def test_a_process_that_sends_no_traces_does_not_load_their_library() -> None:
    code = (
        f"import sys, workers.restoration_workers, workers.worker, workers.api_processes; print('{SDK}' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize("golden_hour", [True, False])
async def test_only_a_process_that_calls_banks_sends_traces(
    database: Pool, database_dsn: str, *, golden_hour: bool
) -> None:
    settings = Settings(
        database_url=SecretStr(database_dsn),
        temporal_address=NOBODY,
        worker_key=WORKER_KEY,
        tracing_url="http://127.0.0.1:9",
    )
    async with Engine.open(settings, Process.WORKER, lazy_temporal=True, golden_hour=golden_hour) as engine:
        assert (engine.ctx.trace is not None) == golden_hour
