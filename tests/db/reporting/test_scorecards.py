"""The scorecard's figures are what brute force finds, on random worlds."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.pool import Connection, Pool
from db.reporting import scorecards
from db.reporting.scorecards import Span
from domain.errors import BadCursor
from schemas.reporting.scorecards import Scorecard, ScorecardBy, Scores
from tests.db.scorecard_world import BANKS, REMINDERS, START, World, at, judged, worlds, write
from tests.deep import examples

_slow = settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
_bounds = st.tuples(
    st.integers(0, 30).map(lambda step: step * 1800),
    st.integers(1, 61).map(lambda step: step * 1800),
    st.integers(0, 90).map(lambda step: step * 1800),
)


def span(first: int = 0, length: int = 4 * 86_400, as_of: int = 4 * 86_400) -> Span:
    return Span(
        sent_from=at(first),
        sent_to=at(first) + timedelta(seconds=length),
        as_of=at(as_of),
        reminder_seconds=REMINDERS,
    )


def flat(scores: Scores) -> dict[str, Any]:
    """The figures, floats made comparable."""
    told = scores.model_dump(exclude={"institution", "name", "answer_class", "hour"})
    return {key: rounded(value) for key, value in told.items()}


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 6) if isinstance(value, float) else value


async def everything(connection: Connection, over: Span, by: ScorecardBy | None, limit: int) -> list[Scorecard]:
    """All pages of `limit` banks."""
    items: list[Scorecard] = []
    after = None
    while True:
        page = await scorecards.page(connection, over, by, after=after, limit=limit)
        items += page.items
        assert len({item.institution for item in page.items}) <= limit
        if page.next is None:
            return items
        after = page.next


@_slow
@given(world=worlds, bounds=_bounds, by=st.none() | st.just(ScorecardBy.HOUR), limit=st.integers(1, 4))
async def test_a_scorecard_is_what_brute_force_finds(
    pool: Pool, world: World, bounds: tuple[int, int, int], by: ScorecardBy | None, limit: int
) -> None:
    over = span(*bounds)
    async with pool.acquire() as connection:
        example = connection.transaction()
        await example.start()
        try:
            await write(connection, world)
            found = await everything(connection, over, by, limit)
            classes = await scorecards.by_class(connection, over)
        finally:
            await example.rollback()
    expected = judged(world, over.sent_from, over.sent_to, over.as_of, by_hour=by is not None)
    assert [(item.institution, item.hour) for item in found] == sorted(expected, key=lambda key: (key[0], key[1] or 0))
    for item in found:
        assert flat(item) == rounded(expected[item.institution, item.hour])
        assert item.answer_class is BANKS[item.institution]
    of_classes = judged(world, over.sent_from, over.sent_to, over.as_of, by_hour=False, by_class=True)
    for answer_class, scores in classes.items():
        if (answer_class.value, None) in of_classes:
            assert flat(scores) == rounded(of_classes[answer_class.value, None])
        else:
            assert (scores.requests, scores.silent_rate, scores.moved_before_share) == (0, None, None)


async def test_one_bank_alone(pool: Pool) -> None:
    async with pool.acquire() as connection:
        page = await scorecards.page(connection, span(), institution="NONE")
        assert (page.items, page.next, page.sent_from) == ((), None, START)


async def test_a_cursor_of_another_list_is_none(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(BadCursor):
            await scorecards.page(connection, span(), after="WzFd")


async def test_one_banks_lines_are_found_from_its_requests(database: Pool) -> None:
    """However many lines the cases have: a case of forty thousand hops is not searched for each of its hops.

    In a database of its own, because the rows of other tests change what PostgreSQL expects of each index.
    """
    over = span()
    lines = scorecards.LINES.format(about="i.code", hour="NULL::integer")
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off")
        await connection.execute("SET LOCAL enable_mergejoin = off; SET LOCAL enable_bitmapscan = off")
        plan = await connection.fetch(f"EXPLAIN {lines}", over.sent_from, over.sent_to, "SBIN", "SBIN")
    told = [line for (line,) in plan]
    assert not [line for line in told if "Seq Scan" in line], told
    assert [line for line in told if "hold_request_sent" in line], told
    assert [line for line in told if "Index Cond" in line and "hop_nos[1]" in line], told
