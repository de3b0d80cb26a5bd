"""The figures of stages over HTTP: who reads whose, as JSON and as tables, and beside the metrics page."""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from activities.case.transaction import case_transaction
from activities.reporting.stage_figures import count_next
from api.reports import XLSX
from schemas.enums import Role, TaskKind
from schemas.tasks import TaskCause, about_hop
from schemas.text import IST
from tests.api.conftest import Doors, line, transfer
from tests.api.role_matrix import BODIES
from tests.api.work_items.test_task_owners import post
from tests.each import each
from tests.officers import enrol

STAGES = "/api/v1/figures/stages"
CASES = "/api/v1/figures/cases"
BREACHES = "/api/v1/figures/breaches"
LOAD = "/api/v1/figures/load"
MONEY_CASES = "/api/v1/figures/money-cases"


async def held(doors: Doors, **changes: Any) -> str:
    """A case whose bank has answered that it holds the money."""
    told = {"transfers": [transfer()]} | changes
    case_no: str = (await doors.complain(**told))["case_ack_no"]
    rrn = told["transfers"][0]["rrn"]
    await doors.answer("SBIN", case_no, line("held", rrn=rrn, amount="2000.00", disputed_amount="5000.00"))
    return case_no


def of(rows: list[dict[str, Any]], stage: str, about: str = "") -> dict[str, Any]:
    (row,) = [row for row in rows if row["stage"] == stage and row["about"] == about]
    return row


async def get(doors: Doors, path: str, role: Role, name: str, **query: str) -> Any:
    response = await doors.client.get(path, params=query, headers=doors.officer(role, name))
    assert response.status_code == 200, response.text
    return response.json()


async def test_each_stage_with_its_targets_and_who_is_late(doors: Doors) -> None:
    await held(doors)
    told = await doors.read(STAGES, Role.SUPERVISOR)
    assert (told["is_exact"], told["by"], told["rows"]) == (False, None, [])
    told = await doors.read(STAGES, Role.SUPERVISOR, **{"from": today(doors)})
    assert told["is_exact"]
    row = of(told["total"], "complaint_to_held")
    assert (row["began"], row["ended"], row["waiting"], row["seconds"]["count"]) == (1, 1, 0, 1)
    assert row["policy"]["share"] == 1.0
    assert 0.2 < row["policy"]["low"] < 0.21
    assert row["policy"]["is_small"]
    assert row["legal"] is None
    targets = {one["stage"]: one for one in told["targets"]}
    assert targets["complaint_to_held"]["policy_seconds"] == 3600
    assert targets["applied_to_verified"]["late_by"] == "io"
    assert targets["ordered_to_credited"]["legal_seconds"] == 15 * 86_400
    assert targets["delivered_to_answered"]["class_seconds"]["api"] == 300


def today(doors: Doors, days: int = 0) -> str:
    return f"{doors.services.ctx.now().astimezone(IST).date() + timedelta(days=days)}"


@pytest.mark.parametrize(
    ("by", "stage", "about"),
    [
        ("district", "complaint_to_held", "LUCKNOW"),
        ("bank", "sent_to_delivered", "SBIN"),
        ("channel", "complaint_to_held", "helpline_1930"),
        ("category", "complaint_to_held", ""),
    ],
)
async def test_a_row_for_each_and_the_cases_behind_it(doors: Doors, by: str, stage: str, about: str) -> None:
    case_no = await held(doors)
    told = await doors.read(STAGES, Role.AUDITOR, **{"by": by, "from": today(doors)})
    assert of(told["rows"], stage, about)["began"] == 1
    behind = {"by": by, "about": about or "upi_fraud", "stage": stage, "from": today(doors)}
    listed = await doors.read(CASES, Role.AUDITOR, **behind)
    assert [item["case_ack_no"] for item in listed["items"]] == [case_no]
    assert (await doors.read(CASES, Role.AUDITOR, **(behind | {"about": "other"})))["items"] == []


