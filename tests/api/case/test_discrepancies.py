"""Discrepancies and accounts as officers see them through the API."""

import logging
from typing import Any

import pytest

from activities.banks.directory import add_institution
from activities.secrets import SecretBox
from schemas.banks.institutions import InstitutionEntry
from schemas.enums import Role
from tests.api.conftest import BANKS, SECRET, Doors, line

WHY = {"reason": "both banks were called"}


async def a_doubt(doors: Doors, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A case whose bank claims a hold above the balance it tells, and the discrepancy."""
    ack_no: str = (await doors.complain())["ack_no"]
    told = await doors.answer("SBIN", ack_no, line("held", root_effective_balance="1250.00") | changes)
    assert told.status_code == 200, told.text
    items = (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]
    (doubt,) = [item for item in items if item["kind"] == "balance_below_hold"]
    return ack_no, doubt


async def test_what_a_balance_means_is_what_the_directory_says_of_the_bank(doors: Doors) -> None:
    bank = next(bank for bank in BANKS if bank["code"] == "SBIN")
    entry = InstitutionEntry.model_validate(bank | {"wire": bank["wire"] | {"balance_includes_liens": False}})
    ctx = doors.services.ctx
    await add_institution(ctx.pool, SecretBox(SECRET), entry, over=True)
    await ctx.directory.refresh()
    ack_no: str = (await doors.complain())["ack_no"]
    told = await doors.answer("SBIN", ack_no, line("held", root_effective_balance="1250.00"))
    assert told.status_code == 200, told.text
    items = (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]
    assert items == []


async def now(doors: Doors, ack_no: str, doubt: dict[str, Any]) -> dict[str, Any]:
    items = (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]
    found: dict[str, Any] = next(item for item in items if item["discrepancy_id"] == doubt["discrepancy_id"])
    return found


def door(doubt: dict[str, Any]) -> str:
    return f"/api/v1/discrepancies/{doubt['discrepancy_id']}/settle"


async def test_a_discrepancy_is_shown_with_both_figures_and_how_it_was_settled(doors: Doors) -> None:
    ack_no, doubt = await a_doubt(doors)
    assert (doubt["claimed_paise"], doubt["applied_paise"]) == (5_000_00, 1_250_00)
    assert (doubt["resolution"], doubt["proposed"]) == (None, [])
    response = await doors.post(door(doubt), {"decision": "noted", **WHY})
    assert (response.status_code, response.json()) == (
        200,
        {
            "discrepancy_id": doubt["discrepancy_id"],
            "case_ack_no": ack_no,
            "settled": True,
            "resolution_no": 1,
        },
    )
    resolution = (await now(doors, ack_no, doubt))["resolution"]
    assert (resolution["decision"], resolution["settled_by"], resolution["reason"]) == (
        "noted",
        "officer:officer1",
        WHY["reason"],
    )


async def test_a_hold_is_taken_back_by_two_officers_of_whom_one_supervises(doors: Doors) -> None:
    ack_no, doubt = await a_doubt(doors)
    doors.notifier.told.clear()
    body = {"decision": "upheld_other", **WHY}
    proposed = await doors.post(door(doubt), body)
    assert (proposed.status_code, proposed.json()["settled"]) == (202, False)
    assert (await now(doors, ack_no, doubt))["proposed"] == ["upheld_other"]
    assert (await doors.post(door(doubt), body, Role.SUPERVISOR)).status_code == 202, "it is the same officer"
    assert doors.notifier.told == []
    other = doors.officer(Role.SUPERVISOR, "chief")
    done = await doors.client.post(door(doubt), json=body, headers=other)
    assert (done.status_code, done.json()["settled"]) == (200, True)
    assert [told.case_no for told in doors.notifier.told] == [ack_no]
    buckets = (await doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]
    assert (buckets["held"], buckets["in_play"]) == (1_250_00, 3_750_00)
    resolution = (await now(doors, ack_no, doubt))["resolution"]
    assert (resolution["settled_by"], resolution["proposed_by"]) == ("officer:chief", "officer:officer1")


async def test_a_resolution_that_cannot_be_is_refused(doors: Doors, subtests: pytest.Subtests) -> None:
    _, doubt = await a_doubt(doors)
    for changes, status, name in (
        ({"decision": "maybe"}, 422, "invalid-request"),
        ({"reason": ""}, 422, "invalid-request"),
        ({"replaces": 0}, 422, "invalid-request"),
        ({"replaces": 1}, 409, "not-now"),
        ({"amount_paise": 1}, 422, "invalid-request"),
    ):
        with subtests.test(changes=changes):
            response = await doors.post(door(doubt), {"decision": "noted", **WHY, **changes})
            assert (response.status_code, response.json()["type"]) == (status, f"urn:goldenhour:problem:{name}"), (
                response.text
            )


async def test_a_discrepancy_that_is_not_there(doors: Doors) -> None:
    for number, status in ((2**62, 404), (2**63, 422), ("x", 422)):
        response = await doors.post(f"/api/v1/discrepancies/{number}/settle", {"decision": "noted", **WHY})
        assert response.status_code == status, response.text


async def test_banks_are_counted(doors: Doors) -> None:
    _, doubt = await a_doubt(doors)

    async def counts() -> dict[str, tuple[int, int]]:
        items = (await doors.read("/api/v1/discrepancies/by-bank"))["items"]
        return {i["kind"]: (i["opened"], i["unresolved"]) for i in items if i["institution"] == "SBIN"}

    before = await counts()
    assert (await doors.post(door(doubt), {"decision": "noted", **WHY})).status_code == 200
    opened, unresolved = before["balance_below_hold"]
    assert (await counts())["balance_below_hold"] == (opened, unresolved - 1)
    page = (await doors.client.get("/metrics")).text
    assert 'goldenhour_discrepancies_total{kind="balance_below_hold"}' in page
    assert 'goldenhour_discrepancies_resolved_total{decision="noted"}' in page


async def test_an_account_over_its_cases_and_out_of_the_logs(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ack_no, _ = await a_doubt(doors)
    response = await doors.post("/api/v1/accounts/search", {"institution": "SBIN", "account": "0030000000001"})
    assert response.status_code == 200, response.text
    told = response.json()
    assert (told["institution"], told["balance_paise"]) == ("SBIN", 1_250_00)
    assert ack_no in {item["case_ack_no"] for item in told["items"]}
    assert "30000000001" not in caplog.text
    unknown = await doors.post("/api/v1/accounts/search", {"institution": "SBIN", "account": "999"})
    assert (unknown.status_code, "999" in unknown.json().get("detail", "")) == (404, False)
