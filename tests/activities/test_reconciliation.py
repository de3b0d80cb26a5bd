"""A bank's list beside a real ledger, and what is written down of it."""

import asyncpg
import pytest

from activities.reconciliation import reconcile
from db import reconciliation
from db.pool import Pool
from domain.errors import NotFound
from schemas.reconciliation import ListedLien, Reason
from tests.activities.bench import Bench
from tests.factories import make_hands, row, rrn, transfer

DIGEST = bytes(32)


def lien(row_no: int, ack_no: str, reference: str, paise: int) -> ListedLien:
    return ListedLien(row_no=row_no, ack_no=ack_no, reference=reference, amount_paise=paise)


async def held(bench: Bench, rupees: int, *, bank: str = "HDFC") -> tuple[str, str]:
    """A case of which that bank has so much on hold; the rest is in play."""
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference, payee_bank=bank))
    await bench.ask(case_no)
    if rupees:
        await bench.answer(bank, case_no, row(1, reference, f"{rupees}.00"))
    return case_no, reference


async def test_both_ways_and_the_ledger_stays(database: Pool) -> None:
    bench = Bench(await make_hands(database))
    (right, right_rrn), (less, less_rrn), (none, none_rrn) = [await held(bench, rupees) for rupees in (400, 300, 0)]
    lacking, lacking_rrn = await held(bench, 50)
    elsewhere, elsewhere_rrn = await held(bench, 70, bank="ICIC")
    before = await database.fetch("SELECT * FROM ledger_balance ORDER BY 1, 2, 3")
    rows = [
        lien(2, right, right_rrn, 400_00),
        lien(3, less, less_rrn, 200_00),
        lien(4, none, none_rrn, 10_00),
        lien(5, elsewhere, elsewhere_rrn, 70_00),
        lien(6, "90000000000000", rrn(), 5_00),
    ]
    found = await reconcile(database, "HDFC", rows, DIGEST, taken_by="test")
    assert (found.rows_in, found.rows_matched, found.rows_differing, found.missing) == (5, 1, 4, 1)
    assert (found.bank_paise, found.our_paise) == (685_00, 750_00)
    assert [(one.row_no, one.reason, one.our_paise) for one in found.differences] == [
        (3, Reason.AMOUNT_DIFFERS, 300_00),
        (4, Reason.NOT_HELD_BY_US, 0),
        (5, Reason.UNKNOWN_REFERENCE, None),
        (6, Reason.UNKNOWN_CASE, None),
        (None, Reason.MISSING_AT_BANK, 50_00),
    ]
    assert (found.differences[-1].ack_no, found.differences[-1].reference) == (lacking, lacking_rrn)
    assert await database.fetch("SELECT * FROM ledger_balance ORDER BY 1, 2, 3") == before


async def test_comparisons_are_listed_and_never_changed(database: Pool) -> None:
    await make_hands(database)
    first = await reconcile(database, "HDFC", [], DIGEST, taken_by="test")
    second = await reconcile(database, "ICIC", [lien(2, "1", "2", 3)], DIGEST, taken_by="test")
    async with database.acquire() as connection:
        page = await reconciliation.page(connection, None, None, 1)
        assert [one.institution for one in page.items] == ["HDFC"]
        rest = await reconciliation.page(connection, None, page.next, 1)
        assert [one.reconciliation_id for one in rest.items] == [second.reconciliation_id]
        assert rest.next is None
        (one,) = (await reconciliation.page(connection, "HDFC", None, 9)).items
        assert one.reconciliation_id == first.reconciliation_id
        with pytest.raises(NotFound):
            await reconciliation.get(connection, 999)
    for table in ("reconciliation", "reconciliation_difference"):
        with pytest.raises(asyncpg.PostgresError, match="append"):
            await database.execute(f"DELETE FROM {table}")


async def test_an_institution_that_is_not_known(database: Pool) -> None:
    await make_hands(database)
    with pytest.raises(NotFound):
        await reconcile(database, "NONE", [], DIGEST, taken_by="test")
