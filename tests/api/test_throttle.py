"""How often something may be tried without a login, whichever process is asked."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi import Request

from activities.context import Context
from api import throttle
from api.addresses import address_of
from api.services import Services
from api.throttle import Throttle
from db import rate_limits
from domain.policy.callers import RateLimit, TryName
from tests.api.conftest import opened
from workers.setting_checks import networks_of

CALLS = 3


@pytest.fixture
def slow(services: Services) -> Services:
    """Services with three logins a day for each e-mail."""
    limit = RateLimit(calls=CALLS, seconds=86_400, source="the test")
    doors = services.ctx.policy.doors.model_copy(
        update={"tries": {**services.ctx.policy.doors.tries, TryName.BANK_LOGINS: limit}}
    )
    policy = services.ctx.policy.model_copy(update={"doors": doors})
    return replace(services, ctx=replace(services.ctx, policy=policy))


def a_process(services: Services, kind: TryName = TryName.BANK_LOGINS) -> Throttle:
    return Throttle(services.ctx, services.keys, kind)


async def names(ctx: Context) -> list[bytes]:
    return [row["name"] for row in await ctx.pool.fetch("SELECT name FROM try_bucket")]


async def test_all_processes_share_one_bucket(slow: Services) -> None:
    one, other = a_process(slow), a_process(slow)
    granted = [await process.wait_seconds("a@bank") for process in (one, other, one)]
    assert granted == [0, 0, 0]
    for process in (one, other):
        assert 28_000 < await process.wait_seconds("a@bank") <= 28_800
    assert await other.wait_seconds("b@bank") == 0
    assert await a_process(slow, TryName.LINK_USES).wait_seconds("a@bank") == 0


async def test_what_is_back_is_granted(slow: Services) -> None:
    for _ in range(CALLS):
        await a_process(slow).wait_seconds("a@bank")
    await slow.ctx.pool.execute("UPDATE try_bucket SET full_at = full_at - interval '8 hours'")
    assert await a_process(slow).wait_seconds("a@bank") == 0
    assert await a_process(slow).wait_seconds("a@bank") > 0


async def test_the_database_learns_no_name(slow: Services) -> None:
    await a_process(slow).wait_seconds("203.0.113.7")
    (kept,) = await names(slow.ctx)
    assert len(kept) == 32
    assert b"203" not in kept


async def test_who_tries_on_and_on_costs_the_database_nothing(slow: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    take_try = rate_limits.take_try

    async def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return await take_try(*args)

    monkeypatch.setattr(rate_limits, "take_try", counted)
    process = a_process(slow)
    waits = [await process.wait_seconds("a@bank") for _ in range(100)]
    assert [wait > 0 for wait in waits] == [False] * CALLS + [True] * (100 - CALLS)
    assert asked == CALLS + 1


async def test_buckets_that_are_full_again_are_forgotten(slow: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    process = a_process(slow)
    await process.wait_seconds("a@bank")
    await slow.ctx.pool.execute("UPDATE try_bucket SET full_at = now()")
    monkeypatch.setattr(throttle, "FORGOTTEN_EVERY", 1)
    await process.wait_seconds("b@bank")
    assert len(await names(slow.ctx)) == 1


async def test_n5_the_networks_of_a_home_line_are_counted_together(services: Services) -> None:
    throttle = Throttle(services.ctx, services.keys, TryName.LINK_GUESSES)
    calls = services.ctx.policy.doors.tries[TryName.LINK_GUESSES].calls
    taken = [await throttle.wait_of_networks(f"2001:db8:0:{number:x}::/64") == 0 for number in range(4 * calls + 1)]
    assert taken == [True] * 4 * calls + [False]
    assert await throttle.wait_of_networks("2001:db8:0:100::/64") == 0
    assert await throttle.wait_of_networks("2001:db8:0:100::/64") == 0
    assert await throttle.wait_of_networks("198.51.100.1") == 0


# -- whose address it is -----------------------------------------------------------------------------------------------


TRUSTED = networks_of("10.0.0.0/24,2001:db8::/48")


def a_request(peer: str, *forwarded: str) -> Request:
    return Request(
        {
            "type": "http",
            "client": (peer, 4711),
            "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
        }
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 10.0.0.9, 198.51.100.1, 10.0.0.2",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, unknown",), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1, ",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3",), "10.0.0.3"),
        ("2001:db8::1", ("2a00:1:2:3:aaaa::1",), "2a00:1:2:3::/64"),
        ("::ffff:10.0.0.1", ("::ffff:198.51.100.1",), "198.51.100.1"),
        ("testclient", ("198.51.100.1",), "testclient"),
    ],
)
def test_what_a_trusted_proxy_has_seen_counts_and_nothing_that_was_only_said(
    peer: str, forwarded: tuple[str, ...], counted: str
) -> None:
    assert address_of(a_request(peer, *forwarded), TRUSTED) == counted


def test_no_proxy_is_trusted_unless_it_is_named() -> None:
    assert address_of(a_request("10.0.0.1", "198.51.100.1"), ()) == "10.0.0.1"


async def test_one_who_spoofs_shuts_the_page_for_no_other_caller(slow: Services) -> None:
    doors = slow.ctx.policy.doors
    few = RateLimit(calls=2, seconds=60, source="the test")
    policy = slow.ctx.policy.model_copy(
        update={"doors": doors.model_copy(update={"tries": doors.tries | {TryName.APPEAL_TRIES: few}})}
    )
    proxied = replace(slow, ctx=replace(slow.ctx, policy=policy), trusted_proxies=networks_of("127.0.0.1"))

    async with opened(proxied) as found:

        async def post(forwarded: str) -> int:
            sent = {"X-Forwarded-For": forwarded}
            return (await found.client.post("/appeal", data={"reference": "short"}, headers=sent)).status_code

        attacker = [await post(f"192.0.2.{number}, 203.0.113.66") for number in range(5)]
        assert attacker == [422, 422, 429, 429, 429]
        assert await post("203.0.113.7") == 422
