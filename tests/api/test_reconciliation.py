"""Comparisons of banks' lists with the ledger, over the doors."""

from activities.reconciliation import reconcile
from schemas.enums import Role
from schemas.reconciliation import ListedLien
from tests.api.conftest import Doors

PATH = "/api/v1/reconciliations"


async def test_comparisons_are_read_by_page_by_bank_and_with_their_differences(doors: Doors) -> None:
    pool = doors.parts.hands.pool
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
