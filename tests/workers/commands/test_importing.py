"""Import into a real database: counts add up, a second import changes nothing, and a stop loses nothing."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from activities.case.intake import Taken, take_complaint
from activities.context import Context
from db.pool import Pool
from domain.case.complaint_rows import SheetReading, SheetRow, read_sheet
from domain.errors.case import AckNoTaken
from schemas.case.case_workflow import FollowUp
from tests.activities.bench import Bench
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database
from workers.importer import complaint_import
from workers.importer.complaint_import import ImportOutcome, take_all
from workers.importer.report import show

HEADER = [
    "ack no", "complaint ref", "name", "mobile", "victim bank", "victim account",
    "beneficiary bank", "beneficiary account", "amount", "rrn", "date and time",
]  # fmt: skip


def row(
    reference: int,
    *,
    ack_no: str = "",
    ref: str = "",
    amount: str = "5,000",
    name: str = "Asha",
    at: str = "05/11/2026 13:34",
) -> list[str]:
    rrn = f"{500_000_000_000 + reference}" if reference else "none"
    return [
        ack_no,
        ref,
        name,
        "9876543210",
        "SBIN",
        "00123456789",
        "HDFC",
        "501000123456",
        amount,
        rrn,
        at,
    ]


def read(*rows: list[str]) -> SheetReading:
    return read_sheet(SheetRow(number, cells) for number, cells in enumerate([HEADER, *rows], start=1))


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


async def take(ctx: Context, *rows: list[str], taken_by: str = "import:test") -> ImportOutcome:
    return await take_all(ctx, read(*rows), taken_by=taken_by)


async def counts(pool: Pool) -> tuple[int, int, int]:
    """Return the numbers of complaints, cases and hops in the database."""
    found = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM complaint), (SELECT count(*) FROM case_file), (SELECT count(*) FROM hop)"
    )
    assert found is not None
    return found[0], found[1], found[2]


async def test_twice_is_once(ctx: Context) -> None:
    rows = [row(1, ref="A"), row(2, ref="A"), row(3), row(4, ack_no="20511260000001"), row(0)]
    first = await take(ctx, *rows)
    again = await take(ctx, *rows)
    assert (first.used_rows, len(first.rejected), len(first.new)) == (4, 1, 3)
    assert [taken.repeated for taken in again.taken] == [True, True, True]
    assert [t.receipt.ack_no for t in again.taken] == [t.receipt.ack_no for t in first.taken]
    assert [t.receipt.case_ack_no for t in again.taken] == [t.receipt.case_ack_no for t in first.taken]
    assert await counts(ctx.pool) == (3, 3, 4)


async def test_another_officer_with_the_same_file_opens_no_case(ctx: Context) -> None:
    rows = [row(1, ref="A"), row(2, ack_no="20511260000001")]
    await take(ctx, *rows)
    other = await take(ctx, *rows, taken_by="import:other")
    assert [(t.repeated, t.receipt.joined) for t in other.taken] == [(False, True), (True, False)]
    assert (await counts(ctx.pool))[1:] == (2, 2)


async def test_known_transfers_join_their_case(ctx: Context) -> None:
    await take(ctx, row(1))
    outcome = await take(ctx, row(1, name="Ravi"), row(2, name="Ravi"))
    assert [taken.receipt.joined for taken in outcome.taken] == [True, False]


async def test_rows_put_right_come_back_under_the_number_of_the_others(ctx: Context) -> None:
    number = "20511260000001"
    first = await take(ctx, row(1, ack_no=number), row(2, ack_no=number, amount="-5"))
    assert len(first.faulty) == 1
    whole = await take(ctx, row(1, ack_no=number), row(2, ack_no=number))
    (taken,) = whole.taken
    assert taken.receipt.case_ack_no == number
    assert taken.receipt.ack_no != number
    assert [note.column for note in whole.notes] == ["ack_no"]
    again = await take(ctx, row(1, ack_no=number), row(2, ack_no=number))
    assert again.taken[0].repeated
    assert await counts(ctx.pool) == (2, 1, 2)


async def under(ctx: Context, *headings: str, cells: list[str], taken_by: str = "import:test") -> ImportOutcome:
    """Import one row whose columns of the number and of the reference have these headings."""
    header = [*HEADER]
    header[0], header[9] = headings
    header[1] = "remark"
    return await take_all(ctx, read_sheet([SheetRow(1, header), SheetRow(2, cells)]), taken_by=taken_by)


@pytest.mark.parametrize(
    ("number", "reference"),
    [("ack no", "utr"), ("ack no", "reference"), ("complaint no", "rrn"), ("complaint id", "transaction id")],
)
async def test_the_same_complaint_under_other_headings_is_known(ctx: Context, number: str, reference: str) -> None:
    cells = row(1, ack_no="20511260000001")
    await under(ctx, "ack no", "rrn", cells=cells)
    for officer in ("import:test", "import:other"):
        again = await under(ctx, number, reference, cells=cells, taken_by=officer)
        assert [(taken.repeated, taken.receipt.ack_no) for taken in again.taken] == [(True, "20511260000001")]
    assert await counts(ctx.pool) == (1, 1, 1)


async def test_a_utr_under_the_heading_of_rrns_is_a_utr_without_a_flag(ctx: Context) -> None:
    cells = row(1)
    cells[9] = "HDFC000000000001"
    outcome = await under(ctx, "ack no", "rrn", cells=cells)
    assert outcome.taken[0].made.complaint.transfers[0].utr == "HDFC000000000001"
    assert "odd_rrn" not in {flag.code for flag in outcome.taken[0].receipt.flags}


async def test_a_stop_midway_leaves_nothing_half_and_goes_on_later(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = take_complaint
    calls = 0

    async def fails_at_the_third(*arguments: object, **more: object) -> Taken:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionResetError("gone")
        return await whole(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(complaint_import, "take_complaint", fails_at_the_third)
    rows = [row(1), row(2), row(3, ref="C"), row(4, ref="C"), row(5), row(0)]
    stopped = await take(ctx, *rows)
    assert "gone" in stopped.stopped
    assert (stopped.used_rows, stopped.waiting_rows, len(stopped.rejected)) == (2, 3, 1)
    assert await counts(ctx.pool) == (2, 2, 2)
    resumed = await take(ctx, *rows)
    assert not resumed.stopped
    assert [taken.repeated for taken in resumed.taken] == [True, True, False, False]
    assert await counts(ctx.pool) == (4, 4, 5)


async def test_what_is_odd_counts_only_where_it_was_taken(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three complaints with a date only, one is imported, one is refused and one is not reached."""
    whole = take_complaint
    answers: list[Exception | None] = [None, AckNoTaken("x"), AckNoTaken("x"), ConnectionResetError("gone")]

    async def as_told(*arguments: object, **more: object) -> Taken:
        if error := answers.pop(0):
            raise error
        return await whole(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(complaint_import, "take_complaint", as_told)
    rows = [row(number, at="05/11/2026") for number in (1, 2, 3)]
    outcome = await take(ctx, *rows)
    assert (outcome.used_rows, len(outcome.rejected), outcome.waiting_rows) == (1, 1, 1)
    assert [note.row_no for note in outcome.notes] == [2]
    told = StringIO()
    show(Console(file=told, width=200), outcome, dry_run=False)
    assert re.findall(r"(\d+) │ transferred_at", told.getvalue()) == ["1"], told.getvalue()


async def test_the_workflows_are_told_of_every_new_case(ctx: Context) -> None:
    told: list[FollowUp] = []
    done: list[int] = []
    await take_all(ctx, read(row(1), row(2)), taken_by="import:test", follow=told.append, progress=done.append)
    assert [bool(follow_up.start) for follow_up in told] == [True, True]
    assert done == [1, 2]


# -- the command -------------------------------------------------------------------------------------------------------


def write(path: Path, *rows: list[str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


async def test_the_command_tells_what_became_of_every_row(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", row(1), row(1), row(2, amount="1.234"), [""] * 11)
    result = await invoke("import", file, "--as", "a.verma", "--json", "-", **with_database(database_dsn))
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["rows"], told["used"], told["rejected"], told["blank"], told["waiting"]) == (4, 1, 2, 1, 0)
    assert [(found["row"], found["code"]) for found in told["rejections"]] == [
        (3, "duplicate"),
        (4, "too_many_decimals"),
    ]
    assert told["complaints"] == {"in_file": 1, "new": 1, "joined": 0, "known": 0}
    assert "Temporal cannot be reached" in result.stderr
    assert not any(secret in result.stdout for secret in ("Asha", "9876543210", "501000123456"))
    assert await ctx.pool.fetchval("SELECT taken_by FROM complaint") == "import:a.verma"


async def test_duplicates_alone_are_no_failure(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    result = await invoke("import", write(tmp_path / "c.csv", row(1), row(1)), **with_database(database_dsn))
    assert result.exit_code == 0
    assert "1 new" in result.stdout


async def test_what_a_file_says_is_shown_as_it_stands(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", row(1, amount="[/red]"))
    file.write_text(file.read_text().replace("ack no", "[bold]ack[/]"))
    result = await invoke("import", file, "--dry-run")
    assert result.exit_code == 1
    assert '"[/red]" is not an amount in rupees' in result.stdout
    assert "Columns not used: [bold]ack[/]." in result.stdout


async def test_a_dry_run_needs_no_database_and_writes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", row(1), row(2))
    result = await invoke("import", file, "--dry-run", "--json", "-", home=str(tmp_path / "home"))
    told = json.loads(result.stdout)
    assert (result.exit_code, told["used"], told["waiting"], told["dry_run"]) == (0, 0, 2, True)
    assert not (tmp_path / "home").exists()


async def test_rejected_rows_are_written_with_reasons_and_read_back(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    formula = row(2, amount="-5", name="=HYPERLINK(1)")
    slipped = [*row(3)[:8], "1", "25", "000.00", *row(3)[9:]]
    file = write(tmp_path / "c.csv", row(1), formula, slipped)
    rejects = tmp_path / "rejects.csv"
    result = await invoke("import", file, "--rejects", rejects, **with_database(database_dsn))
    assert result.exit_code == 1
    assert rejects.stat().st_mode & 0o777 == 0o600
    header, first, second = list(csv.reader(rejects.read_text(encoding="utf-8-sig").splitlines()))
    assert header == [*HEADER, "import_row", "import_column", "import_reason"]
    assert first[2] == "'=HYPERLINK(1)"
    assert first[11:14] == ["3", "amount", '"-5" is negative']
    assert second[11] == "4"
    assert second[14:] == slipped[11:]
    first[8] = "5,000"
    write(file, first[:11])
    again = await invoke("import", file, "--json", "-", **with_database(database_dsn))
    assert json.loads(again.stdout)["complaints"]["new"] == 1
    rows = await ctx.pool.fetch("SELECT case_no FROM complaint")
    victims = [victim for row in rows for victim in await Bench(ctx).victims(row["case_no"])]
    assert [victim.name for victim in victims].count("=HYPERLINK(1)") == 1


@pytest.mark.parametrize(
    ("name", "more", "told"),
    [
        ("absent.csv", [], "absent.csv: No such file"),
        ("c.csv", ["--sheet", "x"], "not an XLSX"),
        ("c.csv", ["--as", "a b"], "--as"),
    ],
)
async def test_usage_that_is_wrong(database_dsn: str, tmp_path: Path, name: str, more: list[str], told: str) -> None:
    write(tmp_path / "c.csv", row(1))
    result = await invoke("import", tmp_path / name, *more, **with_database(database_dsn))
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


async def test_a_database_that_goes_away_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", row(1))
    result = await invoke("import", file, **with_database("postgresql://u:hidden@127.0.0.1:9/d"))
    assert (result.exit_code, "cannot connect" in result.stderr, "hidden" in result.output) == (1, True, False)
