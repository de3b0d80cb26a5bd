"""A bank's list of liens, page by page: kept, compared once it is whole, and the same however often it comes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from activities.context import Context
from activities.gateway import lien_lists
from activities.gateway.lien_lists import NotYet, stands, take_page
from activities.gateway.lien_rounds import ReconciliationActivities, ask_now
from db.pool import Pool
from domain.errors import IdempotencyConflict, NotFound
from schemas.gateway.liens import LienListPage, LienListTaken
from tests.activities.bench import Bench
from tests.factories import make_context, row, rrn, transfer

NOW = datetime.now(UTC)


@pytest.fixture
async def own(database: Pool) -> Context:
    return await make_context(database)


def page(liens: list[tuple[str, str, int]], number: int = 1, of: int = 1, **changes: Any) -> LienListPage:
    told = [{"ack_no": ack_no, "reference": reference, "amount_paise": paise} for ack_no, reference, paise in liens]
    return LienListPage.model_validate(
        {"list_id": "L-1", "as_of": NOW, "page": number, "pages": of, "liens": told} | changes
    )


async def held(ctx: Context, rupees: int) -> tuple[str, str, int]:
    """A lien at HDFC, as its bank would tell it."""
    bench, reference = Bench(ctx), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, reference, f"{rupees}.00"))
    return case_no, reference, rupees * 100


async def comparisons(ctx: Context) -> int:
    found: int = await ctx.pool.fetchval("SELECT count(*) FROM reconciliation")
    return found


def counts(taken: LienListTaken) -> tuple[int, int, int, int]:
    told = taken.compared
    assert told is not None
    return told.rows_in, told.rows_matched, told.rows_differing, told.missing


async def test_a_list_is_compared_with_its_last_page_in_whatever_order_they_come(own: Context) -> None:
    first, second, third = await held(own, 100), await held(own, 200), await held(own, 300)
    as_of = datetime.now(UTC)
    taken = await take_page(own, "HDFC", page([second], 2, 2, as_of=as_of))
    assert (taken.pages_missing, taken.compared) == ((1,), None)
    assert await comparisons(own) == 0
    taken = await take_page(own, "HDFC", page([first, ("1", "2", 5)], 1, 2, as_of=as_of))
    assert taken.pages_missing == ()
    assert counts(taken) == (3, 2, 1, 1)
    detail = await own.pool.fetch("SELECT row_no, reason, ack_no FROM reconciliation_difference ORDER BY 1")
    assert [tuple(one) for one in detail] == [(2, "unknown_case", "1"), (None, "missing_at_bank", third[0])]
    assert (await stands(own, "HDFC")).last == taken
    assert await own.pool.fetchval("SELECT taken_by FROM reconciliation") == "bank:HDFC"


async def test_the_same_list_twice_is_one_comparison(own: Context) -> None:
    told = page([await held(own, 100)], as_of=datetime.now(UTC))
    taken = await take_page(own, "HDFC", told)
    await held(own, 200)
    # What the ledger has by now is for the next list.
    assert await take_page(own, "HDFC", told) == taken
    assert await comparisons(own) == 1


async def test_pages_at_once_are_one_comparison(own: Context) -> None:
    pages = [page([("1", str(number), 5)], number, 5) for number in range(1, 6)] * 3
    taken = await asyncio.gather(*(take_page(own, "HDFC", one) for one in pages))
    assert await comparisons(own) == 1
    assert {counts(one) for one in taken if one.compared} == {(5, 0, 5, 0)}


@pytest.mark.parametrize(
    "changes",
    [{"liens": ()}, {"pages": 3}, {"as_of": NOW - timedelta(seconds=1)}],
    ids=["other liens", "more pages", "another time"],
)
async def test_an_id_stands_for_one_list(own: Context, changes: dict[str, Any]) -> None:
    await take_page(own, "HDFC", page([("1", "2", 5)], of=2))
    with pytest.raises(IdempotencyConflict):
        await take_page(own, "HDFC", page([("1", "2", 5)], of=2).model_copy(update=changes))
    # Each bank has ids of its own.
    assert (await take_page(own, "ICIC", page([]))).compared is not None


async def test_a_list_of_the_future_and_one_for_another_banks_question(own: Context) -> None:
    with pytest.raises(NotYet):
        await take_page(own, "HDFC", page([], as_of=datetime.now(UTC) + timedelta(hours=1)))
    asked = await ask_now(own.pool, own.policy.reconciliation.channel, "ICIC", "officer:1")
    for inquiry_id in (asked.inquiry_id, uuid4()):
        with pytest.raises(NotFound):
            await take_page(own, "HDFC", page([], inquiry_id=inquiry_id))
    assert await own.pool.fetchval("SELECT count(*) FROM lien_list") == 0


async def test_a_list_answers_the_question_it_names_and_not_a_younger_one(own: Context) -> None:
    rules = own.policy.reconciliation.channel
    asked = await ask_now(own.pool, rules, "HDFC", "officer:1")
    early = await take_page(own, "HDFC", page([], list_id="early", as_of=asked.asked_at - timedelta(hours=1)))
    assert early.compared is not None
    told = await stands(own, "HDFC")
    assert told.wanted is not None
    assert told.wanted.inquiry_id == asked.inquiry_id
    named = page([], list_id="named", as_of=asked.asked_at - timedelta(hours=1), inquiry_id=asked.inquiry_id)
    await take_page(own, "HDFC", named)
    assert (await stands(own, "HDFC")).wanted is None
    assert await own.pool.fetchval("SELECT inquiry_id FROM reconciliation WHERE inquiry_id IS NOT NULL") is not None


async def test_an_old_list_that_comes_late_leaves_the_desks_task_alone(own: Context) -> None:
    wrong = await take_page(own, "HDFC", page([("1", "2", 5)], list_id="new"))
    assert wrong.compared is not None
    await take_page(own, "HDFC", page([], list_id="old", as_of=NOW - timedelta(days=1)))
    rows = await own.pool.fetch("SELECT state, reconciliation_id FROM desk_task")
    assert [tuple(one) for one in rows] == [("open", wrong.compared.reconciliation_id)]


async def test_who_dies_between_the_last_page_and_the_comparison_loses_nothing(
    own: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lien = await held(own, 100)
    await take_page(own, "HDFC", page([lien], 1, 2))

    async def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(lien_lists, "compare_list", dies)
        with pytest.raises(ConnectionResetError):
            await take_page(own, "HDFC", page([], 2, 2))
    assert await comparisons(own) == 0
    # A list that lacks a page waits, whatever else is left over.
    await take_page(own, "ICIC", page([], 1, 2))
    rounds = ReconciliationActivities(own, {}, None)
    assert (await rounds.plan_round()).lists_compared == 1
    assert (await rounds.plan_round()).lists_compared == 0
    assert counts(await take_page(own, "HDFC", page([], 2, 2))) == (1, 1, 0, 0)
    assert await comparisons(own) == 1


async def test_what_was_handed_in_is_kept(own: Context) -> None:
    await take_page(own, "HDFC", page([("1", "2", 5)]))
    for table in ("lien_list", "lien_list_page"):
        with pytest.raises(asyncpg.PostgresError, match="append"):
            await own.pool.execute(f"DELETE FROM {table}")
    with pytest.raises(asyncpg.CheckViolationError, match="lien_list_page_of_pages"):
        await own.pool.execute(
            "INSERT INTO lien_list_page SELECT list_no, 2, pages, '[]', digest, now() FROM lien_list_page"
        )
