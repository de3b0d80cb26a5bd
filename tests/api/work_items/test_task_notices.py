"""Own settings of notices, and records of shifts, over the API."""

from datetime import timedelta
from typing import Any

import httpx
import orjson

from activities.officers.enrolment import add_team, import_officers
from activities.work_items.task_notices import TaskNotices
from activities.work_items.task_rounds import TaskRounds
from db.work_items import shift_handovers
from db.work_items.shift_handovers import TeamEnd
from domain.work_items.shifts import ShiftSpan
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry, TeamEntry
from tests.api.conftest import Doors
from tests.api.reporting.test_stream import WAIT_SECONDS, of, page
from tests.api.work_items.test_task_owners import DESK, item
from tests.waiting import until

SETTINGS = f"{DESK}/notice-settings"
SHIFTS = "/api/v1/shifts"


async def call(
    doors: Doors, method: str, path: str, who: str, role: Role = Role.DESK, body: Any = None
) -> httpx.Response:
    return await doors.client.request(method, path, json=body, headers=doors.officer(role, who))


async def test_an_officer_chooses_and_an_administrator_sees_and_resets(doors: Doors) -> None:
    entry = OfficerEntry(
        officer_id="asha", name="Asha", email="asha@police.example", roles=(Role.DESK,), districts=("*",)
    )
    await doors.post_officer("asha", "*")
    await import_officers(doors.services.ctx.pool, [entry], "command:test")
    seen = (await call(doors, "GET", SETTINGS, "asha")).json()
    assert (seen["is_default"], seen["setting"]["media"], seen["webhook"]) == (True, ["stream"], False)
    wanted = {"kinds": ["phone_bank"], "sum_from_paise": 100_00, "hours": "always", "media": ["stream", "email"]}
    saved = await call(doors, "PUT", SETTINGS, "asha", body=wanted)
    assert (saved.status_code, saved.json()["is_default"]) == (200, False), saved.text
    by_sms = await call(doors, "PUT", SETTINGS, "asha", body=wanted | {"media": ["sms"]})
    assert (by_sms.status_code, by_sms.json()["code"]) == (409, "notice_without_contact")
    assert (await call(doors, "PUT", SETTINGS, "asha", body=wanted | {"gap_seconds": 1})).status_code == 422

    case_no, task_id = await item(doors, "412345678901")
    await TaskRounds(doors.services.ctx).value()
    # The last stream before still keeps what comes, for callers who come again.
    positions = {who: (await page(doors, who, Role.DESK))[1] for who in ("asha", "ravi")}
    await TaskNotices(doors.services.ctx).run_once()

    async def is_told() -> bool:
        return bool(of((await page(doors, "asha", Role.DESK, after=positions["asha"]))[0], "notice"))

    await until(is_told, WAIT_SECONDS)
    assert not of((await page(doors, "ravi", Role.DESK, after=positions["ravi"]))[0], "notice"), "of asha alone"
    listed = (await call(doors, "GET", f"{DESK}/notices", "asha")).json()
    (notice,) = listed["items"]
    assert listed["unseen"] == 1
    for moment in (notice["written_at"], "2026-11-01T00:00:00Z"):
        seen = await call(doors, "PUT", f"{DESK}/notices/seen", "asha", body={"until": moment})
        assert seen.status_code == 204
        again = (await call(doors, "GET", f"{DESK}/notices", "asha")).json()
        assert (again["unseen"], len(again["items"])) == (0, 1), "an older screen takes nothing back"
    assert (notice["task_id"], notice["ack_no"], notice["reason"]) == (task_id, case_no, "open")
    assert (notice["media"], notice["holds"]) == (["email", "stream"], True)
    claimed = await call(doors, "POST", f"{DESK}/tasks/{task_id}/claim", "ravi", body={"version": 0})
    assert claimed.status_code == 200
    assert [one["holds"] for one in (await call(doors, "GET", f"{DESK}/notices", "asha")).json()["items"]] == [False]

    hook = await call(doors, "PUT", f"{DESK}/notice-webhook", "asha", body={"url": "https://desk.example/notices"})
    assert hook.json()["secret"].startswith("whsec_")
    refused = await call(doors, "PUT", f"{DESK}/notice-webhook", "asha", body={"url": "http://desk.example"})
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_address_refused")
    of_asha = "/api/v1/officers/asha/notice-settings"
    assert (await call(doors, "GET", of_asha, "ravi", Role.SUPERVISOR)).status_code == 403
    read = (await call(doors, "GET", of_asha, "ravi", Role.ADMIN)).json()
    assert (read["webhook"], read["setting"]["hours"], "secret" in str(read)) == (True, "always", False)
    reset = (await call(doors, "DELETE", of_asha, "ravi", Role.ADMIN)).json()
    assert (reset["is_default"], reset["webhook"], reset["changed_by"]) == (True, False, "officer:ravi")
    unknown = await call(doors, "GET", "/api/v1/officers/x/notice-settings", "ravi", Role.ADMIN)
    assert unknown.json()["code"] == "officer_not_found"


