"""The measures of restoration over HTTP: as JSON, as a table, and on the metrics page."""

import csv
import io

import pytest

from activities.recovery import hold_lifecycle
from schemas.enums import Role
from tests.api.conftest import Doors, line, transfer

FIGURES = "/api/v1/restorations/figures"


async def held(doors: Doors) -> None:
    """A case with ₹2,000 of ₹5,000 on hold at SBIN."""
    case_no = (await doors.complain(transfers=[transfer()]))["case_ack_no"]
    await doors.answer("SBIN", case_no, line("held", amount="2000.00", disputed_amount="5000.00"))
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, case_no)


async def test_what_is_held_restored_released_and_lost(doors: Doors) -> None:
    await held(doors)
    told = await doors.read(FIGURES, Role.SP)
    assert (told["by"], told["rows"]) == (None, [])
    stages = told["total"]["stages"]
    assert stages["lost"] == {"paise": 5_000_00, "cases": 1}
    assert stages["held"]["paise"] > 0
    assert (stages["restored"]["paise"], stages["released"]["paise"], told["total"]["restored_of_held"]) == (0, 0, 0.0)


async def test_a_row_for_each(doors: Doors, subtests: pytest.Subtests) -> None:
    await held(doors)
    for by, about in (("bank", "SBIN"), ("route", ""), ("officer", ""), ("district", "LUCKNOW")):
        with subtests.test(by=by):
            (row,) = (await doors.read(FIGURES, Role.AUDITOR, by=by))["rows"]
            assert (row["about"], row["stages"]["lost"]["cases"]) == (about, 1)


async def test_as_a_table(doors: Doors) -> None:
    await held(doors)
    headers = doors.officer(Role.SUPERVISOR) | {"Accept": "text/csv"}
    response = await doors.client.get(f"{FIGURES}?by=bank", headers=headers)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "restorations.csv" in response.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["about"] for row in rows] == ["SBIN", "total"]
    assert rows[0]["lost_paise"] == rows[1]["lost_paise"] == "500000"


async def test_another_period_counts_other_cases(doors: Doors) -> None:
    await held(doors)
    earlier = await doors.read(FIGURES, Role.DESK, **{"from": "2026-01-01", "to": "2026-01-31"})
    assert earlier["total"]["stages"]["lost"]["cases"] == 0


async def test_what_cannot_be_counted_is_named(doors: Doors, subtests: pytest.Subtests) -> None:
    for query, named in (
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("to=1800-01-01", "to"),
        ("by=colour", "by"),
    ):
        with subtests.test(query=query):
            response = await doors.client.get(f"{FIGURES}?{query}", headers=doors.officer(Role.DESK))
            assert response.status_code == 422
            assert named in str(response.json()["violations"])


async def test_what_is_too_much_to_count_is_told_so(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.reporting.outcomes.READ_SECONDS", 0.000_001)
    response = await doors.client.get(FIGURES, headers=doors.officer(Role.DESK))
    assert (response.status_code, response.json()["type"]) == (503, "urn:goldenhour:problem:too-much-to-count")


async def test_the_metrics_page_has_banks_and_districts_and_nobodys_name(doors: Doors) -> None:
    await held(doors)
    page = (await doors.client.get("/metrics")).text
    assert 'goldenhour_restoration_bank_paise{bank="SBIN",stage="lost"} 500000.0' in page
    # One case alone does not make a series of what was typed.
    assert 'goldenhour_restoration_district_paise{district="other",stage="lost"} 500000.0' in page
    ours = [row for row in page.splitlines() if row.startswith("goldenhour_restoration")]
    assert not [row for row in ours if "officer" in row or "412345678901" in row]
