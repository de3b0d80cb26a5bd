"""`goldenhour stages`: the figures of stages on a terminal, as JSON, as a table and as a workbook."""

import csv
import json
from pathlib import Path

from python_calamine import CalamineWorkbook

from db.pool import Pool
from tests.db.stage_rows import VICTIM
from tests.workers.command_line import invoke, with_database

CASE = """
WITH c AS (INSERT INTO case_file (case_no, state, opened_at, policy, first_held_at)
        VALUES ('31112026000001', 'open', now(), '{}', now() + interval '1 minute') RETURNING case_no)
INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,
    body_digest, joined, flags, marked)
SELECT case_no, case_no, 'portal', 'upi_fraud', $1, now(), 'officer:x', 'k', '', false, '[]', false FROM c
"""
EXACT = ("--from", "2027-01-01", "--to", "2027-01-02")


async def test_each_form_has_the_same_rows(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    day = await database.fetchval("SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date")
    await database.execute(CASE, await database.fetchval(VICTIM, "LUCKNOW"))
    files = ("--csv", tmp_path / "t.csv", "--xlsx", tmp_path / "t.xlsx", "--json", "-")
    told = await invoke("stages", "--by", "district", "--from", day, *files, **with_database(database_dsn))
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()))
    _, *cells = CalamineWorkbook.from_path(tmp_path / "t.xlsx").get_sheet_by_index(0).to_python()
    assert len(rows) == len(cells) == len(report["rows"]) + len(report["total"])
    assert {row["about"] for row in rows if row["row"] == "row"} == {"LUCKNOW"}
    shown = await invoke("stages", "--by", "district", "--from", day, **with_database(database_dsn))
    assert "complaint to held" in shown.stdout
    assert "LUCKNOW" in shown.stdout


async def test_days_without_a_case_are_said_to_have_none(database_dsn: str) -> None:
    told = await invoke("stages", *EXACT, **with_database(database_dsn))
    assert "No stage of a case from 01 Jan 2027 to 01 Jan 2027." in told.stdout


async def test_wrong_days_and_a_missing_folder_are_usage_errors(database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    for told in (
        await invoke("stages", "--from", "2026-02-01", "--to", "2026-01-01", **settings),
        await invoke("stages", "--from", "2024-01-01", "--to", "2026-01-01", **settings),
        await invoke("stages", *EXACT, "--csv", tmp_path / "no" / "t.csv", **settings),
    ):
        assert told.exit_code == 2, told.output


async def test_a_long_period_says_how_old_its_counts_are(database_dsn: str) -> None:
    told = await invoke("stages", **with_database(database_dsn))
    assert "not yet for every day" in told.stdout
