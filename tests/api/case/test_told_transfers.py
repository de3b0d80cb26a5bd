"""What each complaint states of its transfers, and who paid a transfer that two complainants claim (H1)."""

from typing import Any

from schemas.enums import Role
from tests.api.conftest import Doors, transfer

OTHER = {"institution": "HDFC", "account": "50100000000099"}


async def claimed_twice(doors: Doors) -> tuple[str, str]:
    """A case, and the number of a later complaint about its transfer that names another payer."""
    first = await doors.complain()
    later = await doors.complain(transfers=[transfer(payer=OTHER), transfer(rrn="412345678902")])
    assert (later["case_ack_no"], [flag["code"] for flag in later["flags"]]) == (first["ack_no"], ["other_payer"])
    return first["ack_no"], later["ack_no"]


async def test_h1_each_complaints_statement_is_read_page_by_page(doors: Doors) -> None:
    case_no, later = await claimed_twice(doors)
    path, items, after = f"/api/v1/cases/{later}/told-transfers", [], None
    for _ in range(3):
        query: dict[str, Any] = {"limit": 1} | ({"after": after} if after else {})
        page = await doors.read(path, **query)
        items += page["items"]
        after = page["next"]
    assert after is None
    assert [(one["ack_no"], one["row_no"], one["hop_no"], one["differing"]) for one in items] == [
        (case_no, 1, 1, []),
        (later, 1, 1, ["payer"]),
        (later, 2, 2, []),
    ]
    assert items[1]["payer"] == {"institution": "HDFC", "kind": "account", "holder": OTHER["account"], "ifsc": None}
    assert {one["case_ack_no"] for one in items} == {case_no}


async def test_h1_a_cursor_of_another_list_is_refused(doors: Doors) -> None:
    case_no = (await doors.complain())["ack_no"]
    path = f"/api/v1/cases/{case_no}/told-transfers"
    for cursor in ("x", "WzFd", "WyJhIiwiYiJd"):
        response = await doors.client.get(path, params={"after": cursor}, headers=doors.officer(Role.DESK))
        assert response.status_code == 422, response.text


async def test_h1_two_officers_decide_who_paid(doors: Doors) -> None:
    case_no, later = await claimed_twice(doors)
    (task,) = (await doors.read("/api/v1/desk/tasks", kind="read_complaint"))["items"]
    assert task["note"] == f"hop 1: complaint {later} tells it otherwise: who paid"
    path = f"/api/v1/cases/{case_no}/hops/1/payer-decisions"
    proposed = (await doors.post(path, {"ack_no": later, "reason": "the bank says so"})).json()
    agree = f"{path}/{proposed['decision_id']}/agree"
    again = await doors.post(agree, {"ack_no": later}, Role.SUPERVISOR)
    assert (again.status_code, again.json()["code"]) == (403, "payer_needs_second_officer")
    response = await doors.client.post(
        agree, json={"ack_no": later}, headers=doors.officer(Role.SUPERVISOR, "officer2")
    )
    assert (response.status_code, response.json()["agreed_by"]) == (200, "officer:officer2")
    (found,) = (await doors.read(f"/api/v1/cases/{case_no}/contested-transfers", Role.IO))["transfers"]
    assert (found["hop_no"], found["undecided"]) == (1, False)
    assert [(claim["ack_no"], claim["account_end"], claim["stands"]) for claim in found["claims"]][1] == (
        later,
        "0099",
        True,
    )
    assert (await doors.read("/api/v1/desk/tasks", kind="read_complaint"))["items"] == []