async def test_the_next_shift_reads_the_record_and_its_officers_add_a_note(doors: Doors) -> None:
    _, task_id = await item(doors, "412345678901")
    await call(doors, "POST", f"{DESK}/tasks/{task_id}/claim", "ravi", body={"version": 0})
    await TaskRounds(doors.services.ctx).value()
    pool, now = doors.services.ctx.pool, doors.services.ctx.now()
    await add_team(pool, TeamEntry(name="night", members=("ravi",)), "command:test")
    async with pool.acquire() as connection, connection.transaction():
        team_id = await connection.fetchval("SELECT team_id FROM team WHERE name = 'night'")
        team = TeamEnd(team_id=team_id, name="night", shifts=(), officers=("ravi",), since=now, written=())
        span = ShiftSpan(starts_at=now - timedelta(hours=8), ends_at=now)
        shift_id = await shift_handovers.write(connection, team, span, ["ravi"], now + timedelta(seconds=1))
    assert (await doors.read(f"{SHIFTS}/own"))["items"] == [], "the team has no hours"
    early = {"note": "told too late", "team": "night", "ends_at": now.isoformat()}
    refused = await call(doors, "PUT", f"{SHIFTS}/own/note", "ravi", body=early)
    assert (refused.status_code, refused.json()["code"]) == (404, "own_shift_not_found")
    (line,) = (await doors.read(SHIFTS, team="NIGHT"))["items"]
    assert (line["shift_id"], line["team"], line["officers"], line["open_items"]) == (shift_id, "night", 1, 1)
    assert line["open_paise"] == 5_000_00
    path = f"{SHIFTS}/{shift_id}/handover"
    noted = await call(doors, "PUT", f"{path}/note", "ravi", body={"note": "the bank calls back at nine"})
    assert noted.status_code == 204, noted.text
    not_mine = await call(doors, "PUT", f"{path}/note", "asha", body={"note": "not mine"})
    assert (not_mine.status_code, not_mine.json()["code"]) == (409, "not_of_this_shift")
    (of_ravi,) = (await doors.read(path))["officers"]
    assert (of_ravi["note"], of_ravi["items"][0]["state"]) == ("the bank calls back at nine", "open")
    assert of_ravi["items"][0]["task_id"] == task_id
    table = await doors.client.get(path, headers=doors.officer(Role.DESK) | {"Accept": "text/csv"})
    assert table.text.splitlines()[1].startswith(f"ravi,open,{task_id},phone_bank,")
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = await doors.client.get(path, headers=doors.officer(Role.DESK) | {"Accept": xlsx})
    assert book.content.startswith(b"PK")
    gone = await doors.client.get(f"{SHIFTS}/{(shift_id or 0) + 1_000}/handover", headers=doors.officer(Role.DESK))
    assert orjson.loads(gone.content)["code"] == "shift_not_found"
