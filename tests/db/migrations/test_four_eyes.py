"""Rows of before 0029 in which one person was two officers: they stay, and hinder no update."""

from pathlib import Path
from shutil import copy

import asyncpg
import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS
from tests.db.migrations.database import connected

FIRST = "0029_pre_four_eyes_are_people.sql"
ALONE = "ALTER TABLE {0} DROP CONSTRAINT {0}_case_no_fkey"
"""lets a row be without its case"""
ASSIGN = (
    "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
    " assigned_by, assigned_at) VALUES ($1, 'io', 1, $2, 'n', 'r', 's', 'd', 'p', $3, now())"
)


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database of the release before."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < FIRST:
            copy(file, tmp_path)
    await migrate(empty_dsn, tmp_path)
    return empty_dsn


async def test_c2_a_row_that_breaks_the_rule_hinders_no_update(before: str) -> None:
    async with connected(before) as connection:
        await connection.execute(ALONE.format("case_officer"))
        await connection.execute(ASSIGN, "A", "Ravi", "officer:ravi")
        await connection.execute(ASSIGN, "B", "Asha", "officer:chief")
    await migrate(before)
    async with connected(before) as connection:
        rows = await connection.fetch("SELECT subject FROM case_officer ORDER BY case_no")
        assert [row["subject"] for row in rows] == ["Ravi", "asha"]
        left = await connection.fetch("SELECT conname FROM pg_constraint WHERE NOT convalidated")
        assert [row["conname"] for row in left] == ["case_officer_four_eyes"]
        with pytest.raises(asyncpg.CheckViolationError, match="case_officer_four_eyes"):
            await connection.execute(ASSIGN, "C", "Ravi", "officer:ravi")
