"""The search for a victim: by whole search terms, in either script, by the desk alone."""

from typing import Any

import asyncpg
import pytest

from db.privacy import jurisdiction
from schemas.enums import Role
from tests.api.conftest import Doors
from tests.api.test_read_log import UNKNOWN, logged
from tests.factories import rrn, transfer

ASHA = {"name": "आशा देवी", "mobile": "9876500017", "district": "LUCKNOW", "email": "asha17@example.org"}


async def search(doors: Doors, role: Role = Role.DESK, **asked: Any) -> Any:
    return await doors.client.post("/api/v1/victims/search", json=asked, headers=doors.officer(role))


async def found(doors: Doors, **asked: Any) -> list[tuple[str, str]]:
    response = await search(doors, **asked)
    assert response.status_code == 200, response.text
    return [(item["name"], item["mobile"]) for item in response.json()["items"]]


async def test_a_victim_is_found_by_every_whole_term(doors: Doors) -> None:
    await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())])
    await doors.complain(victim=ASHA | {"name": "Asha Rani", "mobile": "9876500018"}, transfers=[transfer(rrn=rrn())])
    asha, other = ("आशा देवी", "0017"), ("Asha Rani", "0018")
    assert await found(doors, mobile="9876500017") == [asha]
    assert await found(doors, email="Asha17@example.org") == [other, asha]
    assert await found(doors, email="asha17@example.org", name="asha DEVEE") == [asha]
    assert await found(doors, name="rani", mobile="+91 98765 00018") == [other]
    assert await found(doors, name="Ash", mobile="9876500017") == []
    assert await found(doors, name="123") == []


async def test_a_search_shows_no_more_than_the_policy_says(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    for last in range(3):
        victim = ASHA | {"mobile": f"987650003{last}", "email": "many@example.org"}
        await doors.complain(victim=victim, transfers=[transfer(rrn=rrn())])
    policy = doors.services.ctx.policy
    rules = policy.personal_data.model_copy(update={"found_max": 2})
    monkeypatch.setitem(policy.__dict__, "personal_data", rules)
    told = (await search(doors, email="many@example.org")).json()
    assert (len(told["items"]), told["more"]) == (2, True)
    assert [item["mobile"] for item in told["items"]] == ["0032", "0031"], "the newest first"


async def test_an_officer_searches_the_own_cases_and_only_for_somebody(doors: Doors) -> None:
    await doors.post_officer("officer1", "Agra")
    await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())])
    for role, status, count in ((Role.AUDITOR, 403, None), (Role.IO, 200, 0), (Role.DESK, 200, 1)):
        response = await search(doors, role, mobile=ASHA["mobile"])
        items = response.json().get("items")
        assert (response.status_code, items if items is None else len(items)) == (status, count), role
    asked: list[dict[str, Any]] = [{}, {"mobile": "12345"}, {"name": " "}, {"email": "no address"}]
    for nobody in asked:
        assert (await search(doors, **nobody)).status_code == 422


async def test_m11_a_name_of_one_term_alone_finds_no_victim(doors: Doors) -> None:
    await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())])
    for name in ("Asha", "asha ASHA", "आशा"):
        refused = await search(doors, name=name)
        assert (refused.status_code, refused.json()["code"]) == (409, "victim_name_of_one_term")
    assert len(await found(doors, name="Asha Devi")) == 1
    assert len(await found(doors, name="Asha", mobile=ASHA["mobile"])) == 1


async def test_h8_who_looks_up_a_person_is_in_the_log_of_each_case_and_the_person_is_not(doors: Doors) -> None:
    case_no = (await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())]))["case_ack_no"]
    for mobile in (ASHA["mobile"], "9876500099"):
        assert (await search(doors, mobile=mobile)).status_code == 200
    reads = await logged(doors)
    route = "/api/v1/victims/search"
    assert [(read["kind"], read["subject"], read["case_no"]) for read in reads] == [
        ("person", case_no, case_no),
        ("person", route, None),
    ]
    assert not [text for text in (ASHA["mobile"], ASHA["name"], "9876500099") if text in str(reads)]


