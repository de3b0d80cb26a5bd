"""Merge of two cases over HTTP: preview, merge, both numbers, and the undo by two officers."""

from typing import Any

import httpx

from schemas.enums import Role
from tests.api.conftest import Doors
from tests.factories import rrn, transfer

WHY = {"reason": "one victim called twice"}


def path(ack_no: str) -> str:
    return f"/api/v1/cases/{ack_no}/merges"


async def post(doors: Doors, where: str, role: Role, name: str, body: dict[str, Any]) -> httpx.Response:
    return await doors.client.post(where, json=body, headers=doors.officer(role, name))


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_from_the_preview_to_the_undo(doors: Doors) -> None:
    account = f"5{rrn()}"
    payee = {"institution": "HDFC", "account": account}
    first, second = [(await doors.complain(transfers=[transfer(payee=payee)]))["ack_no"] for _ in range(2)]
    same = {"other_ack_no": second, "same_transfers": [{"hop_no": 1, "other_hop_no": 1}]}
    seen = await post(doors, f"{path(first)}/preview", Role.DESK, "anita", same)
    assert seen.status_code == 200, seen.text
    lost = seen.json()["primary_paise"]["lost"]
    assert (seen.json()["blocks"], seen.json()["together_paise"]["lost"]) == ([], lost)
    read = await doors.read(f"/api/v1/cases/{second}/readers", Role.AUDITOR)
    assert "officer:anita" in {one["reader"] for one in read["reads"]}
    told = await post(doors, path(first), Role.DESK, "anita", same | WHY)
    assert told.status_code == 201, told.text
    merge_id = told.json()["merge_id"]
    assert told.json()["state"] == "in_force"
    assert [one.news.closed[0].hop_no for one in doors.notifier.told if one.news and one.case_no == second] == [1]
    for own, other in ((first, second), (second, first)):
        case = await doors.read(f"/api/v1/cases/{own}")
        assert (case["case_ack_no"], case["merged_with"]) == (own, [other])
        assert case["together_paise"]["lost"] == lost
        assert [one["merge_id"] for one in (await doors.read(path(own)))["merges"]] == [merge_id]
    again = await post(doors, path(second), Role.DESK, "ravi", {"other_ack_no": first, **WHY})
    assert problem(again) == (409, "case_merged_already")
    undo = f"{path(second)}/{merge_id}/undo"
    assert (await post(doors, undo, Role.DESK, "anita", WHY)).json()["state"] == "undo_proposed"
    assert problem(await post(doors, f"{undo}/agree", Role.SUPERVISOR, "anita", WHY)) == (
        403,
        "merge_undo_needs_second_officer",
    )
    assert (await post(doors, f"{undo}/agree", Role.DESK, "ravi", WHY)).status_code == 403
    done = await post(doors, f"{undo}/agree", Role.SUPERVISOR, "meera", WHY)
    assert (done.json()["state"], done.json()["undone_by"]) == ("undone", "officer:meera")
    case = await doors.read(f"/api/v1/cases/{second}")
    assert (case["merged_with"], case["together_paise"], case["buckets_paise"]["lost"]) == ([], {}, lost)
