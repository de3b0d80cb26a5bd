"""The codes that open the page for account holders: tries, limits, and their end."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api.services import Services
from db.pool import Pool
from domain.policy.callers import RateLimit, TryName
from schemas.enums import Role
from tests.api.conftest import opened
from tests.api.recovery.test_appeal_page import CONTACT, REFERENCE, Holder, holder, words_of
from tests.desk_tasks import bank_notes
from tests.said import said

__all__ = ["holder"]


# -- codes -------------------------------------------------------------------------------------------------------------


async def test_a_reference_that_is_none_looks_exactly_like_one_that_is(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    known = [
        await holder.post("/appeal?lang=en", reference=reference, step="code"),
        await holder.post("/appeal?lang=en", reference=reference, code="00000000", step="enter"),
    ]
    unknown = [
        await holder.post("/appeal?lang=en", reference=REFERENCE, step="code"),
        await holder.post("/appeal?lang=en", reference=REFERENCE, code="00000000", step="enter"),
    ]
    for one, other in zip(known, unknown, strict=True):
        assert one.status_code == other.status_code
        assert one.text.replace(reference, REFERENCE) == other.text
        assert set(one.headers) == set(other.headers)
    assert known[1].status_code == 422


async def test_what_is_asked_about_a_reference_takes_its_time(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The response waits until so long after the question, whatever the work took of it."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("api.recovery.appeal_page.ANSWERS_AFTER_SECONDS", 3600.0)
    clock = SimpleNamespace(get_running_loop=asyncio.get_running_loop, sleep=sleep)
    monkeypatch.setattr("api.throttle.asyncio", clock)
    for fields in ({"step": "code"}, {"step": "enter", "code": "12345678"}):
        await holder.post("/appeal", reference=REFERENCE, **fields)
    assert len(slept) == 2
    assert all(3000.0 < seconds <= 3600.0 for seconds in slept)


async def test_codes_of_a_reference_are_counted_known_or_not(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    before = len(await holder.arrived())
    for name in (reference, REFERENCE):
        answers = [await holder.post("/appeal?lang=en", reference=name, step="code") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        assert "Please wait 15 minutes" in words_of(answers[-1])
    codes = [text for text in await holder.arrived() if re.search(r"\b[0-9]{8}\b", text)]
    assert len(codes) == 4 * 2, "in two languages"
    assert len(await holder.arrived()) == before + 8


async def test_tries_from_one_address_are_counted(services: Services) -> None:
    rules = services.ctx.policy.doors
    few = rules.tries | {TryName.APPEAL_TRIES: RateLimit(calls=2, seconds=60, source="a test")}
    policy = services.ctx.policy.model_copy(update={"doors": rules.model_copy(update={"tries": few})})
    async with opened(replace(services, ctx=replace(services.ctx, policy=policy))) as doors:
        answers = [await doors.client.post("/appeal", data={"reference": "short"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert answers[-1].headers["content-type"].startswith("text/html")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 31


async def everything(pool: Pool) -> str:
    """Every row of every table, as text."""
    tables = await pool.fetch("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    rows = [await pool.fetch(f"SELECT t::text AS row FROM {table['name']} t") for table in tables]
    return "\n".join(row["row"] for table in rows for row in table)


async def test_the_database_never_has_a_code_that_is_sent_nor_a_visit(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    token = visit.removeprefix("/appeal/").partition("?")[0]
    code = await holder.code()
    kept = await everything(holder.doors.services.ctx.pool)
    assert reference in kept
    assert code not in kept
    assert token not in kept


async def test_a_code_that_cannot_be_sent_is_given_up_and_forgotten_when_its_time_is_over(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    await holder.arrived()
    holder.gateway.down = True
    await holder.post("/appeal?lang=en", reference=reference, step="code")
    pool = holder.doors.services.ctx.pool
    told, *_ = await said(holder.doors.services.ctx, "grievance_code", language="en")
    code = re.findall(r"\b[0-9]{8}\b", told.body)[0]
    for _ in range(12):
        await holder.arrived()
        holder.at += timedelta(minutes=1)
    holder.gateway.down = False
    before = len(holder.gateway.messages)
    assert len(await holder.arrived()) == before, "no person is sent a code that opens nothing any more"
    assert code not in await everything(pool)
    messages = (await holder.doors.read("/api/v1/messages", Role.DESK, in_trouble="true"))["items"]
    given_up = [one for one in messages if (one["kind"], one["medium"]) == ("grievance_code", "sms")]
    assert {one["failure"] for one in given_up} == {"its time is over"}
    again = await holder.doors.post(f"/api/v1/messages/{given_up[0]['message_id']}/send-again", {}, Role.DESK)
    assert (again.status_code, again.json()["code"]) == (409, "message_expired")


async def test_where_no_contact_is_known_the_bank_passes_the_code_on(holder: Holder) -> None:
    case_no, hold_id, reference = await holder.hold()
    asked = await holder.post("/appeal?lang=en", reference=reference, step="code")
    assert "Then your bank gives you a code" in words_of(asked)
    pool = holder.doors.services.ctx.pool
    tasks = await bank_notes(pool, "case_no = $1 AND kind = 'phone_bank'", case_no)
    assert ("SBIN", f"the holder of {reference} cannot be told: “code for the page of appeals”") in tasks
    path, why = f"/api/v1/holds/{hold_id}/appeal-code", {"reason": "for the bank, Shri Rao"}
    refused = await holder.doors.post(path, why, Role.DESK)
    assert (refused.status_code, refused.json()["code"]) == (409, "holder_unreachable")
    await pool.execute("UPDATE institution SET desk_email = 'desk@sbin.example' WHERE code = 'SBIN'")
    made = await holder.doors.post(path, why, Role.DESK)
    assert made.status_code == 201, made.text
    assert "code" not in made.json(), "no officer sees it"
    letter, *_ = await said(holder.doors.services.ctx, "appeal_code", to_whom="bank")
    code = re.findall(r"\b[0-9]{8}\b", letter.body)[0]
    holder.at += timedelta(days=6)
    entered = await holder.post("/appeal?lang=en", reference=reference, code=code, step="enter")
    assert entered.status_code == 303
    log = await holder.doors.read(f"/api/v1/cases/{case_no}/events", Role.AUDITOR)
    assert code not in str(log)
    assert "appeal_code_made" in [event["kind"] for event in log["items"]]