async def test_h8_a_search_that_cannot_be_logged_is_refused(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    case_no = (await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())]))["case_ack_no"]

    async def fail(*_: Any) -> None:
        raise asyncpg.DiskFullError("no space left on device")

    monkeypatch.setattr(jurisdiction, "write", fail)
    refused = await search(doors, mobile=ASHA["mobile"])
    assert (refused.status_code, case_no in refused.text) == (503, False)


async def test_h8_a_victims_corrections_are_a_read_of_a_person(doors: Doors) -> None:
    for ack_no, status in (((await doors.complain(victim=ASHA))["ack_no"], 200), (UNKNOWN, 404)):
        path = f"/api/v1/complaints/{ack_no}/victim-corrections"
        assert (await doors.client.get(path, headers=doors.officer(Role.DESK))).status_code == status
    assert [read["kind"] for read in await logged(doors)] == ["person", "person"]


async def test_the_victims_view_has_the_person_and_what_the_person_was_told(doors: Doors) -> None:
    receipt = await doors.complain(victim=ASHA | {"senior": True, "language": "en"}, transfers=[transfer(rrn=rrn())])
    ack_no, case_no = receipt["ack_no"], receipt["case_ack_no"]
    told = transfer(rrn=rrn())
    first = (await doors.complain(victim=ASHA, transfers=[told]))["ack_no"]
    second = (await doors.complain(victim=ASHA | {"name": "Asha Rani"}, transfers=[told]))["ack_no"]
    new = {"mobile": "9876500018", "reason": "she called"}
    proposed = (await doors.post(f"/api/v1/complaints/{ack_no}/victim-corrections", new)).json()["correction_id"]
    path = f"/api/v1/cases/{ack_no}/victim"
    assert (await doors.read(path))["open_correction_id"] == proposed
    agree = f"/api/v1/complaints/{ack_no}/victim-corrections/{proposed}/agree"
    headers = doors.officer(Role.SUPERVISOR, "officer2")
    assert (await doors.client.post(agree, json={}, headers=headers)).status_code == 200
    response = await doors.client.get(path, headers=doors.officer(Role.DESK))
    assert response.headers["Cache-Control"] == "no-store"
    read = response.json()
    now = {"name": ASHA["name"], "mobile": "9876500018", "email": ASHA["email"]}
    assert (read["victim"], read["first_told"]) == (now, now | {"mobile": "9876500017"})
    assert (read["ack_no"], read["case_ack_no"], read["open_correction_id"]) == (ack_no, case_no, None)
    assert (read["district"], read["language"], read["senior"], read["marked"]) == ("LUCKNOW", "en", True, False)
    assert {(one["kind"], one["medium"]) for one in read["messages"]} == {
        ("victim_corrected", "sms"),
        ("victim_corrected", "email"),
    }
    assert not {"body", "address"} & {name for one in read["messages"] for name in one}
    other = await doors.read(f"/api/v1/cases/{second}/victim")
    assert (other["victim"]["name"], other["other_ack_nos"], other["first_told"]) == ("Asha Rani", [first], None)
    assert other["messages"] == []


async def test_h8_the_victims_view_is_a_read_of_a_person_and_outside_it_needs_a_reason(doors: Doors) -> None:
    ack_no = (await doors.complain(victim=ASHA))["ack_no"]
    path = f"/api/v1/cases/{ack_no}/victim"
    await doors.post_officer("io1", "Lucknow")
    headers = doors.officer(Role.IO, "io1")
    refused = await doors.client.get(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "read_reason_needed")
    read = await doors.client.get(path, headers=headers | {"X-Read-Reason": "she came to my station"})
    assert read.status_code == 200
    assert (await doors.client.get(f"/api/v1/cases/{UNKNOWN}/victim", headers=headers)).status_code == 404
    first, second = await logged(doors)
    assert (first["kind"], first["case_no"], first["outside"]) == ("person", ack_no, True)
    assert (second["kind"], second["subject"], second["case_no"]) == ("person", UNKNOWN, None)
