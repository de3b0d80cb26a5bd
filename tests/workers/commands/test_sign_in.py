"""`goldenhour officer first-admin` and `goldenhour demo-code`."""

import os
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from activities.officers.authenticators import code_at, step_at
from db.pool import Pool
from schemas.enums import Role
from tests.api.conftest import SECRET, new_app, services_over, with_banks
from tests.clock import Clock
from tests.signed_in import equip
from tests.workers.command_line import invoke, with_database
from workers.home import RunFile, own_start_epoch_seconds, write_private


async def test_the_first_admin_is_added_once_and_gets_a_link(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn) | {"home": str(tmp_path), "desk_url": "https://desk.police.example"}
    done = await invoke("officer", "first-admin", "Chief", "--name", "The Chief", **settings)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("https://desk.police.example/first/")
    assert done.stdout.count("\n") == 1
    assert "good once, until 20" in done.stderr
    await with_banks(database)
    services = await services_over(database)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services)), base_url="https://x") as client:
        page = await client.get("/first/" + done.stdout.strip().rpartition("/")[2])
    assert "The Chief" in page.text
    again = await invoke("officer", "first-admin", "chief2", "--name", "Another", **settings)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "has officers already" in again.stderr


async def test_a_wrong_id_is_one_line(database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn) | {"home": str(tmp_path)}
    done = await invoke("officer", "first-admin", "the chief", "--name", "The Chief", **settings)
    assert done.exit_code == 2
    assert "officer_id" in done.stderr


def run_file(home: Path, dsn: str, *, is_demo: bool) -> None:
    RunFile(
        pid=os.getpid(),
        pid_started_at_epoch_seconds=own_start_epoch_seconds(),
        started_at=datetime.now(UTC),
        database_url=dsn,
        temporal_address="127.0.0.1:7233",
        temporal_namespace="goldenhour",
        api_url="http://127.0.0.1:8080",
        intake_url="http://127.0.0.1:8081",
        is_demo=is_demo,
    ).write(home)


@pytest.mark.parametrize("is_demo", [True, False])
async def test_codes_are_printed_for_a_demo_only(
    database: Pool, database_dsn: str, tmp_path: Path, is_demo: bool
) -> None:
    await with_banks(database)
    services = await services_over(database)
    clock = Clock(datetime.now(UTC))
    ravi = await equip(services, clock, "ravi", Role.DESK)
    write_private(tmp_path / "secret_key", SECRET.get_secret_value())
    run_file(tmp_path, database_dsn, is_demo=is_demo)
    before = step_at(datetime.now(UTC))
    done = await invoke("demo-code", "Ravi", home=str(tmp_path))
    if not is_demo:
        assert (done.exit_code, done.stdout) == (1, "")
        return
    assert done.exit_code == 0, done.output
    possible = {code_at(ravi.secret, step) for step in range(before, step_at(datetime.now(UTC)) + 1)}
    assert done.stdout.strip() in possible
    unknown = await invoke("demo-code", "nobody", home=str(tmp_path))
    assert unknown.exit_code == 1
    beside = await invoke("demo-code", "ravi", home=str(tmp_path), **with_database(database_dsn))
    assert beside.exit_code == 1
