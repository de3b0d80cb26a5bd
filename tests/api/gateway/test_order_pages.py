"""The page about an order: from the link to the confirmation, and everything that may happen to a link on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from activities.case.reply_links import LetterLinks
from activities.recovery.cancellations import record_attestation
from activities.recovery.orders import cancel_order
from api.gateway.reply_pages import read_order_form
from db.banks import reply_links
from schemas.banks.keys import About
from schemas.recovery.orders import OrderLine
from schemas.restoration_enums import OrderKind
from schemas.text import IST
from tests.api.answer_post import PUBLIC_URL, WHO, Page, newest_code, read
from tests.api.conftest import Doors, opened
from tests.api.ordered import HELD_PAISE, Ordering, done, ordering
from tests.clock import at_clock
from tests.opened_bodies import opened_rows

__all__ = ["ordering"]

TODAY = f"{datetime.now(IST):%Y-%m-%d}"
FILLED = {"l1.amount": "5,000.00", "l1.when": TODAY, "l1.reference": "UTR0001"}


@dataclass
class Mailed:
    """An order whose bank has a letter with a link."""

    ordering: Ordering
    order_id: UUID
    path: str

    async def another(self) -> str:
        """The path of another letter's link."""
        services = self.ordering.doors.services
        link = await LetterLinks(services.ctx, services.keys, PUBLIC_URL).issue(
            About.ORDER, self.order_id, "SBIN", "x@y.z"
        )
        return link.url.removeprefix(PUBLIC_URL)

    async def open(self, status: int = 200, path: str | None = None) -> Page:
        return read(await self.ordering.doors.client.get(path or self.path), status)

    async def press(self, step: str, fields: dict[str, str], path: str | None = None) -> httpx.Response:
        """Press a button. Before a form is sent, it is checked, and the officer reads the code."""
        client = self.ordering.doors.client
        if step == "send":
            await client.post(path or self.path, data=fields | {"step": "check"})
            fields = fields | {"code": await newest_code(self.ordering.doors.services.ctx.pool)}
        return await client.post(path or self.path, data=fields | {"step": step})

    async def confirm(self, path: str | None = None, **changes: str) -> Page:
        """Open the page, fill it in, check it, send it; names have _ for the dot."""
        page = await self.open(path=path)
        filled = page.fields | WHO | FILLED | {name.replace("_", "."): value for name, value in changes.items()}
        check = read(await self.press("check", filled, path))
        return read(await self.press("send", check.fields, path))


async def mailed(ordering: Ordering, kind: OrderKind = OrderKind.RESTORE) -> Mailed:
    found = Mailed(ordering, await ordering.restore(kind=kind), "")
    found.path = await found.another()
    return found


@pytest.fixture
async def mail(ordering: Ordering) -> Mailed:
    return await mailed(ordering)


# -- the main road -----------------------------------------------------------------------------------------------------


async def test_from_the_link_to_the_money_at_home(mail: Mailed) -> None:
    page = await mail.open()
    for said in ("412345678901", "₹5,000.00", "50100000000001", "HDFC0000001", "राशि लौटाने का आदेश"):
        assert said in page.words, said
    taken = await mail.confirm()
    assert "cannot be used again" in taken.words
    assert await mail.ordering.buckets() == {"restored": HELD_PAISE}
    assert await mail.ordering.state(mail.order_id) == "confirmed"
    word = await mail.ordering.row("SELECT reference, source FROM bank_confirmation")
    assert tuple(word) == ("UTR0001", "bank:SBIN")
    (kept,) = await opened_rows(mail.ordering.doors.services.ctx, "reply_form")
    assert (kept["officer_name"], kept["officer_designation"]) == (WHO["name"], WHO["designation"])
    assert kept["form"]["l1.amount"] == "5,000.00"
    assert "was used" in (await mail.open(410)).words


