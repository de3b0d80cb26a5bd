"""`goldenhour officer first-admin` and `goldenhour demo-code`."""

import asyncio
import os
import stat
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import TypeAdapter

from activities.officers.enrolment import SignInLink
from activities.officers.sign_in import code_at, new_secret, step_at
from api.server import serve
from db.pool import Pool
from domain.districts import districts, known_district
from schemas.enums import OFFICER_ROLES, Role
from simulator.config import DISTRICTS
from simulator.net.http_client import HttpClient
from simulator.people.callers import Person
from tests.api.conftest import new_app, services_over, with_banks
from tests.workers.command_line import invoke, with_database
from workers.commands.officers import print_link
from workers.home import RunFile, own_start_epoch_seconds, write_private
from workers.settings import Settings
from workers.simulated_people import PEOPLE_FILE, SimulatedPerson, enrol_people, read_people, roster, who_work


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


def test_a_link_leads_to_the_host_of_the_officers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = SignInLink("/first/t", datetime.now(UTC))
    for desk_url, expected in (("https://desk.localhost:8443",) * 2, (None, "http://127.0.0.1:8080")):
        run_file(tmp_path, "postgresql://nobody@127.0.0.1:9/nothing", is_demo=False, desk_url=desk_url)
        print_link(Settings(home=tmp_path), link)
        assert capsys.readouterr().out == f"{expected}/first/t\n"


def run_file(home: Path, dsn: str, *, is_demo: bool, desk_url: str | None = None) -> None:
    RunFile(
        pid=os.getpid(),
        pid_started_at_epoch_seconds=own_start_epoch_seconds(),
        started_at=datetime.now(UTC),
        database_url=dsn,
        temporal_address="127.0.0.1:7233",
        temporal_namespace="goldenhour",
        api_url="http://127.0.0.1:8080",
        intake_url="http://127.0.0.1:8081",
        desk_url=desk_url,
        is_demo=is_demo,
    ).write(home)


PERSON = SimulatedPerson(
    officer_id="desk.roy", name="Asha Roy (invented)", role=Role.DESK, password="x", secret=new_secret()
)


@pytest.mark.parametrize("is_demo", [True, False])
async def test_codes_are_printed_for_a_demo_only_and_from_its_own_file(tmp_path: Path, is_demo: bool) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    run_file(tmp_path, nowhere, is_demo=is_demo)
    write_private(tmp_path / PEOPLE_FILE, TypeAdapter(tuple[SimulatedPerson, ...]).dump_json((PERSON,)))
    before = step_at(datetime.now(UTC))
    done = await invoke("demo-code", "Desk.Roy", home=str(tmp_path))
    if not is_demo:
        assert (done.exit_code, done.stdout) == (1, "")
        return
    assert done.exit_code == 0, done.output
    possible = {code_at(PERSON.secret, step) for step in range(before, step_at(datetime.now(UTC)) + 1)}
    assert done.stdout.strip() in possible
    unknown = await invoke("demo-code", "nobody", home=str(tmp_path))
    assert unknown.exit_code == 1
    beside = await invoke("demo-code", "desk.roy", home=str(tmp_path), **with_database(nowhere))
    assert beside.exit_code == 1


def test_in_a_small_world_only_the_officer_at_the_desk_signs_in() -> None:
    assert [one.roles for one in who_work(whole=False)] == [(Role.DESK,)]


def test_the_officers_of_the_world_answer_for_every_district_and_have_what_documents_name() -> None:
    for role in (Role.IO, Role.SP, Role.DY_SP, Role.DISTRICT_GRO):
        of_role = [one for one in roster() if role in one.roles]
        answered = Counter(district for one in of_role for district in one.districts)
        assert set(answered) == {district.code for district in districts()}
        assert len(set(answered.values())) == 1
        assert all(one.rank and one.station and one.mobile for one in of_role)
    assert all(known_district(name) for name in DISTRICTS), "the victims of the world live there"


async def test_the_people_of_a_simulated_world_set_up_by_links_can_sign_in(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    await with_banks(database)
    services = await services_over(database)
    settings = Settings.model_validate({"home": tmp_path, "database_url": database_dsn})
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=started.set_result))
    try:
        url = await started
        people = await enrol_people(database, settings, url, whole=True)
        line = HttpClient(url, 1)
        one = people[-1]
        headers = await Person(one.officer_id, one.password, one.secret).headers(line)
        found = await line.request("GET", "/api/v1/session", headers=headers)
        line.close()
    finally:
        stop.set()
        await serving
    assert (found.status, orjson.loads(found.body)["officer_id"]) == (200, one.officer_id)
    assert {person.role for person in people} == set(OFFICER_ROLES)
    assert all("invented" in person.name for person in people)
    assert read_people(tmp_path) == people
    assert stat.S_IMODE((tmp_path / PEOPLE_FILE).stat().st_mode) == 0o600
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT name FROM officer WHERE name NOT LIKE '%(invented)'")
        assert await connection.fetchval("SELECT count(*) FROM team_member") == len(people) - 1
    assert rows == []
