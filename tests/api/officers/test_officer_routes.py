"""Officers, teams, banks and policy as an admin reads them, and what one admin may change alone."""

from datetime import timedelta
from typing import Any

from api.roles import Action
from schemas.enums import Role
from tests.api.conftest import Doors
from tests.officers import enrol

OFFICERS = "/api/v1/officers"


async def test_an_admin_takes_roles_away_and_it_is_told_who_did_it(doors: Doors) -> None:
    await enrol(doors.services.ctx.pool, ["ravi"], [Role.DESK, Role.IO])
    assert (await doors.post(f"{OFFICERS}/Ravi/roles/io/end", {}, Role.ADMIN)).status_code == 204
    found = await doors.read(f"{OFFICERS}/ravi", Role.AUDITOR)
    assert found["officer"]["roles"] == ["desk"]
    assert {role["role"]: role["ended_by"] for role in found["roles"]} == {"desk": None, "io": "officer:officer1"}
    days = {"absences": [{"first_day": "2026-12-01", "last_day": "2026-12-05"}]}
    headers = doors.officer(Role.SUPERVISOR)
    assert (await doors.client.put(f"{OFFICERS}/ravi/absences", json=days, headers=headers)).status_code == 204
    assert (await doors.read(f"{OFFICERS}/ravi", Role.SUPERVISOR))["absences"] == days["absences"]
    assert (await doors.post(f"{OFFICERS}/ravi/disable", {}, Role.ADMIN)).status_code == 204
    events: list[dict[str, Any]] = []
    after = None
    while True:
        query: dict[str, Any] = {"officer_id": "ravi", "limit": 2} | ({"after": after} if after else {})
        page = await doors.read("/api/v1/officer-events", Role.AUDITOR, **query)
        events += page["items"]
        after = page["next"]
        if after is None:
            break
    assert [event["kind"] for event in events][:3] == ["disabled", "absences_written", "role_ended"]
    assert {event["actor"] for event in events[:3]} == {"officer:officer1"}
    listed = (await doors.read(OFFICERS, Role.ADMIN, limit=500))["items"]
    assert {one["officer_id"]: one["disabled_by"] for one in listed}["ravi"] == "officer:officer1"


async def test_officers_are_found_by_name_role_and_team_with_their_presence(doors: Doors) -> None:
    pool = doors.services.ctx.pool
    await enrol(pool, ["meera.found", "naseem.found"], [Role.STATE_GRO])
    hours = [{"day_no": day, "starts_minute": 0, "ends_minute": 1} for day in range(1, 8)]
    team = {"name": "Zenith 100% desk", "members": ["naseem.found"], "shifts": hours}
    assert (await doors.post("/api/v1/teams", team, Role.SUPERVISOR)).status_code == 201
    today = doors.services.ctx.now().date()
    headers = doors.officer(Role.SUPERVISOR)

    async def absent(*days: tuple[int, int]) -> int:
        spans = [(today + timedelta(days=first), today + timedelta(days=last)) for first, last in days]
        asked = {"absences": [{"first_day": str(first), "last_day": str(last)} for first, last in spans]}
        return (await doors.client.put(f"{OFFICERS}/meera.found/absences", json=asked, headers=headers)).status_code

    assert await absent((-1, 9_000)) == 422
    assert await absent((-1, 1), (-1, 2)) == 422
    assert await absent((-1, 1)) == 204

    async def found(text: str) -> dict[str, Any]:
        response = await doors.post(f"{OFFICERS}/search", {"text": text}, Role.AUDITOR)
        return {one["officer_id"]: one for one in response.json()["items"]}

    by_name, by_role = await found("EERA.FO"), await found("state_g")
    assert by_name.keys() == {"meera.found"}
    assert by_name.keys() | {"naseem.found"} <= by_role.keys()
    assert by_name["meera.found"]["is_absent"]
    assert by_name["meera.found"]["last_sign_in_at"] is None
    # A sign that matches anything in SQL is a plain sign here.
    assert (await found("zenith 100%")).keys() == {"naseem.found"}
    assert (await found("zenith%desk")) == {}


async def test_teams_are_added_and_ended_and_never_let_an_officer_in(doors: Doors) -> None:
    team = {"name": "Night desk 7", "shifts": [{"day_no": 1, "starts_minute": 0, "ends_minute": 480}]}
    assert (await doors.post("/api/v1/teams", team, Role.SUPERVISOR)).status_code == 201
    assert (await doors.post("/api/v1/teams", team, Role.SUPERVISOR)).json()["code"] == "team_exists"
    named = {one["name"]: one for one in (await doors.read("/api/v1/teams", Role.AUDITOR))["items"]}
    assert named["Night desk 7"]["shifts"] == team["shifts"]
    assert (await doors.post("/api/v1/teams/night desk 7/end", {}, Role.SUPERVISOR)).status_code == 204
    assert "Night desk 7" not in {one["name"] for one in (await doors.read("/api/v1/teams", Role.AUDITOR))["items"]}


def test_no_route_lets_one_person_make_a_second_officer() -> None:
    """Each action that writes about officers takes away, or concerns no right."""
    assert {action for action in Action if "officer" in action.value} == {
        Action.READ_OFFICERS,
        Action.END_OFFICERS_ROLE,
        Action.ASSIGN_OFFICER,
        Action.NAME_GRIEVANCE_OFFICER,
    }


async def test_the_directory_says_whom_to_call_and_no_secret(doors: Doors) -> None:
    response = await doors.client.get("/api/v1/institutions", headers=doors.officer(Role.DESK))
    banks = {one["code"]: one for one in response.json()["items"]}
    assert banks["SBIN"]["nodal_officers"][0]["mobile"] == "9000000001"
    assert "password" not in response.text
    assert "aes" not in response.text


async def test_one_bank_is_read_with_its_codes_channels_and_keys_and_no_secret(doors: Doors) -> None:
    found = await doors.read("/api/v1/institutions", Role.AUDITOR, text="SBIN0001234")
    assert [one["code"] for one in found["items"]] == ["SBIN"]
    assert (await doors.read("/api/v1/institutions", Role.AUDITOR, text="no such bank"))["items"] == []
    async with doors.services.ctx.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO channel_health (institution, channel, state, failures, silences, probe_at, changed_at)"
            " VALUES ('SBIN', 'i4c', 'open', 5, 0, now(), now()) ON CONFLICT DO NOTHING"
        )
    response = await doors.client.get("/api/v1/institutions/SBIN", headers=doors.officer(Role.DESK))
    told = response.json()
    assert told["item"]["name"] == "State Bank of India"
    states = {one["channel"]: one["state"] for one in told["channels"]}
    assert states["i4c"] == "open"
    assert told["ifsc_prefixes"] == ["SBIN"]
    assert told["roster"][0]["mobile"] == "9000000001"
    assert "password" not in response.text
    missing = await doors.client.get("/api/v1/institutions/NOBANK", headers=doors.officer(Role.DESK))
    assert missing.json()["code"] == "institution_not_found"


async def test_the_policy_in_force_names_its_sources(doors: Doors) -> None:
    told = await doors.read("/api/v1/policy", Role.SUPERVISOR)
    values = {one["name"]: one for one in told["values"]}
    assert values["figures.small_below"]["value"] == doors.services.ctx.policy.figures.small_below
    assert values["figures.small_below"]["source"].startswith("our own")
    assert all(one["source"] for name, one in values.items() if name.startswith("sessions."))
