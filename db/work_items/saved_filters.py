"""Filters of work items that officers saved."""

from datetime import datetime

import asyncpg

from db.pool import Connection
from domain.errors.cases import TaskFilterNamed, TaskFilterNotFound
from schemas.work_items.task_owners import NamedFilter, SavedFilter, SavedFilters, TaskFilter


async def save(connection: Connection, officer_id: str, place: int, named: NamedFilter, now: datetime) -> None:
    """Save a filter at a place, instead of another one there. Raises `TaskFilterNamed`."""
    try:
        await connection.execute(
            "INSERT INTO task_filter (officer_id, place, name, filter, saved_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (officer_id, place) DO UPDATE SET name = EXCLUDED.name, filter = EXCLUDED.filter,"
            " saved_at = EXCLUDED.saved_at",
            officer_id,
            place,
            named.name,
            named.filter.model_dump(mode="json", exclude_defaults=True),
            now,
        )
    except asyncpg.UniqueViolationError:
        raise TaskFilterNamed(named.name) from None


async def listed(connection: Connection, officer_id: str) -> SavedFilters:
    """Return the saved filters of an officer, by place."""
    rows = await connection.fetch(
        "SELECT place, name, filter FROM task_filter WHERE officer_id = $1 ORDER BY place", officer_id
    )
    return SavedFilters(
        items=tuple(
            SavedFilter(place=row["place"], name=row["name"], filter=TaskFilter.model_validate(row["filter"]))
            for row in rows
        )
    )


async def delete(connection: Connection, officer_id: str, place: int) -> None:
    """Delete a saved filter. Raises `TaskFilterNotFound`."""
    deleted = await connection.execute(
        "DELETE FROM task_filter WHERE officer_id = $1 AND place = $2", officer_id, place
    )
    if deleted == "DELETE 0":
        raise TaskFilterNotFound(place)


async def rename_team(connection: Connection, before: str, after: str) -> None:
    """Write another name of a team into the filters that name it."""
    await connection.execute(
        "UPDATE task_filter SET filter = jsonb_set(filter, '{team}', to_jsonb($2::text))"
        " WHERE lower(filter->>'team') = lower($1)",
        before,
        after,
    )
