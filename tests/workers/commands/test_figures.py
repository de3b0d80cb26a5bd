"""`goldenhour figures`: the measures on a terminal, as JSON and as a table, and forbidden phrases."""

import json
import re
from pathlib import Path

import pytest

from db.pool import Pool
from tests.activities.restoration_bench import Home
from tests.factories import make_context
from tests.paths import ROOT
from tests.workers.command_line import invoke, with_database

TEXTS = ("*.py", "*.html", "*.typ", "*.toml", "*.md", "*.css")
ROOMS = ("activities", "adapters", "api", "db", "domain", "documents", "schemas", "workers", "workflows", "docs")


async def restored(pool: Pool) -> None:
    home = Home(await make_context(pool))
    restoration = await home.of(await home.hold(300, lost=100))
    await home.to_credit(restoration)
    await home.confirm(restoration)
    # The command uses real time, but the test's clock is days ahead of it.
    await pool.execute("UPDATE bank_confirmation SET received_at = now() - interval '1 second'")


async def test_people_see_what_went_where(database: Pool, database_dsn: str) -> None:
    await restored(database)
    told = await invoke("figures", "--by", "route", **with_database(database_dsn))
    assert told.exit_code == 0, told.output
    for words in ("lost", "₹400", "restored", "₹300", "no_court", "100.0%", "over 1 credits"):
        assert words in told.stdout


async def test_days_are_those_of_india_and_the_last_is_one_of_them(database: Pool, database_dsn: str) -> None:
    told = await invoke("figures", "--from", "2026-01-01", "--to", "2026-02-01", **with_database(database_dsn))
    assert "Cases opened from 01 Jan 2026 to 31 Jan 2026" in told.stdout


async def test_programs_get_json_and_spreadsheets_a_table(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    await restored(database)
    table = tmp_path / "home.csv"
    told = await invoke("figures", "--by", "bank", "--csv", table, "--json", "-", **with_database(database_dsn))
    assert json.loads(told.stdout)["total"]["stages"]["restored"] == {"paise": 300_00, "cases": 1}
    assert table.read_text().splitlines()[-1].startswith("total,")


async def test_wrong_usage_is_named(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    turned = await invoke("figures", "--from", "2026-02-01", "--to", "2026-01-01", **settings)
    assert (turned.exit_code, "--from is not before --to" in turned.stderr) == (2, True)
    long = await invoke("figures", "--from", "2024-01-01", "--to", "2026-01-01", **settings)
    assert (long.exit_code, "more than 366 days" in long.stderr) == (2, True)
    nowhere = await invoke("figures", "--csv", tmp_path / "no" / "home.csv", **settings)
    assert (nowhere.exit_code, "No such file" in nowhere.stderr) == (2, True)


@pytest.mark.parametrize("room", ROOMS)
def test_no_money_is_called_saved(room: str) -> None:
    """Money is held, restored, released or lost; no text calls held money saved. Drafts and filters are saved."""
    money = r"(?:\b(?:money|rupees?|amounts?|sums?|paise|crores?|lakhs?)\b|₹)"
    said = re.compile(
        rf"\bsavings\b|{money}[^.|]{{0,40}}\bsaved\b|\bsaved\b[^.|]{{0,40}}{money}|बचाय|बचाई", re.IGNORECASE
    )
    assert said.search("₹400 were saved"), "it finds what it looks for"
    assert said.search("saved so much money")
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for pattern in TEXTS
        for file in sorted((ROOT / room).rglob(pattern))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if said.search(line)
    ]
    assert found == []