async def test_a_part_first_and_the_rest_by_the_same_link(mail: Mailed) -> None:
    taken = await mail.confirm(l1_amount="2000", l1_reference="UTR0001")
    assert "1 transfer is still to be done" in taken.words
    page = await mail.open()
    assert "₹2,000.00" in page.words, "what is confirmed is shown"
    assert page.fields["l1.left"] == "300000"
    await mail.confirm(l1_amount="3000", l1_reference="UTR0002")
    assert await mail.ordering.buckets() == {"restored": HELD_PAISE}


async def test_the_same_reference_with_another_amount_is_for_a_person(mail: Mailed) -> None:
    await mail.confirm(l1_amount="2000", l1_reference="UTR0001")
    taken = await mail.confirm(l1_amount="3000", l1_reference="utr0001")
    assert "1 discrepancy" in taken.words
    assert await mail.ordering.buckets() == {"held": 3_000_00, "restored": 2_000_00}


async def test_a_release_needs_no_reference(ordering: Ordering) -> None:
    mail = await mailed(ordering, OrderKind.RELEASE)
    page = await mail.open()
    assert "रोक हटाने का आदेश" in page.words
    assert "To be credited to" not in page.words
    await mail.confirm(l1_reference="")
    assert await ordering.buckets() == {"released": HELD_PAISE}


async def test_two_parts_of_one_sum_on_one_day_are_two(ordering: Ordering) -> None:
    mail = await mailed(ordering, OrderKind.RELEASE)
    for _ in range(2):
        await mail.confirm(l1_amount="1000", l1_reference="")
    assert await ordering.buckets() == {"held": 3_000_00, "released": 2_000_00}


@pytest.mark.parametrize(
    ("day", "fits"), [("2026-11-24", False), ("24-11-2026", False), ("2026-11-25", True), ("2026-11-26", False)]
)
def test_the_very_day_of_the_order_is_a_day_in_india(day: str, *, fits: bool) -> None:
    # Ten in the morning of the 25th in India, at which the day that is typed has begun before the order.
    ordered_at = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
    line = OrderLine(line_no=1, hop=1, reference="1", account="2", amount_paise=100, confirmed_paise=0)
    fields = {"l1.amount": "1", "l1.when": day, "l1.left": "100", **WHO}
    now = ordered_at + timedelta(hours=1)
    assert ("l1.when" not in read_order_form(fields, OrderKind.RELEASE, {1: line}, ordered_at, now).errors) is fits


async def test_more_than_is_ordered_is_warned_of_and_only_the_ordered_is_booked(mail: Mailed) -> None:
    page = await mail.open()
    check = read(await mail.press("check", page.fields | WHO | FILLED | {"l1.amount": "5500"}))
    assert "₹500.00 more than the ordered amount" in check.words
    assert await mail.ordering.buckets() == {"held": HELD_PAISE}, "nothing is sent yet"
    sent = read(await mail.press("send", check.fields))
    assert "1 discrepancy" in sent.words
    assert await mail.ordering.buckets() == {"restored": HELD_PAISE}


async def test_the_button_pressed_twice_is_one_statement(mail: Mailed) -> None:
    page = await mail.open()
    fields = page.fields | WHO | FILLED | {"l1.amount": "1000"}
    await mail.press("check", fields)
    first = await asyncio.gather(*(mail.press("send", fields) for _ in range(3)))
    assert {response.status_code for response in first} == {200}
    assert sum("already recorded" in response.text for response in first) == 2
    assert await mail.ordering.buckets() == {"held": 4_000_00, "restored": 1_000_00}


async def test_of_two_officers_the_second_finds_what_the_first_has_changed(mail: Mailed) -> None:
    one, two = await mail.open(), await mail.open()
    read(await mail.press("send", one.fields | WHO | FILLED | {"l1.amount": "1000"}))
    again = read(await mail.press("send", two.fields | WHO | FILLED | {"l1.amount": "4000"}), 422)
    assert "While you filled in this form" in again.words
    assert again.fields["l1.left"] == "400000"
    await mail.ordering.say(mail.order_id, "confirm", done(4_000_00, "UTR9"))
    assert "confirmed in another way" in (await mail.open(410)).words
    late = await mail.press("send", two.fields | WHO | FILLED)
    assert "confirmed in another way" in read(late, 410).words


