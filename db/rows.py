"""Rows of plain statements as objects of a class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from db.pool import Connection

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Rows(Generic[_T]):
    """Reads rows as objects of one class, whose fields are the columns of the statement."""

    connection: Connection
    make: Callable[..., _T]

    async def many(self, statement: str, *values: object) -> list[_T]:
        """Return every row."""
        return [self.make(**dict(row)) for row in await self.connection.fetch(statement, *values)]

    async def first(self, statement: str, *values: object) -> _T | None:
        """Return the first row, or None if there is none."""
        row = await self.connection.fetchrow(statement, *values)
        return None if row is None else self.make(**dict(row))

    async def one(self, statement: str, *values: object, missing: Exception | None = None) -> _T:
        """Return the first row. Raises `missing` if there is none; without it the statement always has one."""
        row = await self.first(statement, *values)
        if row is None:
            raise AssertionError("the statement returns no row") if missing is None else missing
        return row
