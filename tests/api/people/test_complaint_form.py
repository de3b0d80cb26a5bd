"""The public complaint form: the banks are asked first, no one is believed alone, and nothing is shown to another."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest

from activities.people.public_complaints import take_missed_call, tell_desk
from activities.recovery.message_recipients import Concerned, notify_people
from api.people.complaint_form import COOKIE
from api.services import Services
from db.privacy import jurisdiction
from domain.message_rules import NotificationEvent
from domain.policy.callers import TryName
from schemas.enums import Role
from schemas.notifications import MessageFacts
from schemas.people.drafts import MissedCall
from tests.api.conftest import Doors, opened
from tests.api.people.form_bench import STORY, WHO, Visitor, reach, row, seen, taken
from tests.clock import Clock, at_clock
from tests.factories import rrn

UNCONFIRMED, CODES = TryName.FORM_UNCONFIRMED, TryName.FORM_CODES


@pytest.fixture
def visitor(doors: Doors) -> Visitor:
    return Visitor(doors)


async def ack_no_of(doors: Doors, reference: str) -> str:
    found = await row(doors, "SELECT ack_no FROM complaint_transfer WHERE rrn = $1", reference)
    return str(found["ack_no"])


async def public_draft(doors: Doors, ack_no: str) -> tuple[bool, bool]:
    found = await row(
        doors,
        "SELECT p.confirmed_at IS NOT NULL AS confirmed, p.finished_at IS NOT NULL AS finished FROM public_draft p"
        " JOIN draft d USING (draft_id) WHERE d.ack_no = $1",
        ack_no,
    )
    return found["confirmed"], found["finished"]


async def test_the_banks_are_asked_first_and_the_person_comes_after(visitor: Visitor) -> None:
    doors, told = visitor.doors, taken()
    assert await visitor.go("/complain?lang=en", **told) == "/complain/who"
    ack_no = await ack_no_of(doors, told["reference"])
    assert len(doors.notifier.told) == 1, "the banks are asked before anything of the person is typed"
    before = await doors.read(f"/api/v1/cases/{ack_no}/victim")
    assert (before["victim"]["name"], before["reach"]) == ("not stated", None)
    page = seen(await visitor.get("/complain/who?lang=en"))
    assert "Asked to stop the money: HDFC Bank." in page
    assert re.search(r"The first page was sent at [0-9]{2}:[0-9]{2} IST", page)

    assert await visitor.go("/complain/who?lang=en", **WHO) == "/complain/story"
    assert await visitor.go("/complain/story?lang=en", **STORY) == "/complain/reach"
    assert await visitor.go("/complain/reach?lang=en", **reach(quiet="yes", officer="yes")) == "/complain/check"
    page = seen(await visitor.get("/complain/check?lang=en"))
    for fact in (
        "₹5,000",
        told["reference"],
        "Asha Devi",
        "Lucknow",
        "98765",
        "under arrest",
        "From 10:00 to 18:00",
        "Do not say what",
    ):
        assert fact in page
    wrong = await visitor.post("/complain/check?lang=en", step="send", code="00000000", consent="yes")
    assert (wrong.status_code, "This code is wrong or too old" in seen(wrong)) == (422, True)
    code = await visitor.code()
    assert await visitor.go("/complain/check?lang=en", step="send", code=code, consent="yes") == "/complain/done"
    page = seen(await visitor.get("/complain/done?lang=hi"))
    assert f"आपकी शिकायत संख्या: {ack_no}" in page
    assert "पुष्टि नहीं हुई" not in page

    assert await public_draft(doors, ack_no) == (True, True)
    after = await doors.read(f"/api/v1/cases/{ack_no}/victim")
    assert (after["victim"]["name"], after["victim"]["mobile"]) == ("Asha Devi", "9876543210")
    assert (after["woman"], after["child"], after["language"]) == (True, False, "en")
    assert {
        name: after["reach"][name] for name in ("way", "from_hour", "to_hour", "is_quiet", "wants_woman_officer")
    } == {
        "way": "sms",
        "from_hour": 10,
        "to_hour": 18,
        "is_quiet": True,
        "wants_woman_officer": True,
    }
    (story,) = (await doors.read(f"/api/v1/complaints/{ack_no}/stories", Role.IO))["stories"]
    assert (story["text"], story["consent"], story["told_by"]) == (STORY["story"], True, "complainant")
    assert [follow_up.case_no for follow_up in doors.notifier.told][:1] == [ack_no]


async def test_a_further_transfer_and_the_same_transfer_are_one_case(visitor: Visitor) -> None:
    doors, first, second = visitor.doors, taken(), taken(amount="700.50")
    await visitor.go("/complain", **first)
    assert await visitor.go("/complain/transfer/2", **second) == "/complain/check"
    ack_no = await ack_no_of(doors, first["reference"])
    assert await ack_no_of(doors, second["reference"]) == ack_no
    by_officer = await doors.complain(
        transfers=[
            {
                "payer": {"institution": "SBIN", "account": "30000000009"},
                "payee": {"institution": "HDFC", "vpa": "ravi@okhdfc"},
                "amount_paise": 5_000_00,
                "rrn": first["reference"],
                "mode": "upi",
                "transferred_at": f"{first['day']}T14:02:00+05:30",
            }
        ]
    )
    assert (by_officer["case_ack_no"], by_officer["joined"]) == (ack_no, True)
    # The officer's complaint takes the limit away that an unconfirmed one has.
    assert (await row(doors, "SELECT unconfirmed_since($1) AS since", ack_no))["since"] is None


async def test_a_complaint_that_joins_a_case_leads_no_officer_to_it_before_its_code(visitor: Visitor) -> None:
    doors, told = visitor.doors, taken()
    paid = {
        "payer": {"institution": "SBIN", "account": "30000000009"},
        "payee": {"institution": "HDFC", "vpa": "ravi@okhdfc"},
        "amount_paise": 5_000_00,
        "rrn": told["reference"],
        "mode": "upi",
        "transferred_at": f"{told['day']}T14:02:00+05:30",
    }
    case_no = (await doors.complain(transfers=[paid]))["case_ack_no"]

    async def districts() -> set[str]:
        async with doors.services.ctx.pool.acquire() as connection:
            return set((await jurisdiction.places(connection, {case_no}))[case_no].districts)

    await visitor.go("/complain", **told)
    await visitor.go("/complain/who", **(WHO | {"district": "AGRA"}))
    await visitor.go("/complain/story", **STORY)
    await visitor.go("/complain/reach", **reach())
    assert await doors.services.ctx.pool.fetchval("SELECT count(*) FROM complaint WHERE case_no = $1", case_no) == 2
    assert await districts() == {"LUCKNOW"}
    await visitor.post("/complain/check", step="send", code=await visitor.code(), consent="yes")
    assert await districts() == {"LUCKNOW", "AGRA"}


async def test_what_is_wrong_is_said_above_and_beside_the_field_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    for lang, problem, error in (
        ("en", "There is a problem", "Enter the sum in rupees"),
        ("hi", "एक बात ठीक करें", "राशि रुपयों में लिखें"),
    ):
        answer = await visitor.post(f"/complain?lang={lang}&size=l", **taken(amount="many", bank="", to="someone@upi"))
        assert answer.status_code == 422
        assert f'<html lang="{lang}" class="large">' in answer.text
        assert 'role="alert" tabindex="-1" autofocus' in answer.text
        assert f'<a href="#amount">{error}' in answer.text
        assert 'id="amount-error"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert problem in seen(answer)
        for kept in ('value="many"', 'value="someone@upi"'):
            assert kept in answer.text
        assert f"/complain?lang={lang}&amp;size=l" in answer.text, "the form keeps language and size"
        first = re.findall(r'<button name="step" value="([a-z]+)"', answer.text)[0]
        assert first == "send", "Enter in a field sends the page"
    assert len(visitor.doors.notifier.told) == 0
    assert visitor.client.cookies.get(COOKIE) is None


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"reference": "T123"}, "reference"),
        ({"reference": "000000000000"}, "reference"),
        ({"day": "31-02-2026"}, "day"),
        ({"day": "28-11-2999", "clock": ""}, "day"),
        ({"clock": "25:99"}, "clock"),
        ({"amount": "0"}, "amount"),
    ],
)
async def test_a_transfer_that_no_bank_finds_is_asked_again(
    visitor: Visitor, typed: dict[str, str], error: str
) -> None:
    answer = await visitor.post("/complain?lang=en", **taken(**typed))
    assert (answer.status_code, f'id="{error}-error"' in answer.text) == (422, True)


async def test_an_unusual_reference_is_asked_for_once_and_then_taken(visitor: Visitor) -> None:
    told = taken(reference="T2611281405XYZ", day="28-11-2025", clock="2:05 pm", amount="₹ १२३४.५")
    answer = await visitor.post("/complain?lang=en", **told)
    assert "Banks do not know numbers of this form" in seen(answer)
    assert await visitor.go("/complain?lang=en", **told, sure="T2611281405XYZ") == "/complain/who"
    found = await row(
        visitor.doors,
        "SELECT amount_paise, transferred_at FROM complaint_transfer WHERE utr = 'T2611281405XYZ'",
    )
    assert (found["amount_paise"], found["transferred_at"]) == (1_234_50, datetime(2025, 11, 28, 8, 35, tzinfo=UTC))


async def test_the_sms_of_a_bank_is_read_into_the_fields(visitor: Visitor) -> None:
    reference = rrn()
    message = (
        "Your a/c XX1234 is debited for Rs.500.00 on 24-11-26 14:02:31, credited to ravi@okhdfc"
        f" (UPI Ref no {reference})."
    )
    page = await visitor.post("/complain?lang=en", message=message, step="read")
    for filled in (f'value="{reference}"', 'value="500"', 'value="2026-11-24"', 'value="14:02"', 'value="ravi@okhdfc"'):
        assert filled in page.text
    assert f"<mark>{reference} <small>(reference)</small></mark>" in page.text, "what is understood is marked"
    assert "<mark>500.00 <small>(sum)</small></mark>" in page.text
    page = await visitor.post("/complain?lang=en", message="448291 is your OTP for Rs.500 at SHOP", step="read")
    assert ("<mark>" in page.text, "We found no payment in this SMS" in page.text) == (False, True)


# -- no one is believed alone ------------------------------------------------------------------------------------------


async def test_a_large_sum_needs_a_confirmed_mobile_before_the_banks_are_asked(visitor: Visitor) -> None:
    doors, told = visitor.doors, taken(amount="2,50,000")
    assert await visitor.go("/complain?lang=en", **told) == "/complain/confirm"
    assert doors.notifier.told == []
    # The check page is no way around it.
    for path, fields in (("who", WHO), ("story", STORY), ("reach", reach(way="none", mobile=""))):
        await visitor.go(f"/complain/{path}", **fields)
    assert await visitor.go("/complain/check", step="send") == "/complain/confirm"
    assert doors.notifier.told == []
    asked = await visitor.post("/complain/confirm?lang=en", mobile="98765 00001", step="code")
    assert "on its way to the number ending in 01" in seen(asked)
    (message,) = await visitor.messages()
    assert message.startswith("9876500001\n")
    for matter in ("complain", "fraud", "police", "Police", "1930", "money"):
        assert matter not in message, "no short message names the matter"
    code = re.findall(r"\b[0-9]{8}\b", message)[0]
    assert (await visitor.post("/complain/confirm", code="12345678", step="enter")).status_code == 422
    assert await visitor.go("/complain/confirm", code=code, step="enter") == "/complain/who"
    assert len(doors.notifier.told) == 1
    ack_no = await ack_no_of(doors, told["reference"])
    assert await public_draft(doors, ack_no) == (True, False)
    # The code has proven this number, and not another one that is typed later.
    await visitor.go("/complain/reach", **reach(mobile="98765 00009"))
    assert await public_draft(doors, ack_no) == (False, False)
    more = taken(amount="2,50,000")
    assert await visitor.go("/complain/transfer/2", **more) == "/complain/confirm"
    assert len(doors.notifier.told) == 1
    (message,) = await visitor.messages()
    assert message.startswith("9876500009\n")
    code = re.findall(r"\b[0-9]{8}\b", message)[0]
    assert await visitor.go("/complain/confirm", code=code, step="enter") == "/complain/who"
    assert await public_draft(doors, ack_no) == (True, False)
    assert await ack_no_of(doors, more["reference"]) == ack_no


async def test_a_stranger_cannot_have_many_unconfirmed_complaints_asked(services: Services) -> None:
    policy = services.ctx.policy
    few = {name: policy.doors.tries[name].model_copy(update={"calls": 2}) for name in (UNCONFIRMED, CODES)}
    tries = {**policy.doors.tries, **few}
    strict = policy.model_copy(update={"doors": policy.doors.model_copy(update={"tries": tries})})
    async with opened(replace(services, ctx=replace(services.ctx, policy=strict))) as doors:
        visitor = Visitor(doors)
        for _ in range(2):
            assert await visitor.go("/complain", **taken()) == "/complain/who"
        assert await visitor.go("/complain", **taken()) == "/complain/confirm", "the code comes first"
        assert len(doors.notifier.told) == 2
        # A mobile gets a few codes, and the page says how long to wait.
        for text in ("on its way", "on its way", "Please wait"):
            asked = await visitor.post("/complain/confirm?lang=en", mobile="9876500002", step="code")
            assert text in seen(asked)


async def test_an_unconfirmed_complaint_is_told_to_the_desk_and_a_code_ends_that(services: Services) -> None:
    clock = Clock(datetime.now(UTC))
    async with opened(replace(services, ctx=at_clock(services.ctx, clock))) as doors:
        visitor, told = Visitor(doors), taken()
        await visitor.go("/complain?lang=en", **told)
        ack_no = await ack_no_of(doors, told["reference"])
        form_code = await visitor.form_code()
        rules = services.ctx.policy.public_form
        clock.at += timedelta(seconds=rules.tell_desk_after_seconds + 1)
        await tell_desk(doors.services.ctx)
        (task,) = (await doors.read("/api/v1/desk/tasks", case=ack_no))["items"]
        assert task["cause"] == "complaint_unconfirmed"
        assert f"complaint {ack_no} of the public page is not confirmed" in task["note"]
        assert (await visitor.post("/complain/who", **WHO)).status_code == 410, "the visit is over"
        await visitor.go("/complain/open", form_code=form_code)
        await visitor.post("/complain/confirm", mobile="9876500003", step="code")
        await visitor.go("/complain/confirm", code=await visitor.code(), step="enter")
        assert (await row(doors, "SELECT unconfirmed_since($1) AS since", ack_no))["since"] is None
        found = await row(doors, "SELECT state FROM desk_task WHERE task_id = $1", task["task_id"])
        assert found["state"] == "closed"


# -- a shared phone, a link, and a safe way ----------------------------------------------------------------------------


async def test_leaving_ends_the_visit_and_the_code_opens_it_again(visitor: Visitor) -> None:
    await visitor.go("/complain?lang=en", **taken())
    code = await visitor.form_code()
    token = visitor.client.cookies.get(COOKIE)
    assert token is not None
    left = await visitor.post("/leave")
    assert left.headers["location"] == "https://www.india.gov.in/"
    assert left.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert visitor.client.cookies.get(COOKIE) is None
    for cookies in ({}, {COOKIE: token}):
        visitor.client.cookies = httpx.Cookies(cookies)
        answer = await visitor.get("/complain/who")
        assert answer.headers["location"].startswith("/complain/open"), "the history of a browser opens nothing"
    visitor.client.cookies = httpx.Cookies({})
    assert (await visitor.get(f"/complain/{code}")).status_code == 200, "a link alone opens nothing"
    assert (await visitor.get("/complain/who")).status_code == 303
    wrong = await visitor.post("/complain/open?lang=en", form_code="AAAA-BBBB-CCCC")
    assert (wrong.status_code, "no open complaint with this code" in seen(wrong)) == (422, True)
    assert await visitor.go("/complain/open", form_code=code.lower().replace("-", " ")) == "/complain/who"
    assert (await visitor.get("/complain/who")).status_code == 200

    # Nothing typed is lost by another language or size of the page, or by the end of the visit.
    for path, typed in (("/complain?lang=hi", taken(amount="many")), ("/complain/story?lang=hi&size=l", STORY)):
        other = await visitor.post(path, **typed | {"step": "show"})
        assert (other.status_code, 'class="summary"' in other.text) == (200, False)
        assert all(value in other.text for name, value in typed.items() if name in {"amount", "story"})
    visitor.client.cookies = httpx.Cookies({})
    late = await visitor.post("/complain/story?lang=en", **STORY)
    assert (late.status_code, "What you typed is not lost" in seen(late)) == (410, True)
    assert '<a href="?' not in late.text, "a link to the other language would drop it"
    kept = {name: unescape(value) for name, value in re.findall(r'name="(kept-[a-z]+)" value="([^"]*)"', late.text)}
    wrong = await visitor.post("/complain/open?lang=en", form_code="AAAA-BBBB-CCCC", **kept)
    assert (wrong.status_code, "They wanted money." in wrong.text) == (422, True)
    again = await visitor.post("/complain/open?lang=en", form_code=code, **kept)
    assert (again.status_code, "They wanted money." in again.text) == (200, True)
    assert 'formaction="/complain/story?lang=hi"' in again.text
    for unknown in ("transfer/9", f"transfer/{'9' * 5_000}"):
        assert await visitor.go("/complain/open", form_code=code, **kept | {"kept-page": unknown}) == "/complain/who"
    assert await visitor.go("/complain/transfer/9", **taken(step="show")) == "/complain/check", "nothing is saved"
    assert await visitor.go("/complain/who", **WHO) == "/complain/story", "the visit goes on"


async def test_a_missed_call_gets_a_link_and_the_complaint_ends_its_draft(visitor: Visitor) -> None:
    doors, number = visitor.doors, "9876512345"
    call = MissedCall(phone=number, called_at=datetime.now(UTC))
    waiting = await take_missed_call(doors.services.ctx, call, "script:ivr", "https://my.police.example/complain")
    (message,) = await visitor.messages()
    link = re.findall(r"https://my\.police\.example(/complain/[A-Z0-9]{12})\?lang=hi", message)[0]
    await take_missed_call(doors.services.ctx, call, "script:ivr", "https://my.police.example/complain")
    assert await visitor.messages() == [], "one link for a number that waits"
    assert await visitor.go(link) == "/complain/transfer/1"
    assert "We missed your call at" in seen(await visitor.get("/complain/transfer/1?lang=en"))
    await visitor.go("/complain/transfer/1", **taken())
    await visitor.go("/complain/who", **WHO)
    await visitor.go("/complain/story", **STORY)
    assert f'value="{number}"' in (await visitor.get("/complain/reach")).text
    await visitor.go("/complain/reach", **reach(mobile=number, way="call"))
    assert await visitor.messages() == [], "no short message unless it is told to be safe"
    assert await visitor.go("/complain/check", step="send") == "/complain/done"
    ended = await row(doors, "SELECT ended_as FROM draft WHERE draft_id = $1", UUID(str(waiting.draft_id)))
    assert ended["ended_as"] == "discarded"
    assert "The mobile number is not confirmed" in seen(await visitor.get("/complain/done?lang=en"))


async def test_no_way_is_chosen_for_the_person_and_sms_stands_first(visitor: Visitor) -> None:
    await visitor.go("/complain?lang=en", **taken())
    await visitor.go("/complain/who", **WHO)
    await visitor.go("/complain/story", **STORY)
    page = (await visitor.get("/complain/reach?lang=en")).text
    ways = re.findall(r'<input type="radio"[^>]*name="way"[^>]*>', page)
    assert [re.findall(r'value="(\w+)"', way) for way in ways] == [["sms"], ["call"], ["email"], ["none"]]
    assert not [way for way in ways if "checked" in way]
    refused = await visitor.post("/complain/reach?lang=en", **reach(way=""))
    assert (refused.status_code, "Choose which way is safe" in seen(refused)) == (422, True)


@pytest.mark.parametrize(
    ("told", "sms", "mails"),
    [
        ({"way": "none", "mobile": ""}, [], 0),
        ({"way": "sms", "quiet": "yes"}, ["there is news for you"], 0),
        ({"way": "email", "email": "asha@mail.example", "mobile": ""}, [], 1),
    ],
)
async def test_a_victim_is_told_only_in_the_way_that_is_safe(
    visitor: Visitor, told: dict[str, str], sms: list[str], mails: int
) -> None:
    doors, facts = visitor.doors, taken()
    await visitor.go("/complain?lang=en", **facts)
    for path, fields in (("who", WHO), ("story", STORY), ("reach", reach(**told))):
        await visitor.go(f"/complain/{path}?lang=en", **fields)
    await visitor.go("/complain/check", step="send")
    ack_no, ctx = await ack_no_of(doors, facts["reference"]), doors.services.ctx
    async with ctx.pool.acquire() as connection, connection.transaction():
        concerned = Concerned(ack_no=ack_no)
        held, now = MessageFacts(occasion="first"), datetime.now(UTC)
        await notify_people(connection, ctx, NotificationEvent.MONEY_HELD, concerned, held, now)
    rows = await ctx.pool.fetch(
        "SELECT medium, message_id, kind FROM message WHERE case_no = $1 AND to_whom = 'victim'", ack_no
    )
    assert sum(one["medium"] == "email" for one in rows) == mails
    kinds = [one["kind"] for one in rows if one["medium"] == "sms"]
    assert kinds == ["news" for _ in sms]
