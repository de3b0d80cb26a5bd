"""The supervisor's wall: its figures sum and name no person; displays come in once, show the wall, and nothing else."""

import asyncio
from typing import Any

import httpx

from activities.context import Context
from activities.officers import enrolment
from activities.reporting import wall
from activities.reporting.stage_figures import count_next
from api import caches
from api.officers import scripts
from api.officers.sessions import DISPLAY_COOKIE
from api.services import Services
from schemas.enums import Role
from schemas.officers.officers import TeamEntry
from schemas.reporting.wall import WallNow
from tests.api.conftest import Doors, line, new_app, transfer

WALL = "/api/v1/wall"
FIGURES = "/api/v1/figures"
DISPLAYS = "/api/v1/displays"
EVENTS = "SELECT kind FROM officer_event WHERE data ->> 'token_id' = $1 ORDER BY event_id"


async def test_the_wall_sums_and_names_no_person_account_or_case(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    held = line("held", amount="2000.00", disputed_amount="5000.00")
    await doors.answer("SBIN", case_no, held)
    for number in range(5):
        await doors.complain(transfers=[transfer(rrn=f"51234567890{number}")])
    pool = doors.services.ctx.pool
    await enrolment.add_team(pool, TeamEntry(name="Desk Lucknow", members=("officer1",)), "command:test")
    while await count_next(doors.services.ctx):
        pass
    response = await doors.client.get(WALL, headers=doors.officer(Role.SUPERVISOR))
    assert response.status_code == 200, response.text
    told = response.json()
    today = told["current"]["today"]
    assert (today["complaints"], today["cases"], today["complaints_yesterday"]) == (6, 6, 0)
    assert today["paise"] == sum(bucket["paise"] for bucket in today["buckets"]) == 6 * 5_000_00
    assert {bucket["letter"]: bucket["rupees"] for bucket in today["buckets"]} == dict.fromkeys("RLUXSW", 0) | {
        "H": 2_000,
        "P": 28_000,
    }
    assert told["current"]["teams"] == [{"name": "Desk Lucknow", "on_shift": 1, "tasks": 0}]
    assert [(hour["cases"], hour["first_hold"]["count"]) for hour in told["recent"]["hours"]] == [(6, 1)]
    assert told["weeks"]["funnel"] | {"lost": 0, "restored": 0} == {
        "days": 90,
        "lost": 0,
        "held_paise": 2_000_00,
        "restored": 0,
    }
    # Each number has its cases, and they add up to it.
    for figure, paise, cases in (
        ("complaints", 6 * 5_000_00, 6),
        ("all", 6 * 5_000_00, 6),
        ("held", 2_000_00, 1),
        ("in_play", 28_000_00, 6),
        ("ever_held", 2_000_00, 1),
        ("restored", 0, 0),
    ):
        query = {"figure": figure, "from": today["day"], "district": "Lucknow"}
        found = await doors.read(f"{FIGURES}/money-cases", Role.SUPERVISOR, **query)
        assert (sum(one["paise"] for one in found["items"]), len(found["items"])) == (paise, cases), figure
    first = await doors.read(f"{FIGURES}/money-cases", Role.SUPERVISOR, figure="in_play", limit=5)
    rest = await doors.read(f"{FIGURES}/money-cases", Role.SUPERVISOR, figure="in_play", after=first["next"])
    assert [one["case_ack_no"] for one in rest["items"]] == [case_no], "the case with the least in play is the last"
    headers = {**doors.officer(Role.SUPERVISOR), "Accept": "text/csv"}
    table = (await doors.client.get(f"{FIGURES}/money-cases", params={"figure": "held"}, headers=headers)).content
    assert [row.split(",")[0] for row in table.decode("utf-8-sig").splitlines()] == ["case_ack_no", case_no]
    districts = {one["code"]: one for one in told["recent"]["districts"]}
    assert len(districts) == 75
    assert (districts["LUCKNOW"]["complaints"], districts["LUCKNOW"]["in_play_paise"]) == (6, 28_000_00)
    assert (districts["LUCKNOW"]["judged"], districts["LUCKNOW"]["in_time"]) == (None, None), "too few for a share"
    assert districts["AGRA"]["complaints"] == 0
    for personal in ("Asha", "9876543210", "30000000001", case_no, "officer1"):
        assert personal not in response.text


async def test_few_complaints_of_a_district_are_not_shown(doors: Doors) -> None:
    await doors.complain()
    told = await doors.read(WALL, Role.SUPERVISOR)
    districts = {one["code"]: one for one in told["recent"]["districts"]}
    assert (districts["LUCKNOW"]["complaints"], districts["LUCKNOW"]["in_play_paise"]) == (None, None)
    assert told["recent"]["elsewhere"] == 1


async def test_a_part_that_cannot_be_read_stays_as_it_was(doors: Doors, monkeypatch: Any) -> None:
    monkeypatch.setattr(caches, "WALL_NOW_SECONDS", 0.0)
    reads, read_now = [], wall.read_now

    async def fails_later(ctx: Context) -> WallNow:
        reads.append(ctx)
        if len(reads) > 1:
            raise TimeoutError
        return await read_now(ctx)

    monkeypatch.setattr(wall, "read_now", fails_later)
    before = await doors.read(WALL, Role.SUPERVISOR)
    after = await doors.read(WALL, Role.SUPERVISOR)
    assert (after["current"], len(reads) > 1) == (before["current"], True)


async def placed(services: Services, token: str) -> httpx.Response:
    """What a browser gets that exchanges the token of a display."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services)), base_url="https://desk.test")
    return await client.post(f"{DISPLAYS}/place", json={"token": token}, headers={"Origin": "https://desk.test"})


async def test_a_display_comes_in_once_shows_the_wall_alone_and_can_be_revoked(doors: Doors, monkeypatch: Any) -> None:
    monkeypatch.setattr(scripts, "KNOWN_SECONDS", 0.0)
    made = await doors.post(DISPLAYS, {"name": "wall-lucknow-1", "days": 30}, Role.ADMIN)
    token, token_id = made.json()["token"], made.json()["token_id"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await doors.client.get(WALL, headers=bearer)).status_code == 401, "the token itself opens nothing"
    first, second = await asyncio.gather(placed(doors.services, token), placed(doors.services, token))
    assert sorted((first.status_code, second.status_code)) == [201, 401]
    taken = first if first.status_code == 201 else second
    cookie = taken.headers["set-cookie"]
    assert all(part in cookie for part in (DISPLAY_COOKIE, "HttpOnly", "Secure", "SameSite=strict", "Max-Age="))
    display = {"Cookie": f"{DISPLAY_COOKIE}={taken.cookies[DISPLAY_COOKIE]}"}
    assert (await doors.client.get(WALL, headers=display)).status_code == 200
    for path in ("/api/v1/cases", "/api/v1/figures/stages", DISPLAYS, "/api/v1/scorecards"):
        assert (await doors.client.get(path, headers=display)).status_code == 403
    (listed,) = (await doors.read(DISPLAYS, Role.AUDITOR))["items"]
    assert (listed["name"], listed["state"], listed["roles"]) == ("wall-lucknow-1", "live", ["display"])
    assert listed["placed_at"]
    assert (await doors.post(f"{DISPLAYS}/{token_id}/revoke", {}, Role.ADMIN)).status_code == 204
    assert (await doors.client.get(WALL, headers=display)).status_code == 401
    async with doors.services.ctx.pool.acquire() as connection:
        kinds = await connection.fetch(EVENTS, str(token_id))
    assert [row["kind"] for row in kinds] == ["token_issued", "display_placed", "token_revoked"]
