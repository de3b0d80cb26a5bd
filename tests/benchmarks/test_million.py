"""The loader of a million cases, and the judgement on the plans of the hot statements."""

from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from benchmarks import million
from benchmarks.measuring import Progress
from benchmarks.million import loader
from benchmarks.million.plans import BUFFERS_MAX, Allowed, Plan, Scan, faults, page_of, read_plan
from benchmarks.million.rows import CASES_A_BLOCK, COLUMNS, day_of, write_block
from db.pool import set_codecs
from domain.policy.model import load_policy
from tests.deep import DEEP
from workers.embedded.postgres import ADMIN, EmbeddedPostgres

TODAY = date(2026, 11, 27)
CASES = 20_000 if DEEP else 200
STRAY = (
    "SELECT count(*) FROM hop h LEFT JOIN case_file c USING (case_no) WHERE c.case_no IS NULL",
    "SELECT count(*) FROM answer a LEFT JOIN hop h ON h.case_no = a.case_no AND h.hop_no = a.hop_nos[1]"
    " WHERE h.case_no IS NULL",
    "SELECT count(*) FROM request_hop q LEFT JOIN hold_request r USING (request_id) WHERE r.request_id IS NULL",
    "SELECT count(*) FROM account_hold a LEFT JOIN hop h USING (case_no, institution, account_key)"
    " WHERE h.case_no IS NULL",
)


def scan(kind: str = "Index Scan", table: str = "hop") -> Scan:
    return Scan(kind, table, "", 1, 0)


def plan(buffers: int = 5, *scans: Scan, statement: str = "SELECT 1") -> dict[tuple[str, str], Plan]:
    return {("an area", statement): Plan("an area", statement, buffers, scans)}


async def loaded(postgres: EmbeddedPostgres, dsn: str, cases: int) -> str:
    """Load cases into a database; return its name."""
    database = urlsplit(dsn).path.removeprefix("/")
    connection = await asyncpg.connect(postgres.dsn_for(database, ADMIN))
    try:
        await set_codecs(connection)
        policy = load_policy().case_policy(1.0).model_dump(mode="json")
        with Progress("million") as progress:
            await loader.load(connection, cases, policy, TODAY, 7, progress)
        for statement in STRAY:
            assert await connection.fetchval(statement) == 0, statement
    finally:
        await connection.close()
    return database


async def test_cases_are_loaded_and_every_hot_statement_reads_few_pages(
    postgres: EmbeddedPostgres, database_dsn: str
) -> None:
    """A deep run loads enough cases that a statement which reads too much is found."""
    database = await loaded(postgres, database_dsn, CASES)
    connection = await asyncpg.connect(database_dsn)
    assert await connection.fetchval("SELECT count(*) FROM case_file") == CASES
    assert await connection.fetchval("SELECT count(*) FROM case_file WHERE state = 'open'") == max(100, CASES // 100)
    assert await connection.fetchval("SELECT to_regclass('hop_account_of_any_bank') IS NOT NULL")
    await connection.close()
    if DEEP:
        book = await million.play(postgres, load_policy(), database)
        assert len(book.plans) > BUFFERS_MAX
        assert faults(book.plans, million.MAY_READ_MORE) == []


def test_every_row_has_the_columns_of_its_table() -> None:
    for is_open in (True, False):
        block = write_block(7, {"version": "1"}, is_open=is_open)
        for table, columns in COLUMNS.items():
            rows = block.numbered(table, 3, TODAY).decode().splitlines()
            assert {row.count("\t") + 1 for row in rows} <= {len(columns.split())}, table
        assert len(block.numbered("case_file", 3, TODAY).splitlines()) == CASES_A_BLOCK
        assert b"@@" not in b"".join(block.numbered(table, 3, TODAY) for table in COLUMNS)


def test_blocks_lie_over_two_years() -> None:
    assert day_of(0, 10_000, TODAY) == date(2024, 11, 27)
    assert day_of(9_999, 10_000, TODAY) == date(2026, 11, 26)


def test_more_cases_than_the_limit_are_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader.check_room(1_000, tmp_path)
    with pytest.raises(loader.LoadTooLarge, match=r"the limit is 20\.0 GB"):
        loader.check_room(2_000_000, tmp_path)
    monkeypatch.setattr(loader, "SPARE_BYTES", 10**18)
    with pytest.raises(loader.LoadTooLarge, match="free"):
        loader.check_room(1_000, tmp_path)


async def test_a_database_that_grows_beyond_the_limit_ends_the_load(
    postgres: EmbeddedPostgres, database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "LIMIT_BYTES", 10**6)
    with pytest.raises(loader.LoadTooLarge):
        await loaded(postgres, database_dsn, 100)


def test_a_statement_that_reads_many_pages_or_a_whole_hot_table_is_at_fault() -> None:
    assert faults(plan(BUFFERS_MAX, scan()), ()) == []
    assert faults(plan(5, scan("Seq Scan", "clock_setting")), ()) == []
    (many,) = faults(plan(BUFFERS_MAX + 1, scan()), ())
    assert f"{BUFFERS_MAX + 1} pages" in many
    (whole,) = faults(plan(5, scan("Seq Scan")), ())
    assert "reads all of hop" in whole


def test_a_statement_may_read_more_pages_but_no_whole_table() -> None:
    allowed = [Allowed("SELECT 1", 1_000, "a test needs it")]
    assert faults(plan(1_000, scan()), allowed) == []
    assert len(faults(plan(1_001, scan()), allowed)) == 1
    assert len(faults(plan(1_001, scan(), statement="SELECT 2"), allowed)) == 1
    assert len(faults(plan(1_000, scan("Seq Scan")), allowed)) == 1


def test_a_plan_is_read_from_what_the_server_sends() -> None:
    below = {
        "Node Type": "Bitmap Heap Scan",
        "Relation Name": "hop",
        "Actual Rows": 2,
        "Actual Loops": 3,
        "Rows Removed by Filter": 1,
        "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "hop_pkey"}],
    }
    top = {"Node Type": "Sort", "Shared Hit Blocks": 4, "Shared Read Blocks": 3, "Plans": [below]}
    found = read_plan("an area", {"Query Text": "SELECT  1\n FROM hop", "Plan": top})
    assert found == Plan("an area", "SELECT 1 FROM hop", 7, (Scan("Bitmap Heap Scan", "hop", "hop_pkey", 6, 3),))
    page = page_of({("an area", "SELECT 1"): found}, 100)
    assert "- 7 pages: `SELECT 1 FROM hop`" in page
    assert "Bitmap Heap Scan: hop by hop_pkey, 6 rows, 3 left out" in page
