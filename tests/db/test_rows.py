"""Rows as objects of a class: many, the first one, and one that has to be there."""

import pytest

from db.pool import Pool
from db.rows import Rows
from domain.errors.case import CaseNotFound
from schemas.base import FrozenModel

NUMBERS = "SELECT n AS number FROM generate_series(1, $1::integer) AS n ORDER BY n"


class Counted(FrozenModel):
    number: int


async def test_rows_are_objects_of_the_class(pool: Pool) -> None:
    async with pool.acquire() as connection:
        rows = Rows(connection, Counted)
        assert await rows.many(NUMBERS, 2) == [Counted(number=1), Counted(number=2)]
        assert await rows.many(NUMBERS, 0) == []
        assert await rows.first(NUMBERS, 2) == await rows.one(NUMBERS, 2) == Counted(number=1)
        assert await rows.first(NUMBERS, 0) is None


async def test_a_row_that_has_to_be_there_is_missed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        rows = Rows(connection, Counted)
        with pytest.raises(CaseNotFound):
            await rows.one(NUMBERS, 0, missing=CaseNotFound("20112400000001"))
        with pytest.raises(AssertionError, match="the statement returns no row"):
            await rows.one(NUMBERS, 0)
