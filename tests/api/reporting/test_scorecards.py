"""The scorecard by bank as JSON and CSV, and the call list, over the doors."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.reporting.scorecards import scorecard_table
from schemas.enums import AnswerClass, DiscrepancyKind, EscalationLevel, Role
from schemas.reporting.scorecards import Percentiles, Scorecard
from schemas.text import IST
from tests.api.conftest import Doors, line, transfer

SCORECARDS = "/api/v1/scorecards"
CALLS = "/api/v1/desk/call-list"


async def asked(doors: Doors, institution: str = "SBIN", minutes_ago: float = 10, **changes: Any) -> str:
    """A case whose money was asked for at a bank some minutes ago; returns its number."""
    ack_no: str = (await doors.complain(**changes))["ack_no"]
    sent_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    await doors.services.ctx.pool.execute(
        "UPDATE hold_request SET state = 'delivered', planned_at = $3, sent_at = $3, delivered_at = $4"
        " WHERE case_no = $1 AND institution = $2",
        ack_no,
        institution,
        sent_at,
        sent_at + timedelta(seconds=2),
    )
    return ack_no


def told_at(minutes_ago: float) -> dict[str, str]:
    moment = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).astimezone(IST)
    return {"transaction_datetime": moment.strftime("%Y-%m-%d %H:%M:%S")}


def rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "disputed_amount": amount}


async def told(doors: Doors) -> None:
    """SBIN holds ₹2,000 of ₹5,000, says ₹1,000 had moved on before it was asked, and ₹500 was drawn after."""
    ack_no = await asked(doors, minutes_ago=10)
    answered = await doors.answer(
        "SBIN",
        ack_no,
        line("held", **rupees("2000.00")),
        line("moved", **rupees("1000.00"), **told_at(15)),
        line("atm", **rupees("500.00"), **told_at(5)),
        line("atm", **rupees("9000.00"), **told_at(4), atm_id="A2", rrn_transaction_id="712345678901"),
    )
    assert answered.status_code == 200


async def test_a_scorecard_says_how_a_bank_answers(doors: Doors) -> None:
    await told(doors)
    page = await doors.read(SCORECARDS)
    onward, item = page["items"]
    assert page["next"] is None
    assert (onward["institution"], onward["requests"], onward["held_paise"]) == ("HDFC", 1, 0)
    assert (item["institution"], item["name"], item["answer_class"]) == ("SBIN", "State Bank of India", "api")
    assert item["hour"] is None
    assert (item["requests"], item["delivered"], item["answered"], item["due"], item["silent"]) == (1, 1, 1, 1, 0)
    assert item["sent_to_delivered"] == {"count": 1, "p50_seconds": 2, "p95_seconds": 2, "p99_seconds": 2}
    assert item["delivered_to_answer"]["p50_seconds"] == pytest.approx(598, abs=60)
    # Of the last line's ₹9,000 there were ₹1,500 left to take.
    assert (item["held_paise"], item["gone_before_paise"], item["gone_after_paise"]) == (2_000_00, 1_000_00, 2_000_00)
    assert (item["placed_paise"], item["moved_before_share"]) == (5_000_00, 0.2)
    assert (item["reachable_paise"], item["held_of_reachable"]) == (4_000_00, 0.5)
    assert item["discrepancies"]["held_and_gone"] == 1
    assert set(item["levels"]) == {level.value for level in EscalationLevel}


async def test_a_silent_bank_is_silent_after_the_reminders_time(doors: Doors) -> None:
    await asked(doors, minutes_ago=4)
    (item,) = (await doors.read(SCORECARDS))["items"]
    assert (item["due"], item["silent"], item["silent_rate"]) == (0, 0, None)
    await doors.services.ctx.pool.execute("UPDATE hold_request SET delivered_at = delivered_at - interval '10 minutes'")
    (item,) = (await doors.read(SCORECARDS))["items"]
    assert (item["due"], item["silent"], item["silent_rate"]) == (1, 1, 1.0)


async def period(doors: Doors, start: str, **query: str) -> Any:
    query |= {"from": start, "to": "2026-11-21"}
    return await doors.read(SCORECARDS, Role.SUPERVISOR, **query)


async def test_by_hour_of_indian_day(doors: Doors) -> None:
    await told(doors)
    await doors.services.ctx.pool.execute(
        "UPDATE hold_request SET sent_at = '2026-11-20T10:40:00+05:30', delivered_at = '2026-11-20T10:41:00+05:30'"
    )
    items = (await period(doors, "2026-11-20", by="hour"))["items"]
    assert [(item["institution"], item["hour"], item["requests"]) for item in items] == [
        ("HDFC", 10, 1),
        ("SBIN", 10, 1),
    ]
    assert (await period(doors, "2026-11-20T10:40:00.1"))["items"] == []


async def test_pages_are_of_banks(doors: Doors) -> None:
    for number, bank in enumerate(("SBIN", "PYTM", "HDFC")):
        payee = {"institution": bank, "account": "30000000001"}
        await asked(doors, bank, transfers=[transfer(f"41234567890{number}", payee=payee)])
    found: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = await doors.read(SCORECARDS, limit=1, **after)
        found += [item["institution"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == ["HDFC", "PYTM", "SBIN"]
    (item,) = (await doors.read(SCORECARDS, institution="PYTM"))["items"]
    assert item["institution"] == "PYTM"


@pytest.mark.parametrize("by_header", [True, False])
async def test_as_a_table(doors: Doors, by_header: bool) -> None:
    await told(doors)
    path, headers = (SCORECARDS, {"Accept": "text/csv"}) if by_header else (f"{SCORECARDS}.csv", {})
    response = await doors.client.get(path, headers=doors.officer(Role.AUDITOR) | headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "scorecards.csv" in response.headers["content-disposition"]
    onward, row = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert (onward["institution"], onward["requests"]) == ("HDFC", "1")
    assert (row["institution"], row["held_paise"], row["moved_before_share"]) == ("SBIN", "200000", "0.2")
    assert (row["sent_to_delivered_p50_seconds"], row["hour"], row["silent_rate"]) == ("2.0", "", "0.0")
    assert (row["discrepancies_held_and_gone"], row["levels_give_up"]) == ("1", "0")


def test_a_name_is_no_formula() -> None:
    evil = Scorecard(
        institution="EVIL",
        name='=HYPERLINK("http://x","y")',
        answer_class=AnswerClass.API,
        levels=dict.fromkeys(EscalationLevel, 0),
        discrepancies=dict.fromkeys(DiscrepancyKind, 0),
        sent_to_delivered=Percentiles(),
    )
    (row,) = csv.DictReader(io.StringIO(scorecard_table([evil]).to_csv()))
    assert row["name"].startswith("'=")


async def test_a_question_that_is_none_is_named(doors: Doors, subtests: pytest.Subtests) -> None:
    for query, field, words in (
        ({"from": "2026-11-02", "to": "2026-11-01"}, "from", "not before"),
        ({"from": "2026-11-01", "to": "2026-11-01"}, "from", "not before"),
        ({"from": "2024-11-01", "to": "2026-11-01"}, "from", "366 days"),
        ({"to": "0001-01-02"}, "to", "2000"),
        ({"from": "9999-12-31T23:59:59Z"}, "from", "2100"),
        ({"from": "yesterday"}, "from", "datetime"),
        ({"by": "day"}, "by", "hour"),
        ({"institution": "no such code"}, "institution", "pattern"),
        ({"limit": "0"}, "limit", "greater"),
        ({"after": "x"}, "after", "cursor"),
    ):
        with subtests.test(query=query):
            response = await doors.client.get(SCORECARDS, params=query, headers=doors.officer(Role.DESK))
            assert response.status_code == 422
            (violation,) = response.json()["violations"]
            assert violation["field"] == field
            assert words in violation["message"]


async def test_the_call_list_says_whom_to_call_and_why(doors: Doors) -> None:
    small = await asked(doors, transfers=[transfer("412345678902", 1_000_00)])
    large = await asked(doors, transfers=[transfer("412345678903", 90_000_00)])
    found = await doors.read(CALLS)
    assert [item["case_ack_no"] for item in found["items"]] == [large, small]
    assert (await doors.read(CALLS, limit=1))["waiting_requests"] == 2
    (first, *_) = (await doors.read(CALLS, language="hi"))["items"]
    assert first["say"][0].startswith("मैं साइबर अपराध पुलिस से"), first["say"]
    first = found["items"][0]
    assert first["institution"]["nodal_officers"][0]["mobile"] == "9000000001"
    assert first["hops"][0]["reference"] == "412345678903"
    assert any("412345678903: ₹90,000, on" in sentence for sentence in first["say"])
    factors = first["factors"]
    assert factors["in_play_paise"] == 90_000_00
    assert 0 < factors["still_there_share"] < 1
    assert 0 < factors["stays_silent_share"] < 1
    product = 90_000_00 * factors["still_there_share"] * factors["stays_silent_share"]
    assert first["likely_still_there_paise"] == round(product)


async def test_who_called_or_whom_stands_in_no_log(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="goldenhour")
    await asked(doors)
    await doors.read(CALLS)
    assert "9000000001" not in caplog.text
    assert "30000000001" not in caplog.text
