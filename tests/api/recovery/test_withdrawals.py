"""Withdrawal of a complaint over HTTP: two officers, and the workflow is told after the commit."""

from typing import Any

import httpx

from schemas.enums import Role
from tests.api.conftest import Doors

WHY = {"reason": "the victim says so"}


def path(ack_no: str) -> str:
    return f"/api/v1/complaints/{ack_no}/withdrawals"


async def post(doors: Doors, where: str, role: Role, name: str, body: dict[str, Any]) -> httpx.Response:
    return await doors.client.post(where, json=body, headers=doors.officer(role, name))


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_from_the_proposal_to_the_agreement(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    told = await post(doors, path(ack_no), Role.SUPERVISOR, "anita", {"kind": "false", **WHY})
    assert told.status_code == 201, told.text
    agree = f"{path(ack_no)}/{told.json()['withdrawal_id']}/agree"
    assert problem(await post(doors, agree, Role.SUPERVISOR, "anita", WHY)) == (403, "withdrawal_needs_second_officer")
    done = await post(doors, agree, Role.SP, "verma", WHY)
    assert done.status_code == 200, done.text
    assert (done.json()["decision"], done.json()["decided_by"], done.json()["hop_nos"]) == (
        *("agreed", "officer:verma"),
        [1],
    )
    assert problem(await post(doors, agree, Role.SP, "singh", WHY)) == (409, "withdrawal_decided")
    (listed,) = (await doors.read(path(ack_no)))["withdrawals"]
    assert listed == done.json()
    case = await doors.read(f"/api/v1/cases/{ack_no}")
    assert case["buckets_paise"]["lost"] == 0
    assert [one.news.closed[0].hop_no for one in doors.notifier.told if one.news] == [1]


async def test_a_withdrawal_that_is_rejected(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    told = await post(doors, path(ack_no), Role.DESK, "anita", {"kind": "settled", "hop_no": 1, **WHY})
    again = await post(doors, path(ack_no), Role.DESK, "ravi", {"kind": "settled", "hop_no": 1, **WHY})
    assert problem(again) == (409, "withdrawal_proposed")
    reject = f"{path(ack_no)}/{told.json()['withdrawal_id']}/reject"
    done = await post(doors, reject, Role.DY_SP, "verma", {"reason": "nothing is settled"})
    assert (done.json()["decision"], done.json()["decided_reason"]) == ("rejected", "nothing is settled")
    unknown = await post(doors, path(ack_no), Role.DESK, "ravi", {"kind": "false", "hop_no": 7, **WHY})
    assert problem(unknown) == (404, "not_a_transfer_of_complaint")
