"""A bank's list beside a real ledger, and what is written down of it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from activities.gateway.lien_comparison import reconcile
from activities.gateway.lien_rounds import ask_now
from activities.metrics import METRICS
from db.gateway import comparisons, lien_standings
from db.pool import Pool
from domain.errors import NotFound
from domain.errors.banks import InstitutionNotFound
from domain.policy.model import load_policy
from schemas.enums import Reason
from schemas.gateway.liens import ListedLien
from tests.activities.bench import Bench
from tests.activities.case.test_transaction import until_somebody_waits
from tests.factories import make_context, row, rrn, transfer

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
    bench = Bench(await make_context(database))
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
    await make_context(database)
    first = await reconcile(database, "HDFC", [], DIGEST, taken_by="test")
    second = await reconcile(database, "ICIC", [lien(2, "1", "2", 3)], DIGEST, taken_by="test")
    async with database.acquire() as connection:
        page = await comparisons.page(connection, None, None, 1)
        assert [one.institution for one in page.items] == ["HDFC"]
        rest = await comparisons.page(connection, None, page.next, 1)
        assert [one.reconciliation_id for one in rest.items] == [second.reconciliation_id]
        assert rest.next is None
        (one,) = (await comparisons.page(connection, "HDFC", None, 9)).items
        assert one.reconciliation_id == first.reconciliation_id
        with pytest.raises(NotFound):
            await comparisons.get(connection, 999)
    for table in ("reconciliation", "reconciliation_difference"):
        with pytest.raises(asyncpg.PostgresError, match="append"):
            await database.execute(f"DELETE FROM {table}")


async def test_an_institution_that_is_not_known(database: Pool) -> None:
    await make_context(database)
    with pytest.raises(NotFound):
        await reconcile(database, "NONE", [], DIGEST, taken_by="test")


# -- the desk's task, and the question that is answered ----------------------------------------------------------------

RULES = load_policy().reconciliation.channel


def compared() -> float:
    """How often something differed, by the metrics."""
    return METRICS.registry.get_sample_value("goldenhour_reconciliations_total", {"differs": "true"}) or 0.0


async def tasks_of(pool: Pool, code: str = "HDFC") -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT kind, state, reconciliation_id, reason FROM desk_task WHERE institution = $1 AND case_no IS NULL"
        " ORDER BY task_id",
        code,
    )
    return [tuple(row) for row in rows]


async def test_what_differs_is_one_task_that_a_later_list_which_is_right_closes(database: Pool) -> None:
    bench = Bench(await make_context(database))
    case_no, reference = await held(bench, 400)
    wrong = await reconcile(database, "HDFC", [], bytes(32), taken_by="test")
    first = wrong.reconciliation_id
    assert await tasks_of(database) == [("reconcile", "open", first, None)]
    still = await reconcile(database, "HDFC", [lien(2, case_no, reference, 1)], b"2" * 32, taken_by="test")
    second = still.reconciliation_id
    assert await tasks_of(database) == [
        ("reconcile", "closed", first, f"reconciliation {second} has the newer list"),
        ("reconcile", "open", second, None),
    ]
    right = await reconcile(database, "HDFC", [lien(2, case_no, reference, 400_00)], b"3" * 32, taken_by="test")
    assert (await tasks_of(database))[1:] == [
        ("reconcile", "closed", second, f"in reconciliation {right.reconciliation_id} nothing differs")
    ]


async def test_the_same_file_twice_is_one_comparison_while_it_comes_out_the_same(database: Pool) -> None:
    bench = Bench(await make_context(database))
    case_no, reference = await held(bench, 400)
    rows = [lien(2, case_no, reference, 400_00), lien(3, "1", "2", 5)]
    counted = compared()
    first = await reconcile(database, "HDFC", rows, DIGEST, taken_by="test")
    assert await reconcile(database, "HDFC", rows, DIGEST, taken_by="test") == first
    assert await database.fetchval("SELECT count(*) FROM reconciliation") == 1
    assert compared() == counted + 1
    await held(bench, 50)
    now_missing = await reconcile(database, "HDFC", rows, DIGEST, taken_by="test")
    assert now_missing.missing == 1


async def test_a_list_answers_the_question_and_closes_its_tasks(database: Pool) -> None:
    await make_context(database)
    asked = await ask_now(database, RULES, "HDFC", "officer:1")
    assert await ask_now(database, RULES, "HDFC", "officer:2") == asked
    await database.execute(
        "INSERT INTO desk_task (institution, subject_kind, subject_id, kind, cause, state, opened_at)"
        " SELECT 'HDFC', 'institution', 'HDFC', k, 'liens_overdue', 'open', now()"
        " FROM unnest(ARRAY['ask_for_liens', 'supervise']) AS k"
    )
    found = await reconcile(database, "HDFC", [], DIGEST, taken_by="test")
    assert found.inquiry_id == asked.inquiry_id
    assert [task[:2] for task in await tasks_of(database)] == [("ask_for_liens", "closed"), ("supervise", "closed")]
    async with database.acquire() as connection:
        (standing,) = (await lien_standings.page(connection, None, 10)).items
    assert standing.inquiry is not None
    assert (standing.inquiry.outcome, standing.overdue, standing.differing) == ("answered", False, {})
    assert standing.last is not None
    assert standing.last.reconciliation_id == found.reconciliation_id
    # The answer to the next question is a comparison of its own, though the list be the same.
    again = await ask_now(database, RULES, "HDFC", "officer:1")
    assert again.inquiry_id != asked.inquiry_id
    assert (await reconcile(database, "HDFC", [], DIGEST, taken_by="test")).inquiry_id == again.inquiry_id


async def test_an_unknown_bank_is_not_asked(database: Pool) -> None:
    await make_context(database)
    with pytest.raises(InstitutionNotFound, match="NONE"):
        await ask_now(database, RULES, "NONE", "officer:1")


async def test_what_the_ledger_had_on_hold_then(database: Pool) -> None:
    bench = Bench(await make_context(database))
    case_no, reference = await held(bench, 400)
    before = datetime.now(UTC)
    await bench.answer("HDFC", case_no, row(1, reference, "100.00"))
    later, later_reference = await held(bench, 70)
    async with database.acquire() as connection:
        then = await comparisons.held_then(connection, "HDFC", before)
        assert {(one.case_no, one.reference_key): paise for one, paise in then.items()} == {
            (case_no, reference): 400_00,
            (later, later_reference): 0,
        }
        assert await comparisons.held_then(connection, "HDFC", datetime.now(UTC)) == {}
        assert await comparisons.held_then(connection, "ICIC", before) == {}


async def test_the_time_of_a_comparison_is_read_after_the_wait_for_its_lock(database: Pool) -> None:
    bench = Bench(await make_context(database))

    async def locked() -> datetime:
        async with database.acquire() as connection, connection.transaction():
            return await comparisons.lock(connection, "HDFC")

    async with database.acquire() as connection, connection.transaction():
        await comparisons.lock(connection, "HDFC")
        waiting = asyncio.create_task(locked())
        await until_somebody_waits(bench)
        released = await bench.value("SELECT clock_timestamp()")
    assert await waiting > released
