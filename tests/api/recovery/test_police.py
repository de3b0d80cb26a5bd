"""The police side over HTTP: officers, reports, orders of courts with their PDF, duties, messages."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from activities.recovery import hold_lifecycle
from api.recovery.police import DOCUMENT_BODY_MAX_BYTES
from schemas.case.police import DOCUMENT_MAX_BYTES
from schemas.enums import Role
from schemas.text import IST
from simulator.people.police import one_page_pdf
from tests.api.conftest import Doors, line, transfer
from tests.api.role_matrix import BODIES

MISSING = "00000000-0000-4000-8000-000000000000"
WHY = {"reason": "as the documents say"}


def today() -> str:
    return datetime.now(UTC).astimezone(IST).date().isoformat()


def order(**changes: Any) -> dict[str, Any]:
    told = {"kind": "bnss_503", "effect": "keep_hold", "court": "CJM Lucknow", "order_no": "1/26", "made_on": today()}
    return told | changes


@pytest.fixture
async def case(doors: Doors) -> str:
    """A case with ₹5,000 on hold at SBIN, its duties open and its victim told."""
    ack_no: str = (await doors.complain())["ack_no"]
    assert (await doors.answer("SBIN", ack_no, line("held"))).status_code == 200
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, ack_no)
    return ack_no


async def side(doors: Doors, case: str) -> Any:
    return await doors.read(f"/api/v1/cases/{case}/police", Role.IO)


async def test_an_officer_is_assigned_and_seen(doors: Doors, case: str) -> None:
    told = await doors.post(f"/api/v1/cases/{case}/officer", BODIES["officer"] | {"email": "r@police.example"}, Role.SP)
    assert told.status_code == 201, told.text
    assert told.json()["assignment_no"] == 1
    assert told.json()["assigned_by"] == "officer:officer1"
    assert (await side(doors, case))["officers"] == [told.json()]
    for wrong in ({"phone": "12"}, {"email": "a@b, c@d"}, {"subject": "r sharma"}, {"duty": "driver"}):
        refused = await doors.post(f"/api/v1/cases/{case}/officer", BODIES["officer"] | wrong, Role.SP)
        assert refused.status_code == 422, wrong
        assert refused.json()["violations"][0]["field"] in wrong


async def test_h3_no_officer_assigns_themselves(doors: Doors, case: str) -> None:
    for subject in ("officer1", "Officer1"):
        refused = await doors.post(f"/api/v1/cases/{case}/officer", BODIES["officer"] | {"subject": subject}, Role.SP)
        assert (refused.status_code, refused.json()["code"]) == (403, "assigned_by_themselves"), refused.text
    assert (await side(doors, case))["officers"] == []
    told = await doors.post(f"/api/v1/cases/{case}/officer", BODIES["officer"] | {"subject": "R.Sharma"}, Role.SP)
    assert told.json()["subject"] == "r.sharma"
    with pytest.raises(asyncpg.CheckViolationError, match="case_officer_four_eyes"):
        await doors.services.ctx.pool.execute("UPDATE case_officer SET assigned_by = 'officer:R.Sharma'")


async def test_a_report_is_asked_for_recorded_and_signed(doors: Doors, case: str) -> None:
    asked = await doors.post(f"/api/v1/cases/{case}/fir", {"kind": "e_zero_fir"}, Role.IO)
    assert (asked.status_code, asked.json()["state"]) == (200, "requested")
    registered_at = datetime.now(UTC) - timedelta(hours=1)
    by_hand = {"fir_no": "EZ01/26", "police_station": "Cyber", "registered_at": registered_at.isoformat()}
    recorded = await doors.post(f"/api/v1/cases/{case}/fir", {"kind": "e_zero_fir", "by_hand": by_hand}, Role.IO)
    assert recorded.json()["fir_id"] == asked.json()["fir_id"]
    assert recorded.json()["state"] == "registered"
    path = f"/api/v1/cases/{case}/fir/{asked.json()['fir_id']}/sign"
    copies = path.replace("sign", "copy")
    assert (await doors.client.get(copies, headers=doors.officer(Role.IO))).status_code == 404
    pdf = one_page_pdf("the report") + b"\0" * 200_000
    copied = await doors.post(copies, {"document": b64encode(pdf).decode()}, Role.IO)
    assert copied.json()["document_digest"] == sha256(pdf).hexdigest(), copied.text
    assert (await doors.client.get(copies, headers=doors.officer(Role.IO))).content == pdf
    signing = {"signed_at": datetime.now(UTC).isoformat(), **WHY}
    signed = await doors.post(path, signing, Role.IO)
    assert (signed.status_code, signed.json()["state"]) == (200, "signed"), signed.text
    again = await doors.post(f"/api/v1/cases/{case}/fir", {"kind": "fir"}, Role.IO)
    assert again.json()["type"] == "urn:goldenhour:problem:not-now"
    unknown = await doors.post(f"/api/v1/cases/{case}/fir/{MISSING}/sign", signing, Role.IO)
    assert unknown.status_code == 404


async def test_an_order_comes_with_its_pdf_and_goes_out_again_as_it_came(doors: Doors, case: str) -> None:
    pdf = one_page_pdf("order") + b"\0" * 1_000_000
    path = f"/api/v1/cases/{case}/court-orders"
    taken = await doors.post(path, order(document=b64encode(pdf).decode()), Role.IO)
    assert taken.status_code == 200, taken.text
    assert (await doors.post(path, order(document=b64encode(pdf).decode()), Role.DESK)).json() == taken.json()
    number = taken.json()["court_order_id"]
    got = await doors.client.get(f"{path}/{number}/document", headers=doors.officer(Role.SP))
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert got.content == pdf
    assert got.headers["content-disposition"].startswith("attachment")
    withdrawn = await doors.post(f"{path}/{number}/withdraw", WHY, Role.IO)
    assert withdrawn.json()["withdrawn_by"] == "officer:officer1"
    assert [kept["withdrawn_reason"] for kept in (await side(doors, case))["court_orders"]] == [WHY["reason"]]


async def test_an_order_to_release_is_confirmed_by_a_second_officer_who_has_it(doors: Doors, case: str) -> None:
    path = f"/api/v1/cases/{case}/court-orders"
    told = {name: value for name, value in order(kind="writ", effect="release").items() if name != "document"}
    taken = await doors.post("/api/v1/court-orders", told | {"about": [{"ack_no": case}]}, Role.DESK)
    assert taken.status_code == 200, taken.text
    (known,) = taken.json()["orders"]
    of_it = f"{path}/{known['court_order_id']}"
    assert (await doors.post(f"{of_it}/confirm", WHY, Role.DESK)).json()["type"] == "urn:goldenhour:problem:not-allowed"
    same = await doors.post(f"{of_it}/confirm", WHY, Role.IO)
    assert same.json()["type"] == "urn:goldenhour:problem:four-eyes"
    pdf = one_page_pdf("order") + b"\0" * 1_000_000
    put = await doors.post(f"{of_it}/document", {"document": b64encode(pdf).decode()}, Role.IO)
    assert put.status_code == 200, put.text
    assert put.json()["document_digest"] == sha256(pdf).hexdigest()
    headers = doors.officer(Role.SP, "officer2")
    confirmed = await doors.client.post(f"{of_it}/confirm", json=WHY, headers=headers)
    assert (confirmed.status_code, confirmed.json()["confirmed_by"]) == (200, "officer:officer2"), confirmed.text
    nobodys = await doors.post("/api/v1/court-orders", told | {"about": [{"ack_no": case, "institution": "HDFC"}]})
    assert nobodys.status_code == 422


async def test_what_is_refused_of_an_order(doors: Doors, case: str) -> None:
    path = f"/api/v1/cases/{case}/court-orders"
    for wrong, field in (
        ({"document": b64encode(b"no pdf").decode()}, "document"),
        ({"made_on": 20_000}, "made_on"),
        ({"made_on": "24-11-2026"}, "made_on"),
        ({"institution": "SBIN"}, "body"),
    ):
        refused = await doors.post(path, order(**wrong), Role.IO)
        assert refused.status_code == 422, wrong
        assert refused.json()["violations"][0]["field"] == field
    unknown = await doors.post(path, order(institution="A_BANK_AS_DIRECTORY", account="300"), Role.IO)
    assert (unknown.status_code, unknown.json()["params"]) == (404, {"institution": "A_BANK_AS_DIRECTORY"})
    tomorrow = (datetime.now(UTC).astimezone(IST).date() + timedelta(days=1)).isoformat()
    for wrong in ({"made_on": tomorrow}, {"amount_paise": 5_000_01}):
        refused = await doors.post(path, order(**wrong), Role.IO)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:goldenhour:problem:not-now"), wrong
    large = b64encode(one_page_pdf("order") + b"0" * DOCUMENT_MAX_BYTES).decode()
    assert (await doors.post(path, order(document=large), Role.IO)).status_code == 422
    refused = await doors.post(path, order(document="0" * (DOCUMENT_BODY_MAX_BYTES + 1)), Role.IO)
    assert refused.status_code == 413
    assert (await doors.post(f"/api/v1/cases/{case}/officer", {"duty": "0" * 100_000}, Role.SP)).status_code == 413


async def test_a_duty_is_done_by_an_officer_who_says_why(doors: Doors, case: str) -> None:
    assert [duty["kind"] for duty in (await side(doors, case))["duties"]] == ["magistrate_report", "follow_up"]
    path = f"/api/v1/cases/{case}/duties/follow_up/done"
    for nothing in ({"reason": " "}, {}, {"handed_in": {"diary_no": "DD 4/2026"}}):
        assert (await doors.post(path, nothing, Role.IO)).status_code == 422
    done = await doors.post(path, WHY, Role.IO)
    assert (done.status_code, done.json()["done_by"], done.json()["reason"]) == (200, "officer:officer1", WHY["reason"])
    assert (await doors.post(path, WHY, Role.IO)).json()["type"] == "urn:goldenhour:problem:not-now"
    report = path.replace("follow_up", "magistrate_report")
    assert (await doors.post(report, WHY, Role.IO)).status_code == 409, "the court's diary is asked for"
    handed_in = {"diary_no": "DD 4/2026", "at": datetime.now(UTC).isoformat()}
    done = await doors.post(report, {"handed_in": handed_in}, Role.IO)
    assert (done.status_code, done.json()["diary_no"], done.json()["reason"]) == (200, "DD 4/2026", "")
    assert (await doors.post(f"/api/v1/cases/{case}/duties/fir_signature/done", WHY, Role.IO)).status_code == 404


async def test_messages_are_seen_without_their_text(doors: Doors, case: str) -> None:
    page = await doors.read(f"/api/v1/cases/{case}/messages", Role.DESK)
    (message,) = page["items"]
    assert (message["kind"], message["to_whom"], message["language"]) == ("money_held", "victim", "hi")
    assert "9876543210" not in str(page)
    assert "body" not in message
    again = await doors.post(f"/api/v1/messages/{message['message_id']}/send-again", {})
    assert (again.status_code, again.json()["attempts"]) == (200, 0)
    assert (await doors.post(f"/api/v1/messages/{MISSING}/send-again", {})).status_code == 404
    assert (await doors.read("/api/v1/messages", in_trouble="true"))["items"] == []
    await doors.services.ctx.pool.execute("UPDATE outgoing SET failure = 'down'")
    assert [row["failure"] for row in (await doors.read("/api/v1/messages", in_trouble="true"))["items"]] == ["down"]
    wrong = await doors.client.get(
        "/api/v1/messages", headers=doors.officer(Role.DESK), params={"after": "WyJ4IiwieSJd"}
    )
    assert wrong.status_code == 422


async def test_a_complaint_may_say_language_and_address(doors: Doors) -> None:
    victim = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW"}
    told = victim | {"language": "en", "email": "asha@example.org"}
    await doors.complain(victim=told, transfers=[transfer(rrn="499999999999")])
    ctx = doors.services.ctx
    ack_no = await ctx.pool.fetchval("SELECT ack_no FROM complaint JOIN victim USING (victim_id) WHERE language = 'en'")
    async with ctx.pool.acquire() as connection:
        assert (await ctx.persons.victim_of(connection, ack_no)).email == "asha@example.org"
    body = {"channel": "portal", "category": "upi_fraud", "victim": victim | {"language": "fr"}}
    refused = await doors.client.post(
        "/api/v1/complaints",
        json=body | {"transfers": [transfer()]},
        headers={**doors.officer(Role.INTAKE), "Idempotency-Key": "language"},
    )
    assert refused.json()["violations"][0]["field"] == "victim.language"
