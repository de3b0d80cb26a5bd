"""The answer page: from the letter to the answer, and everything that may happen to a link on the way."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from activities.case import reply_links
from activities.case.desk import stop_request
from activities.recovery import hold_lifecycle
from api.gateway import reply_pages
from api.gateway.reply_pages import FORM_BODY_MAX_BYTES
from domain.case.requests import request_id
from domain.policy.callers import TryName
from schemas.banks.keys import About
from tests.api.answer_post import BAD, GOOD, WHO, Post, at_gram, posted, read
from tests.api.conftest import Doors, opened, transfer
from tests.clock import at_clock
from tests.factories import rrn
from tests.opened_bodies import opened_rows

DAY_SECONDS = 86_400


@pytest.fixture
async def post(doors: Doors) -> AsyncIterator[Post]:
    async with posted(doors) as found:
        yield found


# -- the main road -----------------------------------------------------------------------------------------------------


async def test_from_the_letter_to_the_answer_and_the_case_goes_on(post: Post) -> None:
    root = rrn()
    case_no = await post.ask(at_gram(root))
    page = await post.open()
    assert root in page.words
    assert "₹5,000.00" in page.words
    assert "24-11-2026 10:00:00 IST" in page.words
    assert "Asha" not in page.words, "no victim is named"
    onward = rrn()
    done = await post.answer(
        t1_held="2,000.00",
        t1_m1_amount="1500",
        t1_m1_whole="20000",
        t1_m1_rrn=onward,
        t1_m1_when="2026-11-24T10:05",
        t1_m1_bank="HDFC Bank",
        t1_m1_account="50100000000099",
        t1_m1_ifsc="hdfc0000002",
        t1_o1_how="atm",
        t1_o1_amount="1500",
        t1_o1_when="24-11-2026 10:06:30",
        t1_o1_place="ATM S1, Sitapur",
    )
    assert "cannot be used again" in done.words
    assert await post.buckets(case_no) == {
        "lost": -5_000_00,
        "held": 2_000_00,
        "withdrawn": 1_500_00,
        "in_play": 1_500_00,
    }
    hop = await post.pool.fetchrow("SELECT * FROM hop WHERE case_no = $1 AND hop_no = 2", case_no)
    assert (hop["institution"], hop["reference"], hop["amount_paise"], hop["disputed_paise"]) == (
        "HDFC",
        onward,
        20_000_00,
        1_500_00,
    )
    told = post.doors.notifier.told[-1]
    assert told.news is not None
    assert [one.institution for one in told.news.requests] == ["HDFC"], "the case's workflow asks the next bank"
    request = await post.pool.fetchrow(
        "SELECT state, job_id, channel FROM hold_request WHERE case_no = $1 AND batch_no = 1", case_no
    )
    assert (request["state"], request["channel"]) == ("answered", "email")
    assert request["job_id"] == f"MAIL-{request_id(case_no, 1, 'GRAM')}"


async def test_who_answered_is_kept_as_evidence(post: Post) -> None:
    await post.ask(at_gram())
    await post.answer(t1_held="5000")
    (kept,) = await opened_rows(post.doors.services.ctx, "reply_form")
    assert (kept["officer_name"], kept["officer_designation"]) == ("R. Verma", "Manager")
    assert kept["form"]["t1.held"] == "5000"
    (line,) = await opened_rows(post.doors.services.ctx, "answer")
    assert line["raw"]["answered_by"] == WHO
    assert line["raw"]["amount"] == "5000.00"


@pytest.mark.parametrize(
    ("code", "bucket", "state"),
    [("01", "refused", "closed"), ("02", "in_play", "correction"), ("20", "refused", "closed")],
)
async def test_what_the_bank_cannot_find(post: Post, code: str, bucket: str, state: str) -> None:
    case_no = await post.ask(at_gram())
    await post.answer(t1_no=code)
    assert await post.buckets(case_no) == {"lost": -5_000_00, bucket: 5_000_00}
    assert await post.pool.fetchval("SELECT state FROM hop WHERE case_no = $1", case_no) == state


async def test_a_transfer_that_is_left_open_keeps_the_link(post: Post) -> None:
    case_no = await post.ask(at_gram(), at_gram(amount_paise=7_000_00))
    first = await post.answer(t1_held="5000")
    assert "1 transfer is still open" in first.words
    page = await post.open()
    assert [name for name in page.fields if name.endswith(".held")] == ["t2.held"]
    # A part first, the rest later: the same sum twice is two holds.
    await post.answer(t2_held="3500")
    await post.answer(t2_held="3500")
    assert await post.buckets(case_no) == {"lost": -12_000_00, "held": 12_000_00}
    assert "was used" in (await post.open(status=410)).words


async def test_hops_with_one_reference_are_one_transfer(post: Post) -> None:
    case_no = await post.ask(at_gram(), at_gram())
    await post.pool.execute(
        "UPDATE hop SET amount_paise = 2 * amount_paise, (reference, reference_key) = (SELECT reference, reference_key"
        " FROM hop WHERE hop_no = 1 AND case_no = $1) WHERE case_no = $1",
        case_no,
    )
    page = await post.open()
    assert [name for name in page.fields if name.endswith(".held")] == ["t1.held"]
    assert page.fields["t1.seen"] == "1000000"
    await post.answer(t1_held="10000")
    assert await post.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}


async def test_many_transfers_come_a_few_at_a_time(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_pages, "ITEMS_A_PAGE", 2)
    await post.ask(at_gram(), at_gram(), at_gram())
    page = await post.open()
    assert {"t1.held", "t2.held"} <= set(page.fields)
    assert "t3.held" not in page.fields
    (link,) = [told["href"] for tag, told in page.tags if tag == "a"]
    assert link == "?after=2"
    assert "t3.held" in (await post.open(post.path() + link)).fields


# -- what is said of a form --------------------------------------------------------------------------------------------


async def test_an_excess_is_warned_of_and_taken_when_insisted_on(post: Post) -> None:
    case_no = await post.ask(at_gram())
    page = await post.open()
    check = read(await post.send(page.fields | WHO | {"t1.held": "6000"}, "check"))
    assert "₹1,000.00 more than the disputed amount" in check.words
    assert "discrepancy" in check.words
    assert await post.answers() == 0
    done = read(await post.send(check.fields, "send"))
    assert "1 discrepancy" in done.words
    assert await post.buckets(case_no) == {"lost": -5_000_00, "held": 5_000_00}
    kind = await post.pool.fetchval("SELECT kind FROM discrepancy WHERE case_no = $1", case_no)
    assert kind == "exceeds_disputed"


async def test_the_form_is_kept_as_it_was_posted_and_no_token_anywhere(post: Post) -> None:
    await post.ask(at_gram())
    page, path = await post.open(), post.path()
    check = read(await post.send(page.fields | WHO | {"t1.held": "5000", "t1.remarks": "रोका  गया"}, "check"))
    sent = await post.send(check.fields, "send")
    read(sent)
    (form,) = await opened_rows(post.doors.services.ctx, "reply_form")
    assert form["body"] == sent.request.content
    token = path.rpartition("/")[2].encode()
    (letter,) = await opened_rows(post.doors.services.ctx, "bank_exchange")
    assert letter["digest"] == hashlib.sha256(post.box.raw[-1]).digest()
    for row in (letter, form):
        everything = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
        assert token not in everything.replace(b"=\r\n", b"")


async def test_the_holder_of_the_account_is_reached_by_what_the_form_says(post: Post) -> None:
    case_no = await post.ask(at_gram())
    await post.answer(t1_held="5000", t1_phone="+91 98765-00000", t1_email="holder@mail.example")
    await hold_lifecycle.open_for_new_holds(post.doors.services.ctx, case_no)
    async with post.pool.acquire() as connection:
        hold_id = await connection.fetchval("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
        holder = await post.doors.services.ctx.persons.holder_of(connection, hold_id)
    assert (holder.phone, holder.email) == ("9876500000", "holder@mail.example")


async def test_a_contact_without_money_on_hold_is_a_mistake(post: Post) -> None:
    await post.ask(at_gram())
    page = await post.open()
    refused = read(await post.send(page.fields | WHO | {"t1.phone": "9876500000"}, "check"), 422)
    assert "The amount on hold is needed" in refused.words


async def test_a_mistake_is_named_beside_its_field_and_what_was_typed_is_kept(post: Post) -> None:
    root = rrn()
    await post.ask(at_gram(root))
    empty = (await post.open()).fields
    for name, values in BAD.items():
        for value in values:
            typed = empty | WHO | GOOD | {name: value.replace("ROOT", root)}
            page = read(await post.send(typed, "check"), 422)
            assert name in page.errors, (name, value)
            beside = {tag_told["id"]: tag_told for _, tag_told in page.tags if tag_told.get("aria-invalid")}
            assert name in beside
            # A choice that is none of those offered cannot be shown again; everything typed is.
            by_hand = {key for key in typed if key in GOOD or key in WHO} - {"t1.o1.how"}
            assert {key: page.fields[key] for key in by_hand} == {key: " ".join(typed[key].split()) for key in by_hand}
    assert await post.answers() == 0


async def test_a_text_without_a_sign_that_is_shown_is_empty(post: Post) -> None:
    await post.ask(at_gram())
    typed = (await post.open()).fields | WHO | GOOD | {"t1.m1.bank": "\u200b \u200b", "t1.o1.place": "\u200b \u200b"}
    assert set(read(await post.send(typed, "check"), 422).errors) == {"*", "t1.m1.bank"}


async def test_mistakes_between_fields(post: Post) -> None:
    await post.ask(at_gram())
    empty = (await post.open()).fields | WHO
    again = {name.replace("1.", "2.").replace("t2", "t1"): value for name, value in GOOD.items()}
    page = read(await post.send(empty | GOOD | again, "check"), 422)
    assert set(page.errors) >= {"t1.m2.rrn", "t1.o2.when"}
    page = read(await post.send(empty | {"t1.no": "01", "t1.held": "5"}, "check"), 422)
    assert "t1.no" in page.errors
    page = read(await post.send(empty, "check"), 422)
    assert "The form is still empty" in page.errors["*"]


async def test_going_back_from_the_check_keeps_everything(post: Post) -> None:
    await post.ask(at_gram())
    page = await post.open()
    check = read(await post.send(page.fields | WHO | GOOD, "check"))
    assert check.buttons == ["send", "edit"]
    back = read(await post.send(check.fields, "edit"))
    assert {name: back.fields[name] for name in GOOD | WHO} == GOOD | WHO


async def test_what_was_typed_is_only_ever_text(post: Post) -> None:
    await post.ask(at_gram())
    page = await post.open()
    evil = '"><script>alert(1)</script>\x00'
    response = await post.send(page.fields | {"name": evil, "t1.held": evil}, "check")
    assert "<script" not in response.text
    assert read(response, 422).fields["name"] == evil.removesuffix("\x00")
    check = await post.send(page.fields | WHO | {"name": evil, "t1.held": "5000"}, "check")
    assert "<script" not in check.text
    read(await post.send(read(check).fields, "send"))
    assert await post.pool.fetchval("SELECT officer_name FROM reply_form") == evil.removesuffix("\x00")


# -- the link ----------------------------------------------------------------------------------------------------------


async def test_a_scanner_that_fetches_the_link_uses_nothing_up(post: Post) -> None:
    await post.ask(at_gram())
    for _ in range(10):
        await post.open()
        assert (await post.doors.client.head(post.path())).status_code == 200
    assert await post.pool.fetchval("SELECT used_at FROM reply_link") is None
    await post.answer(t1_held="5000")


async def test_a_changed_token_opens_nothing(post: Post) -> None:
    await post.ask(at_gram())
    token = post.path().removeprefix("/a/")
    swapped = token[:-1] + ("A" if token[-1] != "A" else "Q")
    other_key = reply_links.make_token(b"x" * 32)
    loose = token[:-1] + chr(ord(token[-1]) + 1)
    for guess in (
        swapped,
        loose,
        other_key,
        token + "A",
        token[:-1],
        token.upper(),
        "%00",
        "x",
        "नहीं" * 10,
        token + "=",
    ):
        page = await post.open(f"/a/{guess}", 404)
        assert "no such link" in page.words
        assert "There is no such link" in read(await post.send({"t1.held": "1"}, "send", f"/a/{guess}"), 404).words
    unknown = reply_links.make_token(reply_links.link_key(post.doors.services.keys, About.HOLD_REQUEST))
    await post.open(f"/a/{unknown}", 404)


def tries(post: Post, name: TryName) -> int:
    return post.doors.services.ctx.policy.doors.tries[name].calls


@asynccontextmanager
async def slowly_filled(post: Post) -> AsyncIterator[Doors]:
    """The application with buckets that take a day to fill: on a busy machine they else fill while a test runs."""
    services = post.doors.services
    policy = services.ctx.policy
    tries = {name: limit.model_copy(update={"seconds": DAY_SECONDS}) for name, limit in policy.doors.tries.items()}
    slow = policy.model_copy(update={"doors": policy.doors.model_copy(update={"tries": tries})})
    async with opened(replace(services, ctx=replace(services.ctx, policy=slow))) as doors:
        yield doors


async def test_guessing_is_slowed_and_who_has_a_link_is_not(post: Post) -> None:
    await post.ask(at_gram())
    async with slowly_filled(post) as doors:
        for _ in range(tries(post, TryName.LINK_GUESSES)):
            assert (await doors.client.get("/a/guess")).status_code == 404
        slowed = await doors.client.get("/a/guess")
        assert slowed.status_code == 429
        assert int(slowed.headers["retry-after"]) >= 1
        assert (await doors.client.get(post.path())).status_code == 200


async def test_one_link_is_slowed_too(post: Post) -> None:
    await post.ask(at_gram())
    uses = tries(post, TryName.LINK_USES)
    async with slowly_filled(post) as doors:
        codes = [(await doors.client.head(post.path())).status_code for _ in range(uses + 5)]
    assert codes == [200] * uses + [429] * 5


async def test_another_process_gives_no_further_tries(post: Post) -> None:
    await post.ask(at_gram())
    async with slowly_filled(post) as one, slowly_filled(post) as other:
        for number in range(tries(post, TryName.LINK_GUESSES)):
            assert (await (one, other)[number % 2].client.get("/a/guess")).status_code == 404
        for doors in (one, other):
            assert (await doors.client.get("/a/guess")).status_code == 429


async def test_a_bank_sees_and_answers_its_own_transfers_only(post: Post) -> None:
    ours, theirs = rrn(), rrn()
    at_nagr = transfer(rrn=theirs, payee={"institution": "NAGR", "account": "20000000001"})
    case_no = await post.ask(at_gram(ours), at_nagr)
    paths = {str(letter["To"]): post.path(number) for number, letter in enumerate(post.box.letters)}
    page = await post.open(paths["desk@gram.example"])
    assert ours in page.words
    assert theirs not in page.words
    # A form about the other bank's transfer, through our link.
    forged = page.fields | WHO | {"t1.held": "5000", "t2.held": "5000", "t2.seen": "500000"}
    refused = read(await post.send(forged, "send", paths["desk@gram.example"]), 422)
    assert "already answered" in refused.errors["*"]
    assert await post.buckets(case_no) == {"lost": -10_000_00, "in_play": 10_000_00}


async def test_the_database_refuses_a_link_of_another_bank(post: Post) -> None:
    case_no = await post.ask(at_gram())
    with pytest.raises(Exception, match="of the bank that its subject is for"):
        await post.links.issue(About.HOLD_REQUEST, request_id(case_no, 1, "GRAM"), "NAGR", "desk@nagr.example")
    for query in (
        "UPDATE reply_link SET institution = 'NAGR'",
        "UPDATE reply_link SET expires_at = expires_at + interval '1 day', used_at = now()",
        "DELETE FROM reply_link",
    ):
        with pytest.raises(Exception, match=r"only the use is written|append-only|reply_link"):
            await post.pool.execute(query)


async def test_the_token_is_nowhere_but_in_the_letter(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="goldenhour"):
        await post.ask(at_gram())
        token = post.path().removeprefix("/a/")
        await post.answer(t1_held="5000")
        await post.open("/a/" + token[:-3] + "abc", 404)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("goldenhour")]
    assert any("route=/a/{token}" in message for message in ours)
    assert not any(token[:20] in message for message in ours)
    for table in ("reply_link", "reply_form", "status_update", "answer", "case_event"):
        rows = await post.pool.fetch(f"SELECT t::text FROM {table} t")
        assert rows
        assert not any(token[:20] in row[0] for row in rows)


async def test_the_page_needs_nothing_from_anywhere(post: Post) -> None:
    await post.ask(at_gram())
    response = await post.doors.client.get(post.path())
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    page = read(response)
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "object", "link"}
    assert not any(key.startswith("on") or key == "style" for _, told in page.tags for key in told)
    labelled = {told["for"] for tag, told in page.tags if tag == "label"}
    asked = {told["id"] for tag, told in page.tags if tag in {"input", "select"} and told.get("type") != "hidden"}
    assert asked == labelled


async def test_bodies_that_are_not_read_or_are_no_form(post: Post) -> None:
    await post.ask(at_gram())
    form = "application/x-www-form-urlencoded"
    for media_type, body, status in (
        ("application/json", b"xx", 415),
        ("multipart/form-data; boundary=x", b"xx", 415),
        (form, b"x" * (FORM_BODY_MAX_BYTES + 1), 413),
        (form, b"\xff\xfe", 400),
        (form, "नाम=x".encode(), 400),
        (form, b"&".join(b"a%d=1" % n for n in range(3_000)), 400),
    ):
        response = await post.doors.client.post(post.path(), content=body, headers={"Content-Type": media_type})
        read(response, status)


# -- time and other people ---------------------------------------------------------------------------------------------


async def test_the_button_pressed_twice_is_one_answer(post: Post) -> None:
    case_no = await post.ask(at_gram())
    page = await post.open()
    check = read(await post.send(page.fields | WHO | {"t1.held": "2000"}, "check"))
    both = await asyncio.gather(*(post.send(check.fields, "send") for _ in range(2)))
    words = sorted("already recorded" in read(response).words for response in both)
    assert words == [False, True]
    assert "already recorded" in read(await post.send(check.fields, "send")).words
    assert await post.answers() == 1
    assert (await post.buckets(case_no))["held"] == 2_000_00
    await post.answer(t1_held="3000")
    assert "already recorded" in read(await post.send(check.fields, "send")).words, "also when the link is used up"


async def test_two_officers_with_one_link_at_once(post: Post) -> None:
    case_no = await post.ask(at_gram())
    checks = []
    for name in ("First", "Second"):
        page = await post.open()
        checks.append(read(await post.send(page.fields | WHO | {"name": name, "t1.held": "5000"}, "check")).fields)
    responses = await asyncio.gather(*(post.send(fields, "send") for fields in checks))
    assert sorted(response.status_code for response in responses) == [200, 410]
    assert await post.answers() == 1
    assert await post.buckets(case_no) == {"lost": -5_000_00, "held": 5_000_00}
    assert await post.pool.fetchval("SELECT count(*) FROM discrepancy") == 0


async def test_two_officers_that_each_say_a_part(post: Post) -> None:
    case_no = await post.ask(at_gram())
    checks = []
    for name in ("First", "Second"):
        page = await post.open()
        checks.append(read(await post.send(page.fields | WHO | {"name": name, "t1.held": "2000"}, "check")).fields)
    responses = await asyncio.gather(*(post.send(fields, "send") for fields in checks))
    late = next(response for response in responses if response.status_code == 422)
    page = read(late, 422)
    assert "its open amount changed" in page.errors["*"]
    assert page.fields["t1.held"] == "2000"
    assert page.fields["t1.seen"] == "300000"
    assert (await post.buckets(case_no))["held"] == 2_000_00


async def test_a_request_that_the_desk_has_stopped(post: Post) -> None:
    case_no = await post.ask(at_gram())
    page = await post.open()
    check = read(await post.send(page.fields | WHO | {"t1.held": "5000"}, "check"))
    await stop_request(post.doors.services.ctx, case_no, request_id(case_no, 1, "GRAM"), "withdrawn", "desk:officer1")
    late = read(await post.send(check.fields, "send"), 410)
    assert "was stopped" in late.words
    assert "was stopped" in (await post.open(status=410)).words
    assert await post.answers() == 0


async def test_a_request_that_was_answered_in_another_way(post: Post) -> None:
    case_no = await post.ask(at_gram())
    first = post.path()
    second = await post.links.issue(About.HOLD_REQUEST, request_id(case_no, 1, "GRAM"), "GRAM", "desk@gram.example")
    await post.answer(urlsplit(second.url).path.removeprefix("/gh"), t1_held="5000")
    assert "is answered" in (await post.open(first, 410)).words


async def test_a_link_that_has_expired(post: Post) -> None:
    await post.ask(at_gram())
    page = await post.open()
    check = read(await post.send(page.fields | WHO | {"t1.held": "5000"}, "check"))
    services, at = post.doors.services, datetime.now(UTC) + timedelta(days=30, seconds=1)
    async with opened(replace(services, ctx=at_clock(services.ctx, lambda: at))) as later:
        sent = await later.client.post(post.path(), data=check.fields | {"step": "send"})
        assert "has expired" in read(sent, 410).words
        assert "has expired" in read(await later.client.get(post.path()), 410).words
    assert await post.answers() == 0
