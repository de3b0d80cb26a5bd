"""Officers, their rosters and the holidays of banks from the command line."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.pool import Pool
from schemas.text import IST
from tests.each import each
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def written(path: Path, told: Any) -> Path:
    path.write_text(json.dumps(told))
    return path


def away() -> dict[str, Any]:
    """Return an officer on leave until the day after tomorrow."""
    today = datetime.now(IST).date()
    leave = {"first_day": str(today - timedelta(days=1)), "last_day": str(today + timedelta(days=1))}
    return {"name": "A. Away", "mobile": "9000000001", "leaves": [leave]}


async def test_a_roster_is_written_and_who_is_on_duty_is_shown(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    here = {"name": "B. Here", "role": "night desk", "mobile": "9000000002"}
    file = written(tmp_path / "roster.json", [away(), here])
    told = json.loads((await invoke("bank", "roster", "SBIN", "--from", file, "--json", "-", **settings)).stdout)
    assert [one["name"] for one in told["officers"]] == ["A. Away", "B. Here"]
    assert [(one["name"], one["on_duty"]) for one in told["to_call"]] == [("B. Here", True), ("A. Away", False)]
    shown = await invoke("bank", "roster", "SBIN", **settings)
    assert "off duty until" in " ".join(shown.stdout.split())
    # The output can be loaded again.
    again = written(tmp_path / "again.json", told["officers"])
    assert (await invoke("bank", "roster", "SBIN", "--from", again, **settings)).exit_code == 0
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    sbin = next(bank for bank in listed if bank["code"] == "SBIN")
    assert [(one["name"], one["mobile"]) for one in sbin["on_duty"]] == [("B. Here", "9000000002")]


async def test_the_list_says_who_comes_when_none_is_on_duty(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    await invoke("bank", "roster", "SBIN", "--from", written(tmp_path / "r.json", [away()]), **settings)
    await invoke("bank", "roster", "HDFC", "--from", written(tmp_path / "r.json", []), **settings)
    shown = (await invoke("bank", "list", **settings)).stdout
    assert all(word in shown for word in ("none", "until", "Away", "known"))
    listed = json.loads((await invoke("bank", "list", "--json", "-", **settings)).stdout)
    on_duty = {bank["code"]: len(bank["on_duty"]) for bank in listed}
    assert on_duty == {"HDFC": 0, "ICIC": 1, "PUNB": 1, "SBIN": 0}


@each(
    ("told", "exit_code", "message"),
    [
        ([{"name": "A", "shifts": [{"days": ["mon"], "starts": "18:00", "ends": "10:00"}]}], 2, "ends after it starts"),
        (
            [{"name": "A", "shifts": [{"days": ["funday"], "starts": "10:00", "ends": "18:00"}]}],
            2,
            "not a day of the week",
        ),
        ([{"name": "A", "shifts": [{"days": DAYS, "starts": "10:00", "ends": "18:00"}] * 2}], 2, "officer overlap"),
        ([{}], 2, "a name, an e-mail or a mobile"),
        ({}, 2, "valid array"),
    ],
)
async def test_a_roster_that_cannot_be_is_named_and_nothing_written(
    database: Pool, database_dsn: str, tmp_path: Path, told: Any, exit_code: int, message: str
) -> None:
    await make_context(database)
    before = await database.fetch("SELECT * FROM nodal_officer")
    file = written(tmp_path / "roster.json", told)
    result = await invoke("bank", "roster", "SBIN", "--from", file, **with_database(database_dsn))
    assert (result.exit_code, message in " ".join(result.stderr.split())) == (exit_code, True), result.output
    assert await database.fetch("SELECT * FROM nodal_officer") == before


async def test_holidays_of_every_bank_and_of_one(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    diwali = {"day": "2026-11-08", "name": "Diwali", "source": "list of the state"}
    every = await invoke("bank", "holidays", "--from", written(tmp_path / "h.json", [diwali]), **settings)
    assert every.exit_code == 0, every.output
    own = [{"day": "2026-12-01", "name": "Founder's day", "source": "the bank's letter"}]
    await invoke("bank", "holidays", "SBIN", "--from", written(tmp_path / "h.json", own), **settings)
    assert json.loads((await invoke("bank", "holidays", "--json", "-", **settings)).stdout) == [diwali]
    assert json.loads((await invoke("bank", "holidays", "SBIN", "--json", "-", **settings)).stdout) == own
    twice = await invoke("bank", "holidays", "--from", written(tmp_path / "h.json", [diwali] * 2), **settings)
    assert (twice.exit_code, "named twice: 2026-11-08" in " ".join(twice.stderr.split())) == (1, True)
    assert await database.fetchval("SELECT count(*) FROM bank_holiday") == 2


@pytest.mark.parametrize("words", [["roster", "NONE"], ["holidays", "NONE"]])
async def test_an_unknown_bank_is_named(database_dsn: str, tmp_path: Path, words: list[str]) -> None:
    settings = with_database(database_dsn)
    shown = await invoke("bank", *words, **settings)
    assert (shown.exit_code, "NONE" in shown.stderr) == (1, True)
    file = written(tmp_path / "empty.json", [])
    wrote = await invoke("bank", *words, "--from", file, **settings)
    assert (wrote.exit_code, "NONE" in wrote.stderr) == (1, True)