async def test_a_hidden_number_longer_than_any_is_none_of_ours(mail: Mailed) -> None:
    page = await mail.open()
    again = read(await mail.press("send", page.fields | WHO | FILLED | {"l1.left": "9" * 5_000}), 422)
    assert "While you filled in this form" in again.words


async def test_a_mistake_stands_beside_its_field_and_what_was_typed_is_kept(
    mail: Mailed, subtests: pytest.Subtests
) -> None:
    page = await mail.open()
    for changes, wrong in (
        ({"l1.amount": "", "l1.when": "", "l1.reference": ""}, ""),
        ({"l1.amount": "lots"}, "l1.amount"),
        ({"l1.amount": "0"}, "l1.amount"),
        ({"l1.amount": ""}, "l1.amount"),
        ({"l1.when": "2031-01-01"}, "l1.when"),
        ({"l1.when": "2020-01-01"}, "l1.when"),
        ({"l1.when": "soon"}, "l1.when"),
        ({"l1.reference": ""}, "l1.reference"),
        ({"l1.reference": "<b>x</b>"}, "l1.reference"),
        ({"l1.reference": "9" * 65}, "l1.reference"),
        ({"name": ""}, "name"),
        ({"designation": "x" * 101}, "designation"),
        ({"l7.amount": "1"}, ""),
    ):
        with subtests.test(changes=changes):
            again = read(await mail.press("check", page.fields | WHO | FILLED | changes), 422)
            if wrong:
                assert wrong in again.errors
                assert again.fields[wrong] == changes[wrong].strip()
            assert again.errors
            assert await mail.ordering.buckets() == {"held": HELD_PAISE}


async def test_a_body_that_is_no_form_is_refused_with_a_page(mail: Mailed) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await mail.ordering.doors.client.post(mail.path, content=b"\xff=1", headers=form)
    assert (response.status_code, response.headers["content-type"]) == (400, "text/html; charset=utf-8")


# -- links -------------------------------------------------------------------------------------------------------------


async def test_a_token_of_another_kind_or_none_opens_nothing(mail: Mailed) -> None:
    token = mail.path.removeprefix("/a/o/")
    for path in (f"/a/{token}", f"/a/o/{token[:-1]}", f"/a/o/{token}x", "/a/o/none"):
        assert "no such link" in (await mail.open(404, path)).words
    assert await mail.ordering.value("SELECT count(*) FROM reply_link WHERE token_digest = sha256($1)", token.encode())
    assert not await mail.ordering.value("SELECT count(*) FROM reply_link WHERE token_digest = $1", token.encode()[:32])


async def test_looking_changes_nothing_and_the_page_asks_no_other_host(mail: Mailed) -> None:
    response = await mail.ordering.doors.client.get(mail.path)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in response.text
    assert "http" not in response.text.replace("https://", "http://").replace("<!doctype html>", "")
    assert (await mail.ordering.doors.client.head(mail.path)).status_code == 200
    assert await mail.ordering.value("SELECT used_at FROM reply_link") is None


