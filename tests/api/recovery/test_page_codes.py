"""Codes for the pages behind letters' links: who reads the mailbox does not confirm a credit with it alone."""

from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from activities.banks.loading import set_officers
from activities.case.reply_links import LetterLinks
from schemas.banks.keys import About
from schemas.banks.rosters import NodalOfficer
from schemas.restoration_enums import OrderKind
from tests.api.answer_post import PUBLIC_URL, WHO, Page, newest_code, read
from tests.api.conftest import opened
from tests.api.gateway.test_order_pages import FILLED
from tests.api.ordered import HELD_PAISE, Ordering, ordering
from tests.opened_bodies import opened_rows

__all__ = ["ordering"]


class Reader:
    """A person who reads the bank's mailbox, and presses buttons of the page."""

    def __init__(self, ordering: Ordering, order_id: UUID, path: str) -> None:
        self.ordering, self.order_id, self.path = ordering, order_id, path

    @property
    def pool(self) -> object:
        return self.ordering.doors.services.ctx.pool

    async def fields(self) -> dict[str, str]:
        page = read(await self.ordering.doors.client.get(self.path))
        return page.fields | WHO | FILLED

    async def press(self, step: str, fields: dict[str, str], code: str = "") -> httpx.Response:
        return await self.ordering.doors.client.post(self.path, data=fields | {"step": step, "code": code})


async def letter(ordering: Ordering, order_id: UUID) -> str:
    services = ordering.doors.services
    links = LetterLinks(services.ctx, services.keys, PUBLIC_URL)
    link = await links.issue(About.ORDER, order_id, "SBIN", "x@y.z")
    await links.sent(About.ORDER, link)
    return link.url.removeprefix(PUBLIC_URL)


@pytest.fixture
async def reader(ordering: Ordering) -> Reader:
    order_id = await ordering.restore()
    return Reader(ordering, order_id, await letter(ordering, order_id))


async def test_m6_who_reads_the_mailbox_confirms_no_credit_with_an_invented_utr(reader: Reader) -> None:
    fields = await reader.fields()
    for code in ("", "00000000"):
        page = read(await reader.press("send", fields, code), 422)
        assert "This is not the code" in page.errors["code"]
    assert await reader.ordering.buckets() == {"held": HELD_PAISE}
    assert await reader.ordering.value("SELECT count(*) FROM reply_form") == 0


async def test_m6_the_code_goes_to_the_mobile_in_the_directory_and_confirms_the_form(reader: Reader) -> None:
    fields = await reader.fields()
    check = read(await reader.press("check", fields))
    assert "A. Nodal" in check.words
    assert "0001" in check.words
    told = await reader.ordering.row(
        "SELECT address, medium, to_whom, expires_at IS NOT NULL FROM message WHERE kind = 'link_code'"
    )
    assert tuple(told) == ("9000000001", "sms", "bank", True)
    code = await newest_code(reader.pool)
    read(await reader.press("send", fields, code))
    assert await reader.ordering.buckets() == {"restored": HELD_PAISE}
    (form,) = await opened_rows(reader.ordering.doors.services.ctx, "reply_form")
    assert b"code=xxxxxxxx" in form["body"]
    assert code.encode() not in form["body"], "a reader of evidence does not get the code"
    assert await reader.ordering.value("SELECT confirmed_by FROM reply_form") == "A. Nodal ..0001"


async def test_m6_a_code_is_guessed_a_few_times_and_no_more(reader: Reader) -> None:
    fields = await reader.fields()
    read(await reader.press("check", fields))
    right = await newest_code(reader.pool)
    for _ in range(reader.ordering.doors.services.ctx.policy.answer_links.code_tries):
        read(await reader.press("send", fields, "00000000"), 422)
    read(await reader.press("send", fields, right), 422)
    assert await reader.ordering.buckets() == {"held": HELD_PAISE}
    assert await newest_code(reader.pool) != right, "a new one was sent"


async def test_m6_the_nodal_officer_gets_a_few_codes_an_hour(reader: Reader) -> None:
    fields = await reader.fields()
    pressed = [(await reader.press("code", fields)).status_code for _ in range(8)]
    assert pressed == [200] * 6 + [429] * 2


async def test_m6_the_codes_of_a_fast_clock_come_as_fast(ordering: Ordering) -> None:
    services = ordering.doors.services
    fast = replace(services, ctx=replace(services.ctx, procedure_clock_factor=1e6))
    async with opened(fast) as doors:
        quick = Ordering(doors)
        order_id = await quick.restore()
        reader = Reader(quick, order_id, await letter(quick, order_id))
        fields = await reader.fields()
        assert [(await reader.press("code", fields)).status_code for _ in range(8)] == [200] * 8


async def test_m6_without_a_mobile_in_the_directory_the_desk_telephones(reader: Reader) -> None:
    ctx = reader.ordering.doors.services.ctx
    await set_officers(ctx.pool, "SBIN", [NodalOfficer(name="A. Nodal", email="nodal@sbin.example")])
    page = read(await reader.press("check", await reader.fields()), 410)
    assert "call the police desk" in page.words
    tasks = await ctx.pool.fetch("SELECT institution, subject_id FROM desk_task WHERE cause = 'link_without_mobile'")
    assert [tuple(task) for task in tasks] == [("SBIN", str(reader.order_id))]
    assert await reader.ordering.buckets() == {"held": HELD_PAISE}


async def test_m6_a_letter_has_one_live_link(reader: Reader) -> None:
    fields = await reader.fields()
    newer = await letter(reader.ordering, reader.order_id)
    page = read(await reader.press("check", fields), 410)
    assert "A newer letter has a newer link" in page.words
    reader.path = newer
    assert isinstance(read(await reader.press("check", fields)), Page)


async def test_a_release_needs_no_code(ordering: Ordering) -> None:
    order_id = await ordering.restore(kind=OrderKind.RELEASE)
    reader = Reader(ordering, order_id, await letter(ordering, order_id))
    read(await reader.press("send", await reader.fields()))
    assert await ordering.buckets() == {"released": HELD_PAISE}
