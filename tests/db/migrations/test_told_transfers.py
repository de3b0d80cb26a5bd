"""The keys of transfers that the release before wrote are carried over (D4)."""

from pathlib import Path
from shutil import copy

import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS
from tests.db.migrations.database import connected

FIRST = "0004_pre_told_transfers.sql"
HOP = (
    "INSERT INTO hop (case_no, hop_no, layer, source, state, payer_institution_as_told, payer_holder,"
    " payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode, amount_paise,"
    " disputed_paise, transferred_at, opened_at, ack_no) VALUES ($1, $2, 1, 'complaint', 'asked', 'SBIN', '1', 'HDFC',"
    " '2', '2', 'R1', 'R1', 'imps', 5, 5, now(), now() + $3 * interval '1 hour', $1)"
)
ALONE = """
DO $$ DECLARE k text; BEGIN
    FOR k IN SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'hop'::regclass LOOP
        EXECUTE format('ALTER TABLE hop DROP CONSTRAINT %I', k);
    END LOOP;
END $$
"""
"""lets a hop be without its case"""
KEYS = "SELECT transfer_key, case_no, hop_no, reference_key FROM disputed_transfer WHERE reference_key IS NOT NULL"


@pytest.fixture
async def before(empty_dsn: str, tmp_path: Path) -> str:
    """A database of the release before."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < FIRST:
            copy(file, tmp_path)
    await migrate(empty_dsn, tmp_path)
    return empty_dsn


async def test_d4_the_oldest_of_several_rows_keeps_the_key_and_later_ones_of_the_release_before_are_known(
    before: str,
) -> None:
    async with connected(before) as connection:
        await connection.execute(ALONE)
        for case_no, hop_no, hours in (("B", 1, 1), ("A", 1, 2), ("B", 2, 0)):
            await connection.execute(HOP, case_no, hop_no, hours)
        await connection.executemany(
            "INSERT INTO disputed_transfer VALUES ($1, $2, $3)",
            [
                ("R1|100|HDFC", "A", 1),
                ("R1|200|HDFC", "B", 1),
                ("R1|100|ICIC", "A", 1),
                ("4|5|1|7|BANK OF 2", "B", 2),
            ],
        )
    await migrate(before)
    async with connected(before) as connection:
        rows = await connection.fetch(f"{KEYS} ORDER BY transfer_key")
        assert [tuple(row) for row in rows] == [
            ("4|5|1|BANK OF 2", "B", 2, "4|5|1"),
            ("R1|HDFC", "B", 1, "R1"),
            ("R1|ICIC", "A", 1, "R1"),
        ]
        assert await connection.fetchval("SELECT count(*) FROM disputed_transfer WHERE reference_key IS NULL") == 4
        # A process of the release before goes on meanwhile.
        await connection.execute(ALONE)
        await connection.execute(HOP, "C", 1, 0)
        for amount in (100, 200):
            await connection.execute(f"INSERT INTO disputed_transfer VALUES ('R2|{amount}|HDFC', 'C', 1)")
        rows = await connection.fetch(f"{KEYS} AND case_no = 'C'")
        assert [tuple(row) for row in rows] == [("R2|HDFC", "C", 1, "R2")]