async def test_by_the_page_of_a_cancelled_order_the_bank_says_that_it_does_it_no_more(mail: Mailed) -> None:
    await cancel_order(mail.ordering.doors.services.ctx, mail.order_id, "the victim asked", "officer:sp")
    page = await mail.open()
    assert "आदेश वापस लिया गया" in page.words
    assert "50100000000001" in page.words
    nobody = read(await mail.press("acknowledge", {}), 422)
    assert "Your name is needed." in nobody.words
    empty = read(await mail.press("send", WHO), 422)
    assert "The form is still empty." in empty.words
    assert await mail.ordering.value("SELECT settled_at FROM order_cancellation") is None
    said = read(await mail.press("acknowledge", WHO))
    assert "Thank you" in said.words
    assert await mail.ordering.value("SELECT settled_by FROM order_cancellation") == "bank:SBIN"
    assert await mail.ordering.value("SELECT officer_name FROM reply_form") == WHO["name"]
    closed = read(await mail.press("acknowledge", WHO), 410)
    assert "was cancelled" in closed.words


async def test_what_was_done_before_the_cancellation_is_stated_by_the_page_of_the_cancelled_order(mail: Mailed) -> None:
    await cancel_order(mail.ordering.doors.services.ctx, mail.order_id, "the victim asked", "officer:sp")
    page = await mail.open()
    both = read(await mail.press("acknowledge", page.fields | WHO | FILLED), 422)
    assert "Please send that first" in both.words
    assert (both.fields["l1.amount"], both.fields["l1.reference"]) == (FILLED["l1.amount"], FILLED["l1.reference"])
    assert await mail.ordering.value("SELECT count(*) FROM reply_form") == 0
    taken = await mail.confirm(l1_amount="2000")
    assert "do not carry out the rest" in taken.words
    assert await mail.ordering.buckets() == {"held": 3_000_00, "restored": 2_000_00}
    assert await mail.ordering.value("SELECT settled_at FROM order_cancellation") is None
    read(await mail.press("acknowledge", (await mail.open()).fields | WHO))
    assert await mail.ordering.value("SELECT settled_by FROM order_cancellation") == "bank:SBIN"


async def test_a_form_that_was_open_when_the_order_was_cancelled_is_still_taken(mail: Mailed) -> None:
    page = await mail.open()
    await cancel_order(mail.ordering.doors.services.ctx, mail.order_id, "the victim asked", "officer:sp")
    read(await mail.press("send", page.fields | WHO | FILLED))
    assert await mail.ordering.buckets() == {"restored": HELD_PAISE}
    assert await mail.ordering.state(mail.order_id) == "cancelled"
    assert await mail.ordering.value("SELECT settled_by FROM order_cancellation") == "bank:SBIN"


async def test_a_cancelled_order_says_so(mail: Mailed) -> None:
    ctx = mail.ordering.doors.services.ctx
    await cancel_order(ctx, mail.order_id, "the victim asked", "officer:sp")
    for officer in ("officer:sp", "officer:chief"):
        await record_attestation(ctx, mail.order_id, "by telephone", officer)
    assert "was cancelled" in (await mail.open(410)).words


@pytest.fixture
async def later(mail: Mailed) -> AsyncIterator[Doors]:
    """The doors when the link's time is over."""
    services = mail.ordering.doors.services
    at = datetime.now(UTC) + timedelta(seconds=services.ctx.policy.answer_links.valid_seconds + 1)
    async with opened(replace(services, ctx=at_clock(services.ctx, lambda: at))) as doors:
        yield doors


async def test_an_expired_link_says_what_to_do(mail: Mailed, later: Doors) -> None:
    page = read(await later.client.get(mail.path), 410)
    assert "has expired" in page.words
    assert "order itself is still valid" in page.words


async def test_a_link_is_of_the_bank_that_is_ordered_and_changes_no_more(mail: Mailed) -> None:
    pool, at = mail.ordering.doors.services.ctx.pool, datetime.now(UTC)
    async with pool.acquire() as connection:
        until = at + timedelta(days=1)
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await reply_links.insert(connection, About.ORDER, mail.order_id, b"x" * 32, "HDFC", "x@y.z", at, until)
        assert error.value.constraint_name == "reply_link_of_the_bank"
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("UPDATE reply_link SET expires_at = expires_at + interval '1 day'")
        await mail.confirm()
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("DELETE FROM reply_form")
