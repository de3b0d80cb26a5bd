"""Codes for the answer page: who reads the mailbox does not lead the chase to an innocent's account with it alone."""

from collections.abc import AsyncIterator

import pytest

from activities.banks.loading import set_officers
from schemas.banks.rosters import NodalOfficer
from tests.api.answer_post import WHO, Post, at_gram, newest_code, posted, read
from tests.api.conftest import Doors
from tests.factories import rrn

LARGE_PAISE, SMALL_PAISE = 300_000_00, 60_000_00


@pytest.fixture
async def post(doors: Doors) -> AsyncIterator[Post]:
    async with posted(doors) as found:
        yield found


def moved(rupees: str) -> dict[str, str]:
    return {
        "t1.m1.amount": rupees,
        "t1.m1.rrn": rrn(),
        "t1.m1.when": "2026-11-24T10:05",
        "t1.m1.bank": "HDFC Bank",
        "t1.m1.account": "50100000000099",
    }


async def hops(post: Post) -> int:
    found: int = await post.pool.fetchval("SELECT count(*) FROM hop WHERE parent_hop_no IS NOT NULL")
    return found


async def test_m6_a_large_sum_named_onward_needs_a_code(post: Post) -> None:
    await post.ask(at_gram(amount_paise=LARGE_PAISE))
    filled = (await post.open()).fields | WHO | moved("200000")
    wrong = read(await post.send(filled, "send"), 422)
    assert "This is not the code" in wrong.errors["code"]
    assert await hops(post) == 0
    read(await post.send(filled | {"code": await newest_code(post.pool)}, "send"))
    assert await hops(post) == 1
    assert await post.pool.fetchval("SELECT confirmed_by FROM reply_form") == "N. Officer ..0001"


async def test_m6_a_hold_and_a_small_sum_need_none_but_several_small_sums_do(post: Post) -> None:
    await post.ask(at_gram(amount_paise=LARGE_PAISE))
    read(await post.send((await post.open()).fields | WHO | moved("60000") | {"t1.held": "100000"}, "send"))
    assert await hops(post) == 1
    again = read(await post.send((await post.open()).fields | WHO | moved("60000"), "send"), 422)
    assert "code" in again.errors


async def test_m6_without_a_mobile_the_chase_goes_on_and_the_desk_telephones(post: Post) -> None:
    await set_officers(post.pool, "GRAM", [NodalOfficer(name="N. Officer", email="nodal@gram.example")])
    await post.ask(at_gram(amount_paise=LARGE_PAISE))
    filled = (await post.open()).fields | WHO | moved("200000") | {"t1.held": "100000"}
    check = read(await post.send(filled, "check"))
    assert "code" not in check.fields
    read(await post.send(filled, "send"))
    assert await hops(post) == 1
    tasks = await post.pool.fetch("SELECT kind, institution, state FROM desk_task WHERE cause = 'link_without_mobile'")
    assert [tuple(task) for task in tasks] == [("phone_bank", "GRAM", "open")]
    assert await post.pool.fetchval("SELECT confirmed_by FROM reply_form") == ""