async def test_a_superintendent_reads_the_figures_of_the_own_districts(doors: Doors) -> None:
    case_no = await held(doors)
    await held(doors, victim=of_agra(), transfers=[transfer(rrn="512345678902")])
    await doors.post_officer("sp.lucknow", "lakhnau")
    await doors.post_officer("sp.state", "*")
    begin = {"from": today(doors)}
    for name, began in (("sp.lucknow", 1), ("sp.state", 2)):
        told = await get(doors, STAGES, Role.SP, name, by="district", **begin)
        assert of(told["total"], "complaint_to_held")["began"] == began
        assert len({row["about"] for row in told["rows"]}) == began
    listed = await get(doors, CASES, Role.SP, "sp.lucknow", **begin)
    assert [item["case_ack_no"] for item in listed["items"]] == [case_no]
    foreign = await get(doors, STAGES, Role.SP, "sp.lucknow", district="Agra", **begin)
    assert foreign["total"] == []
    own = await get(doors, STAGES, Role.SUPERVISOR, "chief", district="आगरा", **begin)
    assert of(own["total"], "complaint_to_held")["began"] == 1


def of_agra() -> dict[str, Any]:
    return {"name": "Ram Lal", "mobile": "9876543211", "district": "AGRA"}


async def test_a_marked_case_counts_and_is_listed_to_those_who_read_it(doors: Doors) -> None:
    case_no = await held(doors, category="Sextortion")
    begin = {"from": today(doors)}
    told = await doors.read(STAGES, Role.AUDITOR, by="category", **begin)
    assert of(told["rows"], "complaint_to_held", "")["began"] == 1
    assert "Sextortion" not in str(told)
    by_category = {"by": "category", "about": "Sextortion"}
    assert (await doors.read(CASES, Role.SUPERVISOR, **begin, **by_category))["items"] == []
    for path in (CASES, MONEY_CASES):
        (item,) = (await doors.read(path, Role.SUPERVISOR, **begin))["items"]
        assert item["case_ack_no"] == case_no
        assert (await doors.read(path, Role.AUDITOR, **begin))["items"] == []


async def test_as_a_table_and_as_a_workbook(doors: Doors) -> None:
    await held(doors)
    query = {"by": "district", "from": today(doors)}
    headers = doors.officer(Role.SUPERVISOR)
    told = await doors.read(STAGES, Role.SUPERVISOR, **query)
    text = await doors.client.get(STAGES, params=query, headers=headers | {"Accept": "text/csv"})
    assert "stages.csv" in text.headers["content-disposition"]
    assert text.content.startswith(b"\xef\xbb\xbfrow,"), "Excel reads Hindi by the mark"
    rows = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig"))))
    assert [row["stage"] for row in rows if row["row"] == "row"] == [row["stage"] for row in told["rows"]]
    person = headers | {"Accept": "text/csv", "Accept-Language": "hi"}
    hindi = await doors.client.get(STAGES, params=query, headers=person)
    heading, first = csv.reader(io.StringIO(hindi.content.decode("utf-8-sig")).readlines()[:2])
    assert (heading[3], heading[8], first[0]) == ("चरण", "100 में 95 इतने सेकंड में", "पंक्ति")
    data = await doors.client.get(STAGES, params=query, headers=headers | {"Accept": XLSX})
    assert (data.headers["content-type"], "stages.xlsx" in data.headers["content-disposition"]) == (XLSX, True)
    header, *cells = CalamineWorkbook.from_filelike(io.BytesIO(data.content)).get_sheet_by_index(0).to_python()
    assert len(cells) == len(rows) == len(told["rows"]) + len(told["total"])
    for row, cell in zip(rows, cells, strict=True):
        of_workbook = dict(zip(header, cell, strict=True))
        assert list(row) == header
        assert (row["stage"], row["about"]) == (of_workbook["stage"], of_workbook["about"])
        assert int(row["began"]) == of_workbook["began"]
        share = of_workbook["policy_share"]
        assert (float(row["policy_share"]) if row["policy_share"] else "") == share


async def the_officer_stands_beside_the_case(doors: Doors, case_no: str) -> None:
    """Who has an open work item of the case, until an investigating officer is named."""

    async def beside() -> list[str | None]:
        (late,) = (await doors.read(BREACHES, Role.SUPERVISOR, stage="complaint_to_held"))["items"]
        sums = await doors.read(MONEY_CASES, Role.SUPERVISOR, figure="all")
        return [late["officer_name"], *(one["officer_name"] for one in sums["items"] if one["case_ack_no"] == case_no)]

    assert await beside() == [None, None]
    async with case_transaction(doors.services.ctx, case_no, "engine") as work:
        (task_id,) = await work.ask(about_hop(TaskKind.PHONE_BANK, TaskCause.REQUEST_SILENT, 1))
    assert (await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)).status_code == 200
    name = await doors.services.ctx.pool.fetchval("SELECT name FROM officer WHERE officer_id = 'ravi'")
    assert await beside() == [name, name]
    await doors.post(f"/api/v1/cases/{case_no}/officer", BODIES["officer"], Role.SUPERVISOR)
    assert await beside() == [BODIES["officer"]["name"]] * 2


