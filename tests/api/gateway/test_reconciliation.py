"""Comparisons of banks' lists with the ledger, over the doors."""

from activities.gateway.lien_comparison import reconcile
from activities.gateway.lien_rounds import ask_now
from db.paging import to_cursor
from schemas.enums import Role
from schemas.gateway.liens import ListedLien
from tests.api.conftest import Doors

PATH = "/api/v1/reconciliations"


async def test_comparisons_are_read_by_page_by_bank_and_with_their_differences(doors: Doors) -> None:
    pool = doors.services.ctx.pool
    rows = [ListedLien(row_no=2, ack_no="90000000000000", reference="610212345678", amount_paise=5)]
    first = await reconcile(pool, "SBIN", rows, bytes(32), taken_by="test")
    second = await reconcile(pool, "HDFC", [], bytes(32), taken_by="test")
    page = await doors.read(PATH, limit=1)
    assert [one["reconciliation_id"] for one in page["items"]] == [first.reconciliation_id]
    rest = await doors.read(PATH, after=page["next"])
    assert [one["reconciliation_id"] for one in rest["items"]] == [second.reconciliation_id]
    assert rest["next"] is None
    (alone,) = (await doors.read(PATH, institution="HDFC"))["items"]
    assert alone["institution"] == "HDFC"
    told = await doors.read(f"{PATH}/{first.reconciliation_id}", Role.AUDITOR)
    assert (told["rows_in"], told["rows_matched"], told["rows_differing"]) == (1, 0, 1)
    assert [(one["row_no"], one["reason"]) for one in told["differences"]] == [(2, "unknown_case")]


async def test_what_is_not_there_and_a_cursor_of_another_list(doors: Doors) -> None:
    headers = doors.officer(Role.DESK)
    assert (await doors.client.get(f"{PATH}/999999", headers=headers)).status_code == 404
    assert (await doors.client.get(f"{PATH}/0", headers=headers)).status_code == 422
    assert (await doors.client.get(PATH, headers=headers, params={"after": "x"})).status_code == 422


async def test_the_supervisor_sees_the_last_list_of_each_bank_and_what_differs(doors: Doors) -> None:
    pool, rules = doors.services.ctx.pool, doors.services.ctx.policy.reconciliation.channel
    assert await doors.read(f"{PATH}/by-institution", Role.SUPERVISOR) == {"items": [], "next": None}
    rows = [ListedLien(row_no=no, ack_no="90000000000000", reference=str(no), amount_paise=5) for no in (2, 3)]
    await reconcile(pool, "SBIN", [], b"0" * 32, taken_by="test")
    compared = await reconcile(pool, "SBIN", rows, b"1" * 32, taken_by="test")
    asked = await ask_now(pool, rules, "HDFC", "officer:x")
    await pool.execute("UPDATE lien_inquiry SET asked_at = asked_at - interval '1 day', due_at = now()")
    first = await doors.read(f"{PATH}/by-institution", Role.SUPERVISOR, limit=1)
    rest = await doors.read(f"{PATH}/by-institution", Role.SUPERVISOR, after=first["next"])
    (hdfc,), (sbin,) = first["items"], rest["items"]
    assert (hdfc["institution"], hdfc["name"], hdfc["overdue"], hdfc["last"]) == ("HDFC", "HDFC Bank", True, None)
    assert (hdfc["inquiry"]["inquiry_id"], hdfc["inquiry"]["asked_by"]) == (str(asked.inquiry_id), "officer:x")
    assert (sbin["institution"], sbin["inquiry"], sbin["overdue"]) == ("SBIN", None, False)
    assert sbin["last"]["reconciliation_id"] == compared.reconciliation_id
    assert sbin["differing"] == {"unknown_case": 2}
    task = next(one for one in (await doors.read("/api/v1/desk/tasks"))["items"] if one["kind"] == "reconcile")
    assert (task["task_id"], task["case_ack_no"]) == (sbin["task_id"], None)
    assert task["reconciliation_id"] == compared.reconciliation_id
    for bad in ("x", to_cursor(5), to_cursor("a\x00b")):
        path = f"{PATH}/by-institution"
        response = await doors.client.get(path, headers=doors.officer(Role.DESK), params={"after": bad})
        assert response.status_code == 422


async def test_the_desk_closes_a_task_about_a_bank_with_a_reason(doors: Doors) -> None:
    await reconcile(doors.services.ctx.pool, "SBIN", [], b"0" * 32, taken_by="test")
    rows = [ListedLien(row_no=2, ack_no="1", reference="2", amount_paise=5)]
    await reconcile(doors.services.ctx.pool, "SBIN", rows, b"1" * 32, taken_by="test")
    (task,) = (await doors.read("/api/v1/desk/tasks"))["items"]
    assert task["institution"]["nodal_officers"][0]["mobile"] == "9000000001"
    assert task["note"] == "rows that differ: 1; liens that the list lacks: 0"
    close = f"/api/v1/desk/tasks/{task['task_id']}/close"
    done = await doors.post(close, {"reason": "theirs is a typing error"})
    assert (done.status_code, done.json()) == (200, {"case_ack_no": None, "hop_no": None})
    assert (await doors.post(close, {"reason": "again"})).status_code == 409
    (closed,) = (await doors.read("/api/v1/desk/tasks", state="closed"))["items"]
    assert (closed["reason"], closed["closed_by"]) == ("theirs is a typing error", "officer:officer1")
    assert (await doors.read("/api/v1/desk/call-list"))["items"] == []
