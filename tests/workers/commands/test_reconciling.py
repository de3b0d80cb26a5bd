"""`goldenhour reconcile`: every row of a file is accounted for."""

import json
from pathlib import Path

from activities.context import Context
from db.pool import Pool
from tests.activities.bench import Bench
from tests.factories import make_context, row, rrn, transfer
from tests.workers.command_line import invoke, with_database


async def a_lien(ctx: Context) -> tuple[str, str]:
    bench, reference = Bench(ctx), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, reference, "400.00"))
    return case_no, reference


async def test_a_list_is_compared(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    case_no, reference = await a_lien(await make_context(database))
    file = tmp_path / "liens.csv"
    file.write_text(f"Ack No,RRN,Lien Amount\n{case_no},{reference},400.00\n")
    right = await invoke("reconcile", "HDFC", file, **settings)
    assert (right.exit_code, "1 rows, 1 matched, 0 differ" in right.stdout) == (0, True), right.output
    file.write_text(f"Ack No,RRN,Lien Amount\n{case_no},{reference},500.00\n{case_no},{reference}\n")
    wrong = await invoke("reconcile", "HDFC", file, "--json", "-", **settings)
    assert wrong.exit_code == 1
    told = json.loads(wrong.stdout)
    assert (told["rows_in"], told["rows_matched"], told["rows_differing"]) == (2, 0, 2)
    assert [one["reason"] for one in told["differences"]] == ["amount_differs", "unreadable"]


async def test_sums_are_told_as_in_india(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    case_no, reference = await a_lien(await make_context(database))
    file = tmp_path / "liens.csv"
    file.write_text(f"Ack No,RRN,Lien Amount\n{case_no},{reference},1234567.50\n")
    told = await invoke("reconcile", "HDFC", file, **with_database(database_dsn))
    assert "₹12,34,567.50 there, ₹400.00 here" in " ".join(told.stdout.split())


async def test_what_cannot_be_compared(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    file = tmp_path / "liens.csv"
    file.write_text("one,two\n1,2\n")
    refused = await invoke("reconcile", "HDFC", file, **settings)
    assert (refused.exit_code, "has no header" in refused.stderr) == (2, True)
    file.write_text("ack no,rrn,amount\n")
    unknown = await invoke("reconcile", "NONE", file, **settings)
    assert (unknown.exit_code, "institution NONE" in unknown.stderr) == (1, True)
    absent = await invoke("reconcile", "HDFC", tmp_path / "absent.csv", **settings)
    assert absent.exit_code == 2


async def test_a_bank_is_asked_and_it_is_shown_how_it_stands(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    settings = with_database(database_dsn)
    case_no, reference = await a_lien(await make_context(database))
    nothing = await invoke("reconcile", "--status", **settings)
    assert (nothing.exit_code, "no institution has been asked" in nothing.stdout) == (0, True), nothing.output
    asked = await invoke("reconcile", "--ask", "HDFC", "--json", "-", **settings)
    assert asked.exit_code == 0, asked.output
    assert json.loads(asked.stdout)["way"] is None
    again = await invoke("reconcile", "--ask", "HDFC", **settings)
    assert "a worker's next round sends the request" in again.stdout
    assert await database.fetchval("SELECT count(*) FROM lien_inquiry") == 1
    file = tmp_path / "liens.csv"
    file.write_text(f"Ack No,RRN,Lien Amount\n{case_no},{reference},500.00\n")
    assert (await invoke("reconcile", "HDFC", file, **settings)).exit_code == 1
    shown = await invoke("reconcile", "--status", **settings)
    assert (shown.exit_code, "1 amount differs" in shown.stdout) == (0, True), shown.output
    told = json.loads((await invoke("reconcile", "--status", "--json", "-", **settings)).stdout)
    assert [(one["institution"], one["inquiry"]["outcome"]) for one in told] == [("HDFC", "answered")]


async def test_one_thing_at_a_time(database: Pool, database_dsn: str) -> None:
    settings = with_database(database_dsn)
    await make_context(database)
    for words in ((), ("HDFC",), ("--status", "--ask", "HDFC"), ("HDFC", "x.csv", "--status")):
        refused = await invoke("reconcile", *words, **settings)
        assert (refused.exit_code, bool(refused.stderr)) == (2, True), words
    unknown = await invoke("reconcile", "--ask", "NONE", **settings)
    assert (unknown.exit_code, "institution NONE" in unknown.stderr) == (1, True)
