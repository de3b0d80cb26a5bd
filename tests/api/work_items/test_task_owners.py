"""The desk's queue over the API: claims, bulk verbs, counts, saved filters, and who sees what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from activities.case.transaction import case_transaction
from activities.officers.enrolment import add_team, disable_officer, write_absences
from activities.work_items.task_rounds import TaskRounds
from adapters.clock import wall_clock
from schemas.enums import Role, TaskKind
from schemas.officers.officers import Absence, TeamEntry
from schemas.tasks import TaskCause, about_hop
from schemas.text import IST
from tests.api.conftest import Doors, transfer
from tests.each import each
from tests.officers import enrol

DESK = "/api/v1/desk"


async def item(
    doors: Doors, reference: str, amount_paise: int = 5_000_00, kind: TaskKind = TaskKind.PHONE_BANK, **victim: Any
) -> tuple[str, int]:
    """A case and a work item about its hop; the numbers of both."""
    told = {"name": f"A. Victim {reference[-4:]}", "mobile": "9876543210", "district": "LUCKNOW"} | victim
    case_no = (await doors.complain(transfers=[transfer(reference, amount_paise=amount_paise)], victim=told))[
        "case_ack_no"
    ]
    async with case_transaction(doors.services.ctx, case_no, "engine") as work:
        (task_id,) = await work.ask(about_hop(kind, TaskCause.REQUEST_SILENT, 1))
    return case_no, task_id


async def post(doors: Doors, path: str, who: str, role: Role = Role.DESK, **body: Any) -> httpx.Response:
    return await doors.client.post(f"{DESK}{path}", json=body, headers=doors.officer(role, who))


async def listed(doors: Doors, who: str = "ravi", role: Role = Role.DESK, **query: Any) -> list[dict[str, Any]]:
    read = await doors.client.get(f"{DESK}/tasks", params=query, headers=doors.officer(role, who))
    assert read.status_code == 200, read.text
    found: list[dict[str, Any]] = read.json()["items"]
    return found


async def test_officers_of_the_own_teams_are_listed_for_calls_and_items(doors: Doors) -> None:
    pool = doors.services.ctx.pool
    await enrol(pool, ["ravi", "asha", "gone", "away", "other"])
    await enrol(pool, ["lead.intake"], [Role.INTAKE])
    members = ("ravi", "asha", "gone", "away")
    await add_team(pool, TeamEntry(name="Night", members=members, lead="lead.intake"), "command:test")
    await add_team(pool, TeamEntry(name="Day", members=("ravi", "asha")), "command:test")
    await add_team(pool, TeamEntry(name="Elsewhere", members=("other",)), "command:test")
    await disable_officer(pool, "gone", "command:test")
    day = wall_clock().astimezone(IST).date()
    await write_absences(pool, "away", [Absence(first_day=day, last_day=day)], "command:test")

    async def told(path: str, who: str) -> dict[str, tuple[list[str], bool]]:
        answer = await doors.client.get(path, headers=doors.officer(Role.DESK, who))
        assert answer.status_code == 200, answer.text
        return {one["officer_id"]: (one["teams"], one["is_absent"]) for one in answer.json()["items"]}

    of_items = {"asha": (["Day", "Night"], False), "away": (["Night"], True)}
    assert await told(f"{DESK}/team-officers", "ravi") == of_items
    of_calls = of_items | {"lead.intake": (["Night"], False)}
    assert await told("/api/v1/drafts/team-officers", "ravi") == of_calls
    assert await told(f"{DESK}/team-officers", "other") == {}


async def test_a_claim_is_seen_by_others_who_are_told_who_has_it(doors: Doors) -> None:
    _, task_id = await item(doors, "412345678901")
    claimed = await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
    assert (claimed.status_code, claimed.json()["owner"], claimed.json()["version"]) == (200, "ravi", 1)
    lost = await post(doors, f"/tasks/{task_id}/claim", "asha", version=0)
    assert (lost.status_code, lost.json()["code"], lost.json()["params"]["owner"]) == (409, "task_owned", "ravi")
    closed = await post(doors, f"/tasks/{task_id}/close", "asha", reason="spoke to them")
    assert closed.json()["code"] == "task_owned"
    (seen,) = await listed(doors, "asha")
    assert (seen["owner"], seen["version"], seen["lease_ends_at"]) == ("ravi", 1, claimed.json()["lease_ends_at"])
    taken = await post(doors, f"/tasks/{task_id}/take-over", "asha", version=1, reason="the bank calls back")
    assert (taken.status_code, taken.json()["owner"]) == (200, "asha")
    acts = await doors.client.get(f"{DESK}/task-acts", headers=doors.officer(Role.DESK, "ravi"))
    (act,) = acts.json()["items"]
    assert (act["task_id"], act["kind"], act["actor"], act["note"]) == (
        task_id,
        "taken_over",
        "officer:asha",
        "the bank calls back",
    )


async def test_an_item_says_bank_sum_and_what_to_do(doors: Doors) -> None:
    await item(doors, "412345678901")
    assert (await listed(doors))[0]["note"] == "State Bank of India has not answered: telephone it"
    await TaskRounds(doors.services.ctx).value()
    assert (await listed(doors))[0]["note"] == "State Bank of India has not answered, ₹5,000 in play: telephone it"


async def test_the_queue_is_paged_by_worth(doors: Doors) -> None:
    found = [(await item(doors, f"41234567890{n}", n * 1_000_00))[1] for n in range(1, 6)]
    await TaskRounds(doors.services.ctx).value()
    assert [one["task_id"] for one in await listed(doors)] == found, "the oldest first, as before"
    seen, after = [], None
    for _ in range(3):
        query: dict[str, Any] = {"sort": "worth", "limit": 2} | ({"after": after} if after else {})
        page = await doors.client.get(f"{DESK}/tasks", params=query, headers=doors.officer(Role.DESK))
        seen += [one["task_id"] for one in page.json()["items"]]
        after = page.json()["next"]
    assert (seen, after) == (found[::-1], None)
    bad = await doors.client.get(
        f"{DESK}/tasks", params={"sort": "worth", "after": "WzFd"}, headers=doors.officer(Role.DESK)
    )
    assert bad.json()["code"] == "bad_cursor"


async def test_bulk_verbs_say_of_each_item_what_became_of_it(doors: Doors) -> None:
    items = [(await item(doors, f"41234567890{n}"))[1] for n in range(1, 4)]
    await post(doors, f"/tasks/{items[0]}/claim", "asha", version=0)
    tasks = [{"task_id": task_id, "version": 0} for task_id in (*items, 10**9)]
    claimed = (await post(doors, "/tasks/claim", "ravi", tasks=tasks)).json()
    assert [(one["task_id"], one["done"], one["code"]) for one in claimed["items"]] == [
        (items[0], False, "task_owned"),
        (items[1], True, ""),
        (items[2], True, ""),
        (10**9, False, "task_not_found"),
    ]
    assert claimed["items"][0]["says"].startswith("asha has task")
    back = [{"task_id": one["task_id"], "version": one["version"]} for one in claimed["items"] if one["done"]]
    renewed = (await post(doors, "/tasks/claim", "ravi", tasks=back)).json()
    assert [(one["done"], one["version"]) for one in renewed["items"]] == [(True, None)] * 2, "they were the officer's"
    released = (await post(doors, "/tasks/release", "ravi", tasks=back)).json()
    assert [(one["done"], one["version"]) for one in released["items"]] == [(True, 2)] * 2
    again = (await post(doors, "/tasks/claim", "ravi", filter={"kinds": ["phone_bank"]})).json()
    refused = [one for one in again["items"] if not one["done"]]
    assert [(one["task_id"], one["case_ack_no"] is not None) for one in refused] == [(items[0], True)]
    gift: dict[str, Any] = {"to": "asha", "note": "my shift is over"}
    passed = (await post(doors, "/tasks/pass-on", "ravi", filter={"owner": "ravi"}, **gift)).json()["items"]
    assert [(one["done"], one["version"]) for one in passed] == [(True, 4)] * 2
    lost = [{"task_id": one["task_id"], "version": 3} for one in passed]
    repeated = (await post(doors, "/tasks/pass-on", "ravi", tasks=lost, **gift)).json()["items"]
    assert [(one["done"], one["version"]) for one in repeated] == [(True, None)] * 2, "the answer was lost"
    other = (await post(doors, "/tasks/pass-on", "ravi", tasks=lost, **gift | {"note": "call at nine"})).json()["items"]
    assert [one["code"] for one in other] == ["task_owned"] * 2
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    slept = (await post(doors, "/tasks/snooze", "asha", filter={"kinds": ["phone_bank"]}, until=until)).json()
    assert ([one["done"] for one in slept["items"]], slept["more"]) == ([True] * 3, False)
    assert len(await listed(doors, snoozed=True)) == 3
    closed = (await post(doors, "/tasks/close", "ravi", filter={"snoozed": True}, reason="the bank answered")).json()
    assert [one["done"] for one in closed["items"]] == [True] * 3
    assert await listed(doors) == []


@pytest.mark.parametrize("verb", ["claim", "pass-on", "snooze", "close"])
async def test_a_bulk_verb_with_a_filter_is_sent_until_there_is_no_more(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr("api.work_items.task_owners.BULK_MAX", 2)
    items = [(await item(doors, f"41234567890{n}", n * 1_000_00))[1] for n in range(1, 6)]
    await TaskRounds(doors.services.ctx).value()
    await post(doors, f"/tasks/{items[4]}/claim", "asha", version=0)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body: dict[str, Any] = {
        "claim": {},
        "pass-on": {"to": "asha", "note": "my shift is over"},
        "snooze": {"until": until},
        "close": {"reason": "the bank answered"},
    }[verb] | {"filter": {"kinds": ["phone_bank"]}}
    seen: list[int] = []
    after = None
    for _ in range(3):
        told = (await post(doors, f"/tasks/{verb}", "ravi", **body, after=after)).json()
        seen += [one["task_id"] for one in told["items"]]
        after = told["next"]
        assert told["more"] is (after is not None)
    assert (seen, after) == (items[::-1], None), "also if an item is refused, or still matches the filter"
    bad = await post(doors, f"/tasks/{verb}", "ravi", **body, after="WzFd")
    assert bad.json()["code"] == "bad_cursor"


@each(
    "body",
    [
        {},
        {"tasks": [], "filter": None},
        {"tasks": [], "filter": {}},
        {"filter": 1},
        {"tasks": [{"task_id": 1, "version": 0}], "after": "WzFd"},
    ],
)
async def test_a_bulk_verb_takes_either_a_list_or_a_filter(doors: Doors, body: dict[str, Any]) -> None:
    assert (await post(doors, "/tasks/claim", "ravi", **body)).status_code == 422


async def test_an_officer_of_the_police_has_only_what_the_officer_sees(doors: Doors) -> None:
    case_no, phone = await item(doors, "412345678901")
    async with case_transaction(doors.services.ctx, case_no, "engine") as work:
        (duty,) = await work.ask(about_hop(TaskKind.DUTY, TaskCause.DUTY, None))
    await enrol(doors.services.ctx.pool, ["io.lucknow"], [Role.IO], ["LUCKNOW"])
    await doors.post_officer("io.agra", "Agra")
    assert (await post(doors, f"/tasks/{duty}/claim", "io.agra", Role.IO, version=0)).status_code == 403
    tasks = [{"task_id": task_id, "version": 0} for task_id in (duty, phone)]
    bulk = (await post(doors, "/tasks/claim", "io.agra", Role.IO, tasks=tasks)).json()
    assert [one["code"] for one in bulk["items"]] == ["task_not_for_officer"] * 2
    refused = await post(
        doors, f"/tasks/{phone}/pass-on", "chief", Role.SUPERVISOR, version=0, to="io.lucknow", note="please call"
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "task_not_for_officer")
    unknown = await post(
        doors, f"/tasks/{phone}/pass-on", "chief", Role.SUPERVISOR, version=0, to="no.such", note="please call"
    )
    assert unknown.json()["code"] == "officer_not_found"
    counts = await doors.client.get(f"{DESK}/task-counts", headers=doors.officer(Role.IO, "io.agra"))
    assert counts.json() == {"kinds": [], "owners": []}
    assert (await doors.read(f"{DESK}/task-counts"))["kinds"][1]["kind"] == "phone_bank"


async def test_filters_are_saved_for_the_officer_alone(doors: Doors) -> None:
    ravi, asha = doors.officer(Role.DESK, "ravi"), doors.officer(Role.DESK, "asha")
    filters = f"{DESK}/task-filters"
    night = {"name": "Night", "filter": {"kinds": ["phone_bank"], "owned": False, "sum_from_paise": 1}}
    assert (await doors.client.put(f"{filters}/1", json=night, headers=ravi)).status_code == 200
    again = await doors.client.put(f"{filters}/2", json=night | {"name": "night"}, headers=ravi)
    assert (again.status_code, again.json()["code"]) == (409, "task_filter_named")
    assert (await doors.client.put(f"{filters}/21", json=night, headers=ravi)).status_code == 422
    (saved,) = (await doors.client.get(filters, headers=ravi)).json()["items"]
    assert (saved["place"], saved["name"], saved["filter"]["owned"]) == (1, "Night", False)
    assert (await doors.client.get(filters, headers=asha)).json() == {"items": []}
    assert (await doors.client.delete(f"{filters}/1", headers=asha)).json()["code"] == "task_filter_not_found"
    assert (await doors.client.delete(f"{filters}/1", headers=ravi)).status_code == 204
    unknown = await doors.client.get(f"{DESK}/tasks", params={"team": "no such"}, headers=ravi)
    assert unknown.json()["code"] == "team_not_found"
