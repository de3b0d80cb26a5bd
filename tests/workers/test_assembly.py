"""Opening and closing the parts of an engine process."""

import asyncio
import re
import subprocess
import sys
from functools import partial
from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr

from activities.banks.directory import load_directory
from activities.secrets import CannotOpen, Process, SecretBox
from db import databases
from db.pool import Pool
from domain.policy.model import load_policy
from domain.policy.values import NEED_RESTART, values_of
from tests.factories import SECRET, institution
from tests.paths import ROOT
from tests.waiting import until
from workers.commands.up import open_context
from workers.embedded.postgres import EmbeddedPostgres
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


async def test_every_process_goes_by_the_policy_that_was_just_agreed(
    postgres: EmbeddedPostgres, database_dsn: str
) -> None:
    worker = Settings(database_url=SecretStr(database_dsn), temporal_address=NOBODY, worker_key=WORKER_KEY)
    officers = Settings(database_url=SecretStr(database_dsn), temporal_address=NOBODY, officers_key=OFFICERS_KEY)
    async with (
        Engine.open(worker, Process.WORKER, lazy_temporal=True) as one,
        Engine.open(officers, Process.OFFICERS, lazy_temporal=True) as other,
    ):
        # Two admins agree over the API; here the version alone is written.
        admin = await asyncpg.connect(urlsplit(postgres.admin_dsn)._replace(path=urlsplit(database_dsn).path).geturl())
        await admin.execute("SET session_replication_role = 'replica'")
        await admin.execute(
            'INSERT INTO policy_version VALUES (1, \'{"trail.max_layers": {"value": 15, "source": "us"}}\', 1, now())'
        )
        await admin.close()
        for engine in (one, other):
            await until(partial(lambda engine: engine.ctx.policy.trail.max_layers == 15, engine), 20)


def test_no_object_keeps_a_value_of_the_policy_but_those_that_wait_for_a_start() -> None:
    """An object that lives as long as its process reads the policy each time."""
    kept = re.compile(r"^        self\.\w+ = .*\.policy\.", re.MULTILINE)
    places = [path for room in ("activities", "adapters", "api", "workers") for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in places if kept.search(path.read_text(encoding="utf-8"))}
    of_one_read = {"activities/reporting/stage_figures.py", "activities/reporting/wall.py"}
    assert found - of_one_read == {"api/edge.py", "api/reporting/officer_streams.py"}
    names = [value.name for value in values_of(load_policy())]
    assert all(any(name.startswith(needs) for name in names) for needs in NEED_RESTART)


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