async def test_the_same_numbers_as_the_metrics_page(doors: Doors) -> None:
    before = measured((await doors.client.get("/metrics")).text)
    # A day without a time would count from midnight, so it counts nowhere.
    yesterday = (datetime.now(IST) - timedelta(days=1)).date().isoformat()
    await doors.complain(transfers=[transfer(rrn="512345678901", transferred_at=yesterday)])
    await held(doors)
    after = measured((await doors.client.get("/metrics")).text)
    told = (await doors.read(STAGES, Role.SUPERVISOR, **{"from": today(doors)}))["total"]
    for metric, stage in (
        ("transfer_to_complaint", "transfer_to_complaint"),
        ("complaint_to_first_answer", "complaint_to_answered"),
        ("complaint_to_first_hold", "complaint_to_held"),
    ):
        row = of(told, stage)
        assert after[metric][0] - before[metric][0] == row["ended"] == 1
        assert after[metric][1] - before[metric][1] == pytest.approx(row["seconds"]["p50_seconds"], abs=0.01)


def measured(page: str) -> dict[str, tuple[float, float]]:
    """The count and the sum of each duration on the metrics page."""
    found = dict(re.findall(r"^goldenhour_(\w+_seconds_(?:count|sum)) (\S+)$", page, re.MULTILINE))
    names = {name.removesuffix("_seconds_count") for name in found if name.endswith("_count")}
    return {name: (float(found[f"{name}_seconds_count"]), float(found[f"{name}_seconds_sum"])) for name in names}


async def test_what_is_late_now_and_by_whom(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    assert (await doors.read(BREACHES, Role.SUPERVISOR))["items"] == []
    await doors.services.ctx.pool.execute(
        "UPDATE case_file SET opened_at = opened_at - interval '2 hours' WHERE case_no = $1", case_no
    )
    (item,) = (await doors.read(BREACHES, Role.SUPERVISOR, stage="complaint_to_held"))["items"]
    assert (item["case_ack_no"], item["late_by"], item["ended_at"]) == (case_no, "bank", None)
    assert 7200 <= item["seconds"] < 7300
    await the_officer_stands_beside_the_case(doors, case_no)
    assert (await doors.read(BREACHES, Role.SUPERVISOR, late_by="court"))["items"] == []
    assert (await doors.read(BREACHES, Role.SUPERVISOR, late_by="victim", stage="notice"))["items"] == []
    assert (await doors.read(BREACHES, Role.SUPERVISOR, bank="HDFC"))["items"] == []
    await doors.post_officer("sp.agra", "Agra")
    assert (await get(doors, BREACHES, Role.SP, "sp.agra"))["items"] == []
    for accept, begins in (("text/csv", b"\xef\xbb\xbfstage,late_by,case_ack_no,"), (XLSX, b"PK")):
        headers = {**doors.officer(Role.SUPERVISOR), "Accept": accept}
        file = (await doors.client.get(f"{BREACHES}?stage=complaint_to_held&limit=1", headers=headers)).content
        assert file.startswith(begins)
        assert accept == XLSX or case_no in file.decode()
    first = await doors.read(BREACHES, Role.SUPERVISOR, limit=1)
    second = await doors.read(BREACHES, Role.SUPERVISOR, limit=1, after=first["next"])
    assert first["items"][0]["due_at"] <= second["items"][0]["due_at"]
    assert first["items"] != second["items"]


async def test_who_has_how_much_open_and_how_long_they_take(doors: Doors) -> None:
    case_no, pool = await held(doors), doors.services.ctx.pool
    await pool.execute(
        "INSERT INTO case_assignment (case_no, io, io_since) VALUES ($1, 'io1', now()) ON CONFLICT (case_no)"
        " DO UPDATE SET io = 'io1', io_since = now(), supervising = 'sp1', supervising_since = now()",
        case_no,
    )
    await pool.execute(
        "INSERT INTO desk_task (case_no, kind, state, opened_at, closed_at, closed_by, subject_kind, subject_id, cause)"
        " VALUES ($1, 'phone_bank', 'closed', now() - interval '9 minutes', now(), 'officer:Desk1', 'case', $1, 'x')",
        case_no,
    )
    await enrol(pool, ("desk2",), (Role.DESK,))
    await pool.execute(
        "INSERT INTO desk_task (case_no, kind, state, opened_at, subject_kind, subject_id, cause)"
        " SELECT $1, 'phone_bank', 'open', now() - interval '1 hour', 'case', $1, cause"
        " FROM unnest(ARRAY['now', 'over']) AS cause",
        case_no,
    )
    await pool.execute(
        "INSERT INTO task_owner (task_id, version, owner, since, lease_ends_at) SELECT task_id, 1, 'desk2',"
        " now() - interval '20 minutes', now() + CASE cause WHEN 'now' THEN interval '9 minutes' ELSE '-9 minutes' END"
        " FROM desk_task WHERE cause IN ('now', 'over')"
    )
    since = await pool.fetchval("SELECT min(since) FROM task_owner")
    told = {one["officer"]: one for one in (await doors.read(LOAD, Role.SUPERVISOR))["items"]}
    assert (told["io1"]["cases_as_io"], told["sp1"]["cases_supervised"]) == (1, 1)
    assert told["desk1"]["tasks"]["count"] == 1
    assert told["desk1"]["tasks"]["p50_seconds"] == pytest.approx(540)
    assert told["desk2"]["tasks_owned"] == 1, "not what an officer had until the lease was over"
    assert datetime.fromisoformat(told["desk2"]["oldest_owned_since"]) == since
    await doors.post_officer("sp.agra", "Agra")
    assert (await get(doors, LOAD, Role.SP, "sp.agra"))["items"] == []
    headers = doors.officer(Role.SUPERVISOR) | {"Accept": "text/csv"}
    table = (await doors.client.get(LOAD, headers=headers)).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["officer"]: row["tasks_done"] for row in rows}["desk1"] == "1"


