"""The rules that migrations added without looking at the rows there are looked at later, while others write."""

from pathlib import Path
from shutil import copy

import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS, Phase
from tests.db.migrations.database import connected, locked, recorded

VALIDATED = "0086_post_checks_validated.sql"
NOT_VALID = "SELECT conrelid::regclass || '.' || conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1"
WRITTEN = "LOCK TABLE ledger_balance, ledger_entry, payer_decision, complaint IN ROW EXCLUSIVE MODE"
"""the lock of a transaction that has written into these tables and has not ended"""


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database with every migration but the last phase."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < VALIDATED:
            copy(file, tmp_path)
    await migrate(empty_dsn, tmp_path)
    return empty_dsn


async def test_after_the_second_phase_no_rule_is_left_unchecked_though_others_write(before: str) -> None:
    async with connected(before) as connection:
        left = [name for (name,) in await connection.fetch(NOT_VALID)]
        assert "ledger_balance.ledger_balance_sign" in left
        assert "ledger_entry.ledger_entry_bucket_check" in left
        async with locked(before, WRITTEN):
            await migrate(before, phase=Phase.POST)
        assert await connection.fetch(NOT_VALID) == []
        assert VALIDATED in await recorded(before)
        await migrate(before)
        assert await connection.fetch(NOT_VALID) == [], "after all migrations"
