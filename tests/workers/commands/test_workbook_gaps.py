"""Workbooks as officers send them, by the command and as real files: what each row is used for, and what is told."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from activities.case import outbox
from activities.case.answers import take_status_update
from activities.case.desk import correct_hop
from activities.case.intake import take_complaint
from activities.case.outbox import SweepActivities
from activities.context import Context
from activities.workbook import trail_import
from activities.workbook.trail_lines import RequestPause
from db.case import cases
from db.pool import Pool
from domain.spreadsheet_cells import Cell
from domain.workbook.columns import Sheet, TrailColumn
from schemas.case.discrepancies import HopCorrection
from tests.activities.case.test_outbox import WorkflowNotifier
from tests.domain.trail_books import ACK, C, Told, moved, said
from tests.factories import make_context
from tests.waiting import until
from tests.workers.command_line import COMMAND, invoke, own_environment, with_database
from tests.workers.commands.test_importing import row as complaint_row
from tests.workers.commands.test_importing import write as write_complaints
from tests.workers.database_proxy import DatabaseProxy
from tests.workers.trail_files import write
from workers.importer import complaint_import
from workers.verifying import verify
from workflows.case import case_workflow_id

ROOT, SECOND, THIRD = "400000000001", "400000000002", "400000000003"
OTHER, UNKNOWN = "20511260000002", "20511260000003"
NO_SUM = (C.TRANSACTION_DATE, C.TRANSACTION_AMOUNT, C.DISPUTED)
"""columns that the sheet of small amounts does not have in workbooks of the portal"""


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


async def take(file: Path, dsn: str, *more: str | Path) -> tuple[int, dict[str, Any]]:
    """Import a file; return the exit code and the report."""
    result = await invoke("import", file, *more, "--json", "-", **with_database(dsn))
    assert "Traceback" not in result.output, result.output
    return result.exit_code, json.loads(result.stdout)


async def rows(ctx: Context, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await ctx.pool.fetch(query, *arguments)]


async def buckets(ctx: Context, case_no: str = ACK) -> dict[str, int]:
    """Where the money of a case is, in rupees."""
    query = (
        "SELECT bucket, (sum(amount_paise) / 100)::int FROM ledger_entry WHERE case_no = $1 AND bucket <> 'lost'"
        " GROUP BY bucket HAVING sum(amount_paise) <> 0"
    )
    return dict(await rows(ctx, query, case_no))


async def to_ask(ctx: Context, case_no: str = ACK) -> list[int]:
    """The hops about which banks would be asked now: those of planned requests, and those that the pause kept open."""
    async with ctx.pool.acquire() as connection:
        start = await cases.snapshot(connection, case_no)
    planned = [hop.hop_no for request in start.requests if not request.delivered for hop in request.hops]
    return sorted([*(hop.hop_no for hop in start.open_hops), *planned])


def found(told: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    return [(row["sheet"], row["row"], row["column"], row["code"]) for row in told["rejections"]]


# -- D2: numbers in exponent form --------------------------------------------------------------------------------------


async def test_d2_numbers_in_exponent_form_with_all_their_digits(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    of: dict[str, Cell] = {"ack_no": "2.0511260000001E13"}
    first = moved(1, "4.00000000001E+11", "4.00000000001E+11", 10_000, payee_account="3.8574409388E+10", **of)
    second = moved(2, "4.00000000001E+11", "4.00000000002e11", 6_000, account="3.8574409388E+10", **of)
    lost = moved(2, "4.00000000001E+11", "4E+11", 900, payee_account="3.85744E+10", **of)
    held = said("4.00000000002E+11", 500, account="0020000000", **of)
    file = write(tmp_path / "t.xlsx", {Sheet.TRANSFER: [first, second, lost], Sheet.HOLD: [held]})
    code, told = await take(file, database_dsn)
    assert (code, told["case_ack_no"], told["used"]) == (1, ACK, 3), told
    assert found(told) == [
        (Sheet.TRANSFER, 4, TrailColumn.UTR2, "digits_lost"),
        (Sheet.TRANSFER, 4, TrailColumn.PAYEE_ACCOUNT, "digits_lost"),
    ]
    assert await rows(ctx, "SELECT reference, payee_holder FROM hop ORDER BY hop_no") == [
        (ROOT, "38574409388"),
        (SECOND, "0020000000"),
    ]


# -- D3: a sheet of small amounts without sums -------------------------------------------------------------------------


async def test_d3_small_amounts_without_a_sum_leave_no_hop_pending(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    small = said(SECOND, None, account="0020000000", action_by="PUNB")
    sheets: dict[str, list[Told]] = {
        Sheet.SMALL: [small, said(ROOT, None), said(THIRD, None, action_by="ICIC", account="0030000000")],
        Sheet.TRANSFER: [
            moved(2, ROOT, SECOND, 6_000, bank="PUNB", ifsc=""),
            moved(3, SECOND, THIRD, 300, bank="ICIC", ifsc="", action_by="PUNB"),
            moved(1, ROOT, ROOT, 10_000),
        ],
        Sheet.HOLD: [said(SECOND, 2_000, account="0020000000", action_by="PUNB"), said(ROOT, 3_900)],
    }
    file = write(tmp_path / "t.xlsx", sheets, without=NO_SUM)
    code, told = await take(file, database_dsn)
    assert (code, found(told), told["pending"]) == (0, [], []), told
    assert (told["used"], told["used_as"]["applied"], told["used_as"]["known"]) == (8, 6, 1)
    assert await buckets(ctx) == {"held": 5_900, "untraced": 4_100}
    assert await rows(ctx, "SELECT hop_no, state FROM hop ORDER BY hop_no") == [(1, "closed"), (2, "closed")]
    assert await to_ask(ctx) == []
    # The rest of the first hop is one small amount. What is left of the second is more than that: an officer reads it.
    assert await rows(ctx, "SELECT kind, cause, hop_no FROM desk_task") == [
        ("read_answer", "small_transfers_without_sum", 2)
    ]
    code, again = await take(file, database_dsn)
    assert (code, again["used_as"]["known"], await buckets(ctx)) == (0, 8, {"held": 5_900, "untraced": 4_100})
    out = tmp_path / "out.xlsx"
    await invoke("export", ACK, "-o", out, **with_database(database_dsn))
    code, back = await take(out, database_dsn)
    assert (code, back["rejections"]) == (0, [])
    assert await buckets(ctx) == {"held": 5_900, "untraced": 4_100}


# -- D12: several acknowledgement numbers ------------------------------------------------------------------------------


def two_cases(path: Path) -> Path:
    of: dict[str, Cell] = {"ack_no": OTHER}
    unnumbered: dict[str, Cell] = {"ack_no": ""}
    return write(
        path,
        {
            Sheet.TRANSFER: [
                moved(1, ROOT, ROOT, 10_000),
                moved(1, THIRD, THIRD, 700, bank="ICIC", ifsc="", **of),
                moved(2, ROOT, SECOND, 6_000, bank="PUNB", ifsc="", **unnumbered),
            ],
            Sheet.HOLD: [
                said(SECOND, 500, account="0020000000", action_by="PUNB", **unnumbered),
                said(THIRD, 200, action_by="ICIC", **of),
                said("400000000009", 100, ack_no=UNKNOWN),
                said("400000000008", 100, **unnumbered),
            ],
        },
    )


async def test_d12_each_number_of_a_workbook_is_a_trail_of_its_own(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    code, told = await take(two_cases(tmp_path / "t.xlsx"), database_dsn, "--rejects", tmp_path / "left.csv")
    assert (code, told["ack_nos"]) == (1, [ACK, OTHER, UNKNOWN])
    assert (told["rows"], told["used"], told["rejected"], told["blank"], told["waiting"]) == (7, 5, 2, 0, 0)
    of_ack, of_other, of_unknown, of_none = told["trails"]
    assert [(trail["ack_no"], trail["case_ack_no"], trail["used"]) for trail in told["trails"]] == [
        (ACK, ACK, 3),
        (OTHER, OTHER, 2),
        (UNKNOWN, None, 0),
        (None, None, 0),
    ]
    assert [found(trail) for trail in (of_ack, of_other)] == [[], []]
    assert found(of_unknown) == [(Sheet.HOLD, 4, TrailColumn.ACK_NO, "no_case")]
    assert found(of_none) == [(Sheet.HOLD, 5, TrailColumn.ACK_NO, "missing")]
    assert (await buckets(ctx), await buckets(ctx, OTHER)) == (
        {"held": 500, "in_play": 9_500},
        {"held": 200, "in_play": 500},
    )
    assert len((tmp_path / "left.csv").read_text().splitlines()) == 3
    words = await invoke("import", tmp_path / "t.xlsx", **with_database(database_dsn))
    assert all(f"Money trail of {number}" in words.stdout for number in (ACK, OTHER, UNKNOWN))
    assert f"Case {OTHER}: unchanged." in words.stdout


async def test_d12_only_the_number_that_is_asked_for(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    file = two_cases(tmp_path / "t.xlsx")
    code, told = await take(file, database_dsn, "--ack-no", OTHER)
    assert (code, told["ack_nos"], told["used"], told["rejected"]) == (1, [OTHER], 2, 5)
    of_other, of_none = told["trails"]
    assert (of_other["case_ack_no"], of_other["rejections"]) == (OTHER, [])
    assert {code for _, _, _, code in found(of_none)} == {"not_asked_for", "missing"}
    assert await rows(ctx, "SELECT case_no FROM case_file") == [(OTHER,)]
    absent = await invoke("import", file, "--ack-no", "20511260000009", **with_database(database_dsn))
    assert (absent.exit_code, "20511260000009" in absent.stderr) == (2, True)
    text = tmp_path / "c.csv"
    text.write_text("name,mobile\n")
    no_trail = await invoke("import", text, "--ack-no", OTHER, **with_database(database_dsn))
    assert (no_trail.exit_code, "--ack-no" in no_trail.stderr) == (2, True)


# -- D13: dates that are not stated ------------------------------------------------------------------------------------


async def test_d13_a_hop_without_a_date_waits_for_the_desk(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    sheets: dict[str, list[Told]] = {
        Sheet.TRANSFER: [
            moved(1, ROOT, ROOT, 10_000),
            moved(2, ROOT, SECOND, 6_000, bank="PUNB", ifsc="", transaction_date="soon"),
        ],
    }
    code, told = await take(write(tmp_path / "t.xlsx", sheets), database_dsn)
    assert (code, told["rejections"]) == (0, [])
    assert (3, TrailColumn.TRANSACTION_DATE) in {(note["row"], note["column"]) for note in told["notes"]}
    assert await rows(ctx, "SELECT state FROM hop ORDER BY hop_no") == [("open",), ("correction",)]
    assert await to_ask(ctx) == [1]
    ((cause, detail),) = await rows(ctx, "SELECT cause, facts ->> 'detail' FROM desk_task WHERE hop_no = 2")
    assert cause == "date_missing"
    assert detail == 'no date can be read in sheet "Money Transfer to", row 3, column Transaction Date'
    dates = "SELECT DISTINCT transferred_at AT TIME ZONE 'Asia/Kolkata' FROM hop"
    assert [str(at) for (at,) in await rows(ctx, dates)] == ["2026-11-05 13:11:00"], "never the moment of import"
    # Without a date the bank is not asked, whatever else is corrected.
    await correct_hop(ctx, ACK, 2, HopCorrection(utr="N1", reason="read again"), "officer:1")
    assert await to_ask(ctx) == [1]
    assert await rows(ctx, "SELECT cause FROM desk_task WHERE state = 'open'") == [("date_missing",)]
    dated = HopCorrection.model_validate({"transferred_at": "2026-11-05T13:12:00", "reason": "the bank's statement"})
    await correct_hop(ctx, ACK, 2, dated, "officer:1")
    assert await to_ask(ctx) == [1, 2]
    assert await rows(ctx, "SELECT cause FROM desk_task WHERE state = 'open'") == []
    assert "date_not_stated" not in str(await rows(ctx, "SELECT flags::text FROM hop"))


async def test_d13_the_same_workbook_with_its_date_corrected_lets_the_bank_be_asked(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    def sheets(at: str) -> dict[str, list[Told]]:
        return {
            Sheet.TRANSFER: [
                moved(1, ROOT, ROOT, 10_000),
                moved(2, ROOT, SECOND, 6_000, bank="PUNB", ifsc="", transaction_date=at),
            ],
        }

    await take(write(tmp_path / "t.xlsx", sheets("")), database_dsn)
    assert await to_ask(ctx) == [1]
    code, told = await take(write(tmp_path / "u.xlsx", sheets("05/11/2026 13.34 hrs")), database_dsn)
    assert (code, told["used_as"]["known"]) == (0, 2)
    assert await to_ask(ctx) == [1, 2]
    ((at,),) = await rows(ctx, "SELECT transferred_at AT TIME ZONE 'Asia/Kolkata' FROM hop WHERE hop_no = 2")
    assert str(at) == "2026-11-05 00:00:00", "the day can be read, the time of day cannot"
    assert await rows(ctx, "SELECT cause FROM desk_task WHERE state = 'open'") == []
    events = "SELECT actor, data -> 'fields' FROM case_event WHERE kind = 'hop_corrected'"
    assert [(actor.startswith("import:"), fields) for actor, fields in await rows(ctx, events)] == [
        (True, ["transferred_at"])
    ]


async def test_d13_a_date_to_come_and_a_transfer_to_itself_are_flagged(
    ctx: Context, database_dsn: str, tmp_path: Path
) -> None:
    sheets: dict[str, list[Told]] = {
        Sheet.TRANSFER: [
            moved(1, ROOT, ROOT, 10_000, account="0010000000"),
            moved(2, ROOT, SECOND, 6_000, transaction_date="05/11/2096", payee_account="10000000"),
        ],
    }
    _, told = await take(write(tmp_path / "t.xlsx", sheets), database_dsn)
    notes = {(note["row"], note["note"]) for note in told["notes"]}
    assert {(2, "the account that sends the money receives it"), (3, "a date to come")} <= notes
    assert (3, "the account that sends the money receives it") in notes
    ((flags,),) = await rows(ctx, "SELECT flags FROM hop WHERE hop_no = 2")
    assert {"in_the_future", "self_transfer"} <= {flag["code"] for flag in flags}


# -- D7: an import that is killed --------------------------------------------------------------------------------------


def deep_book(path: Path) -> Path:
    """A chain of eleven layers, so that the import stores many answers one after the other."""
    chain = [f"{410_000_000_000 + layer}" for layer in range(1, 12)]
    transfers = [moved(1, chain[0], chain[0], 90_000)]
    holds: list[Told] = []
    for layer, (root, own) in enumerate(pairwise(chain), start=2):
        transfers.append(moved(layer, root, own, 80_000 - 1_000 * layer))
        holds += [said(root, 5, account=f"00{layer - 1}0000000", hold_date=f"{n % 28 + 1}/11/2026") for n in range(28)]
    return write(path, {Sheet.TRANSFER: transfers, Sheet.HOLD: holds})


async def test_d7_kill_9_leaves_nothing_half_asked_and_the_next_run_ends_it(
    ctx: Context, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = deep_book(tmp_path / "t.xlsx")
    environment = own_environment(**{f"GOLDENHOUR_{k.upper()}": v for k, v in with_database(database_dsn).items()})
    process = await asyncio.create_subprocess_exec(*COMMAND, "import", str(file), env=environment)
    try:
        await until(lambda: ctx.pool.fetchval("SELECT count(*) > 0 FROM answer"))
    finally:
        process.kill()
        await process.wait()
    stored = await ctx.pool.fetchval("SELECT count(*) FROM answer")
    assert 0 < stored < 290
    assert await rows(ctx, "SELECT ack_no FROM request_pause") == [(ACK,)]
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    notifier = WorkflowNotifier(ctx)
    await SweepActivities(ctx, notifier.notify).sweep_outbox()
    assert notifier.told == []
    code, told = await take(file, database_dsn)
    assert (code, told["used"], told["waiting"], told["stopped"]) == (0, 291, 0, None), told["rejections"]
    assert await rows(ctx, "SELECT ack_no FROM request_pause") == []
    await SweepActivities(ctx, notifier.notify).sweep_outbox()
    assert [one.start.case_no for one in notifier.told if one.start] == [ACK]
    assert (await verify(database_dsn)).clean


# -- D8: PostgreSQL dies -----------------------------------------------------------------------------------------------


def cuts_at(proxy: DatabaseProxy, call: int, whole: Callable[..., Any]) -> Callable[..., Any]:
    """Return `whole`, before whose call of this number the database goes away."""
    calls = count(1)

    async def cut_or_do(*arguments: Any, **more: Any) -> Any:
        if next(calls) == call:
            proxy.cut()
        return await whole(*arguments, **more)

    return cut_or_do


async def test_d8_a_workbook_whose_database_dies_is_told_with_counts_and_finished_later(
    ctx: Context, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporal_client: Client
) -> None:
    file = two_cases(tmp_path / "t.xlsx")
    with_temporal = {
        "temporal_address": temporal_client.service_client.config.target_host,
        "temporal_namespace": temporal_client.namespace,
    }
    async with DatabaseProxy(database_dsn) as proxy:
        monkeypatch.setattr(trail_import, "take_status_update", cuts_at(proxy, 2, take_status_update))
        result = await invoke("import", file, "--json", "-", **with_database(proxy.dsn), **with_temporal)
    assert (result.exit_code, "Traceback" in result.output) == (1, False), result.output
    told = json.loads(result.stdout)
    assert "the database became unreachable" in told["stopped"]
    assert (told["rows"], told["used"], told["rejected"], told["waiting"]) == (7, 2, 1, 4)
    assert result.stderr.count("the database became unreachable") == 1
    monkeypatch.undo()
    code, again = await take(file, database_dsn)
    assert (code, again["stopped"], again["used"], again["waiting"]) == (1, None, 5, 0)
    assert (await verify(database_dsn)).clean


@pytest.mark.parametrize(("step", "used"), [("begin", 0), ("end", 5)])
async def test_d8_a_database_that_dies_before_the_first_row_or_after_the_last(
    ctx: Context, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, used: int
) -> None:
    file = two_cases(tmp_path / "t.xlsx")
    async with DatabaseProxy(database_dsn) as proxy:
        whole = getattr(RequestPause, step)
        monkeypatch.setattr(RequestPause, step, cuts_at(proxy, 1, whole))
        code, told = await take(file, proxy.dsn)
    assert (code, told["used"], told["used"] + told["rejected"] + told["waiting"]) == (1, used, 7)
    assert "the database became unreachable" in told["stopped"]
    monkeypatch.undo()
    code, again = await take(file, database_dsn)
    assert (code, again["stopped"], again["used"], again["waiting"]) == (1, None, 5, 0)
    assert await rows(ctx, "SELECT ack_no FROM request_pause") == []


async def test_d8_complaints_whose_database_dies_are_told_with_counts_and_finished_later(
    ctx: Context, database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporal_client: Client
) -> None:
    file = write_complaints(tmp_path / "c.csv", *(complaint_row(number) for number in range(1, 6)))
    with_temporal = {
        "temporal_address": temporal_client.service_client.config.target_host,
        "temporal_namespace": temporal_client.namespace,
    }
    async with DatabaseProxy(database_dsn) as proxy:
        monkeypatch.setattr(complaint_import, "take_complaint", cuts_at(proxy, 3, take_complaint))
        result = await invoke("import", file, "--json", "-", **with_database(proxy.dsn), **with_temporal)
    assert (result.exit_code, "Traceback" in result.output) == (1, False), result.output
    told = json.loads(result.stdout)
    assert (told["rows"], told["used"], told["waiting"]) == (5, 2, 3)
    for taken in told["taken"]:
        await temporal_client.get_workflow_handle(case_workflow_id(taken["case_ack_no"])).terminate()
    assert result.stderr.count("the database became unavailable") == 1
    monkeypatch.undo()
    code, again = await take(file, database_dsn)
    assert (code, again["complaints"]) == (0, {"in_file": 5, "new": 3, "joined": 0, "known": 2})
