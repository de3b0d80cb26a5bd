"""Merge of two cases over HTTP: preview, merge, both numbers, and the undo by two officers."""

from typing import Any

import httpx

from activities.recovery import hold_lifecycle
from schemas.enums import Role
from tests.api.conftest import Doors, line
from tests.api.people.form_bench import Visitor, row, taken
from tests.factories import rrn, transfer

WHY = {"reason": "one victim called twice"}
PAYEE = {"institution": "HDFC", "account": "50000000077"}


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
    assert told.json()["state"] == "proposed"
    agreed = await post(doors, f"{path(first)}/{merge_id}/agree", Role.SUPERVISOR, "meera", WHY)
    assert agreed.json()["state"] == "in_force", agreed.text
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
    done = await post(doors, f"{undo}/agree", Role.SUPERVISOR, "meera", WHY)
    assert (done.json()["state"], done.json()["undone_by"]) == ("undone", "officer:meera")
    case = await doors.read(f"/api/v1/cases/{second}")
    assert (case["merged_with"], case["together_paise"], case["buckets_paise"]["lost"]) == ([], {}, lost)


async def test_a_case_that_becomes_marked_is_not_shown_by_its_merge(doors: Doors) -> None:
    first, second = [(await doors.complain(transfers=[transfer(payee=PAYEE)]))["ack_no"] for _ in range(2)]
    told = await post(doors, path(first), Role.DESK, "anita", {"other_ack_no": second, **WHY})
    assert told.json()["state"] == "in_force", told.text

    async def shown(role: Role) -> list[bool]:
        case, merges = await doors.read(f"/api/v1/cases/{first}", role), await doors.read(path(first), role)
        found = await doors.client.post("/api/v1/search", json={"text": first}, headers=doors.officer(role))
        (one,) = found.json()["items"]
        parts = (case["merged_with"], case["together_paise"], merges["merges"], merges["together_paise"])
        return [bool(part) for part in (*parts, one["merged_with"])]

    assert await shown(Role.AUDITOR) == [True] * 5
    await doors.services.ctx.pool.execute("UPDATE complaint SET marked = true WHERE ack_no = $1", second)
    assert await shown(Role.AUDITOR) == [False] * 5
    assert await shown(Role.SUPERVISOR) == [True] * 5


async def test_holds_of_an_unconfirmed_complaint_last_while_its_victim_has_called(doors: Doors) -> None:
    visitor, typed = Visitor(doors), taken(to="50000000123")
    await visitor.go("/complain", **typed)
    first = (await row(doors, "SELECT ack_no FROM complaint_transfer WHERE rrn = $1", typed["reference"]))["ack_no"]
    second = (await doors.complain(transfers=[transfer(payee=PAYEE)]))["ack_no"]
    held = await doors.answer("HDFC", first, line("held", typed["reference"], "50000000123", amount="500.00"))
    assert held.json()["data"]["accepted"] == 1, held.text
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, first)

    async def stands() -> tuple[bool, int]:
        found = await row(
            doors,
            "SELECT unconfirmed_since($1) IS NULL AS lasts, (SELECT count(*) FROM procedure_news JOIN procedure p"
            " USING (workflow_id) WHERE p.case_no = $1 AND p.kind = 'hold') AS news",
            first,
        )
        return found["lasts"], found["news"]

    assert await stands() == (False, 0)
    body = {"other_ack_no": second, **WHY}
    assert problem(await post(doors, path(first), Role.DESK, "anita", body)) == (409, "merge_victims_differ")
    told = (await post(doors, path(first), Role.DESK, "anita", body | {"victims_agree": True})).json()
    await post(doors, f"{path(first)}/{told['merge_id']}/agree", Role.SUPERVISOR, "meera", WHY)
    assert await stands() == (True, 1)
    await post(doors, f"{path(first)}/{told['merge_id']}/undo", Role.DESK, "anita", WHY)
    await post(doors, f"{path(first)}/{told['merge_id']}/undo/agree", Role.SUPERVISOR, "meera", WHY)
    assert await stands() == (False, 2)
