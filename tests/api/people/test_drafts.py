"""Drafts over HTTP: a call in two strokes, an SMS, what is odd, whom a call goes to, missed calls, and who may read."""

from datetime import UTC, datetime
from typing import Any

from schemas.enums import Role
from tests.api.conftest import Doors
from tests.api.test_read_log import logged
from tests.factories import rrn
from tests.officers import script_token

DRAFTS = "/api/v1/drafts"
SMS = "Your a/c XX1234 is debited for Rs.500.00 on 24-11-26 14:02:31, credited to ravi@okhdfc (UPI Ref no {rrn}). - SBI"


async def act(doors: Doors, path: str, body: Any, name: str = "officer1", status: int = 200) -> Any:
    response = await doors.client.post(f"{DRAFTS}{path}", json=body, headers=doors.officer(Role.INTAKE, name))
    assert response.status_code == status, response.text
    return response.json()


async def save(doors: Doors, draft_id: str, revision: int, content: Any, name: str = "officer1") -> Any:
    headers = doors.officer(Role.INTAKE, name)
    body = {"revision": revision, "content": content}
    return await doors.client.put(f"{DRAFTS}/{draft_id}", json=body, headers=headers)


async def test_a_call_from_the_sms_to_the_discarded_draft(doors: Doors) -> None:
    reading = await act(doors, "/read-sms", {"text": SMS.format(rrn=rrn())})
    assert (reading["missing"], reading["payer_account_end"]) == ([], "1234")
    content = {"transfers": [reading["transfer"] | {"payee": {"institution": "HDFC", "vpa": "ravi@okhdfc"}}]}
    checked = await act(doors, "/check", content)
    assert (checked["missing"], checked["unasked"], checked["known"]) == ([], [], [])
    assert [bank["code"] for bank in checked["banks"]] == ["SBIN", "HDFC"]
    begun = await act(doors, "", {"content": content}, status=201)
    first = await act(doors, f"/{begun['draft_id']}/send", {})
    assert len(doors.notifier.told) == 1
    case = first["receipt"]["case_ack_no"]
    assert (await act(doors, "/check", content))["known"] == ["transfers[0]"], "no case is named"
    victim = {"name": "Asha Devi", "mobile": "9876543210", "district": "Lucknow"}
    saved = await save(
        doors, begun["draft_id"], begun["revision"], content | {"victim": victim, "story": "a false call"}
    )
    assert saved.json()["revision"] == 2
    second = await act(doors, f"/{begun['draft_id']}/send", {})
    assert second["receipt"] == first["receipt"]
    assert second["completed"] == ["district", "mobile", "name", "story"]
    told = await doors.read(f"/api/v1/complaints/{case}/stories", Role.IO)
    assert [story["text"] for story in told["stories"]] == ["a false call"]
    ended = await act(doors, f"/{begun['draft_id']}/discard", {})
    assert ended["ended_as"] == "done"
    assert (await doors.read(DRAFTS, Role.INTAKE))["items"] == []


async def test_a_save_over_another_revision_is_refused_with_what_is_stored(doors: Doors) -> None:
    begun = await act(doors, "", {}, status=201)
    assert (await save(doors, begun["draft_id"], 1, {"victim": {"name": "Asha"}})).status_code == 200
    refused = await save(doors, begun["draft_id"], 1, {"victim": {"name": "Ravi"}})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["params"]["revision"]) == (409, "draft_stale", 2)
    assert problem["params"]["stored"]["victim"]["name"] == "Asha"
    assert "Asha" not in problem["detail"]
    too_long = await save(doors, begun["draft_id"], 2, {"victim": {"name": "A" * 201}})
    assert too_long.status_code == 422
    many: dict[str, Any] = {"transfers": [{}] * 101}
    assert (await save(doors, begun["draft_id"], 2, many)).status_code == 422


async def test_only_its_officer_reads_a_draft_and_the_read_log_has_it(doors: Doors) -> None:
    begun = await act(doors, "", {"content": {"victim": {"name": "Asha Devi"}}}, status=201)
    path = f"{DRAFTS}/{begun['draft_id']}"
    assert (await doors.read(path, Role.INTAKE))["content"]["victim"]["name"] == "Asha Devi"
    other = await doors.client.get(path, headers=doors.officer(Role.SUPERVISOR, "officer2"))
    assert (other.status_code, other.json()["code"]) == (409, "draft_has_owner")
    reads = await logged(doors)
    assert {(read["kind"], read["subject"], read["case_no"]) for read in reads} == {("person", begun["draft_id"], None)}
    assert "Asha" not in str(reads)


async def test_a_call_is_passed_on_within_a_team(doors: Doors) -> None:
    begun = await act(doors, "", {}, status=201)
    refused = await act(doors, f"/{begun['draft_id']}/pass-on", {"to": "officer2"}, status=409)
    assert refused["code"] == "draft_receiver_unfit"
    lacks = await act(doors, f"/{begun['draft_id']}/send", {}, status=409)
    assert (lacks["code"], lacks["params"]["fields"]) == ("draft_incomplete", ["transfers"])


async def test_a_script_reports_a_missed_call_and_an_officer_claims_it(doors: Doors) -> None:
    token = {"Authorization": f"Bearer {await script_token(doors.services.ctx.pool)}"}
    call = {"phone": "9876500321", "called_at": datetime.now(UTC).isoformat()}
    taken = await doors.client.post("/api/v1/missed-calls", json=call, headers=token)
    assert (taken.status_code, taken.json()["is_new"]) == (200, True)
    waiting = (await doors.read(DRAFTS, Role.INTAKE, waiting=True))["items"]
    assert [(line["mobile_end"], line["owner"]) for line in waiting] == [("0321", None)]
    draft_id = taken.json()["draft_id"]
    given = await act(doors, f"/{draft_id}/claim", {})
    assert given == {"draft_id": draft_id, "owner": "officer1", "revision": 1}
    assert (await doors.read(f"{DRAFTS}/{draft_id}", Role.INTAKE))["content"]["caller_mobile"] == "9876500321"
    assert (await act(doors, f"/{draft_id}/claim", {}, "officer2", 409))["code"] == "draft_has_owner"
    bad = await doors.client.post("/api/v1/missed-calls", json=call | {"phone": "12"}, headers=token)
    assert bad.status_code == 422
    assert "9876500321" not in bad.text