async def test_a_long_period_of_some_districts_is_refused_by_bank_and_not_by_district(doors: Doors) -> None:
    await held(doors)
    while await count_next(doors.services.ctx):
        pass
    year = {"from": today(doors, -300), "to": today(doors, 1), "district": "Lucknow"}
    headers = doors.officer(Role.SUPERVISOR)
    refused = await doors.client.get(STAGES, params=year | {"by": "bank"}, headers=headers)
    assert refused.status_code == 422
    assert "92 days" in str(refused.json()["violations"])
    for by in ("district", "team"):
        told = await doors.read(STAGES, Role.SUPERVISOR, by=by, **year)
        assert (told["is_exact"], of(told["total"], "complaint_to_held")["began"]) == (False, 1)


@each(
    ("query", "named"),
    [
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("from=2026-01-01T12:00:00", "from"),
        ("by=colour", "by"),
    ],
)
async def test_what_cannot_be_counted_is_named(doors: Doors, query: str, named: str) -> None:
    response = await doors.client.get(f"{STAGES}?{query}", headers=doors.officer(Role.SUPERVISOR))
    assert response.status_code == 422
    assert named in str(response.json()["violations"])


@each("path", [STAGES, CASES, BREACHES, LOAD])
async def test_what_is_too_much_to_count_is_told_so(doors: Doors, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def takes_too_long(*_: object) -> None:
        raise TimeoutError

    for name in ("stage_counts.exact", "stage_counts.added", "stage_cases.behind", "stage_cases.breaches"):
        monkeypatch.setattr(f"db.reporting.{name}", takes_too_long)
    monkeypatch.setattr("db.reporting.officer_load.read", takes_too_long)
    response = await doors.client.get(path, headers=doors.officer(Role.SUPERVISOR))
    assert (response.status_code, response.json()["type"]) == (503, "urn:goldenhour:problem:too-much-to-count")


async def test_a_list_of_cases_is_in_the_read_log_and_a_figure_is_not(doors: Doors) -> None:
    await held(doors)
    for path in (STAGES, LOAD, CASES, BREACHES):
        await doors.read(path, Role.SUPERVISOR)
    rows = await doors.services.ctx.pool.fetch("SELECT kind, subject FROM read_log ORDER BY subject")
    assert [(row["kind"], row["subject"]) for row in rows] == [("list", BREACHES), ("list", CASES)]
