"""A bank's answer by telephone over HTTP: entered once, read with who spoke, and refused by name."""

from typing import Any
from uuid import uuid4

import httpx

from schemas.enums import Role
from tests.api.conftest import Doors, transfer
from tests.api.feed import Feed

SPEAKER = {"name": "Raghav Rao", "designation": "Branch manager", "number": "9000000001"}


async def a_request(doors: Doors) -> tuple[str, str]:
    """A case of ₹5,000 about which SBIN has its request; the number and the path of its telephone answers."""
    ack_no = (await doors.complain(transfers=[transfer()]))["ack_no"]
    planned = await Feed(doors).ask(ack_no)
    return ack_no, f"/api/v1/cases/{ack_no}/requests/{planned['SBIN']}/telephone-answers"


async def told(
    doors: Doors, path: str, *lines: dict[str, Any], key: str | None = None, role: Role = Role.DESK, **more: Any
) -> httpx.Response:
    """Enter an answer."""
    body = {"speaker": SPEAKER, "told_at": doors.services.ctx.now().isoformat(), "lines": lines} | more
    headers = {**doors.officer(role), "Idempotency-Key": key or uuid4().hex}
    return await doors.client.post(path, json=body, headers=headers)


def held(paise: int, hop: int = 1) -> dict[str, Any]:
    return {"hop": hop, "kind": "held", "amount_paise": paise}


async def test_an_answer_is_entered_and_its_workflow_is_notified(doors: Doors) -> None:
    ack_no, path = await a_request(doors)
    payee = {"institution": "HDFC", "account": "50100000000088", "ifsc": "HDFC0000001"}
    onward = {"hop": 1, "kind": "moved", "amount_paise": 400000, "reference": "433333333333", "payee": payee}
    doors.notifier.told.clear()
    response = await told(doors, path, held(100000), onward)
    assert response.status_code == 201, response.text
    taken = response.json()
    assert (taken["accepted"], taken["request_state"], taken["hops_open"]) == (2, "answered", [])
    (follow_up,) = doors.notifier.told
    assert follow_up.news is not None
    assert [request.institution for request in follow_up.news.requests] == ["HDFC"]
    assert (await doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]["held"] == 100000
    (item,) = (await doors.read(f"/api/v1/cases/{ack_no}/telephone-answers"))["items"]
    assert item["telephone_answer_id"] == taken["telephone_answer_id"]
    assert (item["speaker"], item["entered_by"], item["number_is_known"]) == (SPEAKER, "officer:officer1", True)


async def test_the_same_key_is_one_answer(doors: Doors) -> None:
    _, path = await a_request(doors)
    at = doors.services.ctx.now().isoformat()
    first = await told(doors, path, held(100000), key="call-7", told_at=at)
    again = await told(doors, path, held(100000), key="call-7", told_at=at)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await told(doors, path, held(200000), key="call-7", told_at=at)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    without = await doors.client.post(path, json={}, headers=doors.officer(Role.DESK))
    assert without.status_code == 422


async def test_what_cannot_be_is_refused_by_name(doors: Doors) -> None:
    ack_no, path = await a_request(doors)
    (nothing, _) = (await told(doors, path)), None
    assert nothing.status_code == 422
    strange = await told(doors, path, held(100, hop=9))
    assert [one["field"] for one in strange.json()["violations"]] == ["lines[0].hop"]
    for wrong in ({"number": "the branch"}, {"number": "12"}, {"name": ""}):
        assert (await told(doors, path, held(100), speaker=SPEAKER | wrong)).status_code == 422, wrong
    early = await told(doors, path, held(100), told_at="2026-01-01T10:00:00+05:30")
    assert (early.status_code, early.json()["code"]) == (409, "told_before_request")
    far = await told(doors, path, calls_back_at="2090-01-01T10:00:00+05:30")
    assert (far.status_code, far.json()["code"]) == (409, "call_back_too_far")
    unknown = path.replace(path.split("/")[-2], str(uuid4()))
    assert (await told(doors, unknown, held(100))).status_code == 404
    assert (await doors.read(f"/api/v1/cases/{ack_no}/telephone-answers"))["items"] == []


async def test_the_call_script_says_where_the_answer_is_entered(doors: Doors) -> None:
    ack_no, path = await a_request(doors)
    escalated = await doors.post(path.replace("telephone-answers", "escalate"), {"reason": "the bank is silent"})
    assert escalated.status_code == 200, escalated.text
    await doors.services.ctx.pool.execute(
        "INSERT INTO desk_task (case_no, subject_kind, subject_id, request_id, institution, kind, cause, facts, state,"
        " opened_at) VALUES ($1, 'request', $2::text, $2::text::uuid, 'SBIN', 'phone_bank', 'request_silent', '{}',"
        " 'open', now())",
        ack_no,
        path.split("/")[-2],
    )
    (task,) = (await doors.read("/api/v1/desk/tasks", kind="phone_bank"))["items"]
    assert (task["enter_at"], bool(task["say"])) == (path, True)
    calls = (await doors.read("/api/v1/desk/call-list"))["items"]
    assert [call["enter_at"] for call in calls if call["case_ack_no"] == ack_no] == [path]
