"""What the desk does through the API: each verb changes the case, tells its workflow and names the officer."""

from typing import Any

import pytest

from db.case import requests
from schemas.enums import Role
from tests.api.case.test_views import asked
from tests.api.conftest import Doors, line, transfer

HOP: dict[str, Any] = {
    "parent_hop_no": 1,
    "payee": {"institution": "HDFC", "account": "50100000000077"},
    "amount_paise": 4_000_00,
    "disputed_paise": 2_000_00,
    "reference": "712345678901",
    "transferred_at": "2026-11-24T10:06:00+05:30",
    "reason": "the bank told it by phone",
}


@pytest.fixture
async def case(doors: Doors) -> str:
    """A case whose only hop waits for SBIN's answer."""
    ack_no: str = (await doors.complain())["ack_no"]
    await asked(doors.services.ctx.pool, ack_no, 1, "SBIN")
    doors.notifier.told.clear()
    return ack_no


async def last_event(doors: Doors, ack_no: str, kind: str) -> dict[str, Any]:
    events = (await doors.read(f"/api/v1/cases/{ack_no}/events", limit=500))["items"]
    found: dict[str, Any] = [event for event in events if event["kind"] == kind][-1]
    return found


async def test_a_hop_is_added_and_told(doors: Doors, case: str) -> None:
    response = await doors.post(f"/api/v1/cases/{case}/hops", HOP)
    assert (response.status_code, response.json()) == (201, {"case_ack_no": case, "hop_no": 2})
    assert [told.case_no for told in doors.notifier.told] == [case]
    event = await last_event(doors, case, "hop_added")
    assert (event["actor"], event["data"]["reason"]) == ("officer:officer1", HOP["reason"])
    assert (await doors.read(f"/api/v1/cases/{case}"))["buckets_paise"]["in_play"] == 5_000_00


async def test_a_hop_that_cannot_be_is_refused(doors: Doors, case: str, subtests: pytest.Subtests) -> None:
    for changes, status, name in (
        ({"parent_hop_no": 9}, 404, "not-found"),
        ({"parent_hop_no": 2**31}, 422, "invalid-request"),
        ({"parent_hop_no": 0}, 422, "invalid-request"),
        ({"parent_hop_no": -(2**63) - 1}, 422, "invalid-request"),
        ({"disputed_paise": 6_000_00, "amount_paise": 6_000_00}, 409, "not-now"),
        ({"reason": ""}, 422, "invalid-request"),
        ({"reason": "x\x00y"}, 422, "invalid-request"),
    ):
        with subtests.test(changes=changes):
            response = await doors.post(f"/api/v1/cases/{case}/hops", {**HOP, **changes})
            assert (response.status_code, response.json()["type"]) == (status, f"urn:goldenhour:problem:{name}"), (
                response.text
            )
            assert doors.notifier.told == []


async def test_a_nul_is_one_violation_among_the_others(doors: Doors, case: str) -> None:
    response = await doors.post(f"/api/v1/cases/{case}/hops", {**HOP, "reason": "x\x00y", "amount_paise": 0})
    assert {violation["field"] for violation in response.json()["violations"]} == {"reason", "amount_paise"}


async def test_a_wrong_reference_is_corrected(doors: Doors, case: str) -> None:
    await doors.answer("SBIN", case, line("held", status_code="02"), job_id="BANKS-1")
    doors.notifier.told.clear()
    response = await doors.post(
        f"/api/v1/cases/{case}/hops/1/correct", {"rrn": "412345678902", "reason": "the victim's slip"}, Role.SUPERVISOR
    )
    assert (response.status_code, response.json()["hop_no"]) == (200, 1)
    (edge,) = (await doors.read(f"/api/v1/cases/{case}/trail"))["edges"]
    assert (edge["reference"], edge["revision"], edge["state"]) == ("412345678902", 1, "asked")
    assert len(doors.notifier.told) == 1
    assert (await last_event(doors, case, "hop_corrected"))["data"]["fields"] == ["rrn"]


async def test_a_correction_of_nothing_is_refused(doors: Doors, case: str) -> None:
    response = await doors.post(f"/api/v1/cases/{case}/hops/1/correct", {"reason": "no idea"})
    assert response.status_code == 422
    assert "nothing is corrected" in response.json()["violations"][0]["message"]


async def test_a_request_is_escalated_and_stopped(doors: Doors, case: str) -> None:
    (request,) = (await doors.read(f"/api/v1/cases/{case}/requests"))["items"]
    path = f"/api/v1/cases/{case}/requests/{request['request_id']}"
    assert (await doors.post(f"{path}/escalate", {"reason": "the money is moving"})).status_code == 200
    assert (await doors.post(f"{path}/stop", {"reason": "another agency has it"})).status_code == 200
    assert len(doors.notifier.told) == 2
    assert (await doors.read(f"/api/v1/cases/{case}"))["buckets_paise"]["untraced"] == 5_000_00
    for verb in ("escalate", "stop"):
        again = await doors.post(f"{path}/{verb}", {"reason": "once more"})
        assert (again.status_code, again.json()["type"]) == (409, "urn:goldenhour:problem:not-now")


async def test_a_refused_request_is_sent_again_once(doors: Doors) -> None:
    ack_no: str = (await doors.complain())["ack_no"]
    pool = doors.services.ctx.pool
    request_id = await pool.fetchval("SELECT request_id FROM hold_request WHERE case_no = $1", ack_no)
    async with pool.acquire() as connection:
        await requests.refused(connection, request_id, "400", "a field is wrong")
    path = f"/api/v1/cases/{ack_no}/requests/{request_id}/send-again"
    response = await doors.post(path, {"reason": "the field is mended"})
    assert (response.status_code, response.json()) == (200, {"case_ack_no": ack_no, "hop_no": None})
    assert [told.case_no for told in doors.notifier.told][-1] == ack_no
    found = (await doors.read(f"/api/v1/cases/{ack_no}/requests"))["items"]
    assert sorted((one["state"], one["refusal_code"], one["closed_at"] is None) for one in found) == [
        ("sending", None, True),
        ("superseded", "400", False),
    ]
    event = await last_event(doors, ack_no, "request_sent_again")
    assert (event["actor"], event["data"]["reason"]) == ("officer:officer1", "the field is mended")
    again = await doors.post(path, {"reason": "once more"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:goldenhour:problem:not-now")


async def test_a_request_of_another_case_is_not_found(doors: Doors, case: str) -> None:
    (request,) = (await doors.read(f"/api/v1/cases/{case}/requests"))["items"]
    other = await doors.complain(transfers=[transfer(rrn="499999999999")])
    path = f"/api/v1/cases/{other['ack_no']}/requests/{request['request_id']}/stop"
    assert (await doors.post(path, {"reason": "testing"})).status_code == 404
    assert (await doors.post(path.replace(request["request_id"], "x"), {"reason": "testing"})).status_code == 422


async def test_a_task_is_closed_once(doors: Doors, case: str) -> None:
    await doors.answer("SBIN", case, line("held", status_code="02"), job_id="BANKS-1")
    task = (await doors.read("/api/v1/desk/tasks"))["items"][0]
    path = f"/api/v1/desk/tasks/{task['task_id']}/close"
    assert (await doors.post(path, {"reason": "done"})).json()["case_ack_no"] == case
    assert (await doors.post(path, {"reason": "done"})).status_code == 409
    assert (await doors.post("/api/v1/desk/tasks/999999/close", {"reason": "done"})).status_code == 404
