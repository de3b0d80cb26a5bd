"""Limits on tries to sign in, which a stranger cannot use against an officer."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from activities.officers import sign_in as checks
from activities.secrets import password_fits
from api.officers import sign_in
from api.services import Services
from domain.policy.callers import RateLimit, TryName
from schemas.enums import Role
from tests.api.conftest import new_app
from tests.signed_in import Browser, Equipped, equip, with_clock
from workers.setting_checks import networks_of

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
HOME, NEW = "203.0.113.1", "203.0.113.2"
WRONG = {"officer_id": "ravi", "password": "another one entirely", "code": "123456"}
STRANGERS = 8
TRIES = 300
"""many times what the bucket of strangers holds, from more addresses than one network of 256 has"""
At = tuple[Browser, Equipped, Services]
CODES = 3


@pytest.fixture
async def ravi(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[At]:
    """An officer who has signed in from home before, and a browser that signs in from any address."""
    monkeypatch.setattr(sign_in, "ANSWERS_AFTER_SECONDS", 0)
    rules = services.ctx.policy.doors
    tries = {
        **rules.tries,
        **{
            name: RateLimit(calls=calls, seconds=86_400, source="the test")
            for name, calls in (
                (TryName.SIGN_INS, 6),
                (TryName.SIGN_IN_ADDRESSES, 30),
                (TryName.SIGN_IN_STRANGERS, STRANGERS),
                (TryName.SIGN_IN_CODES, CODES),
            )
        },
    }
    policy = services.ctx.policy.model_copy(update={"doors": rules.model_copy(update={"tries": tries})})
    services = replace(services, ctx=replace(services.ctx, policy=policy), trusted_proxies=networks_of("127.0.0.1"))
    services, clock = with_clock(services, NOW)
    officer = await equip(services, clock, "ravi", Role.DESK)
    transport = httpx.ASGITransport(new_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
        browser = Browser(client)
        assert (await browser.sign_in(officer, HOME)).status_code == 201
        yield browser, officer, services
    await services.end_streams()


def addresses() -> "itertools.chain[str]":
    return itertools.chain(f"198.51.{high}.{low}" for high in range(8) for low in range(1, 255))


async def statuses(browser: Browser, number: int, form: dict[str, str]) -> list[int]:
    """The answers to one try from each of so many addresses."""
    from_all = itertools.islice(addresses(), number)
    return [(await browser.try_in(form, address)).status_code for address in from_all]


async def test_wrong_tries_from_hundreds_of_addresses_lock_no_officer_out(
    ravi: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, officer, services = ravi
    hashed = 0

    def counted(*args: object) -> bool:
        nonlocal hashed
        hashed += 1
        return password_fits(*args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(checks, "password_fits", counted)
    answers = await statuses(browser, TRIES, WRONG)
    left = STRANGERS - 1  # the officer's first sign-in came from an unknown address too
    assert answers == [401] * left + [429] * (TRIES - left)
    assert hashed == left, "no password is looked at beyond the bucket"
    assert (await browser.sign_in(officer, HOME)).status_code == 201, "an address of one's own"
    assert (await browser.sign_in(officer, NEW)).status_code == 201, "any address, with a right code"
    logged = await services.ctx.pool.fetchval("SELECT count(*) FROM sign_in_entry WHERE outcome = 'wrong_password'")
    assert logged == left


async def test_l8_beyond_the_bucket_a_right_code_is_answered_as_a_wrong_one_and_is_used_up(ravi: At) -> None:
    browser, officer, _ = ravi
    await statuses(browser, STRANGERS, WRONG)
    form = officer.form()
    assert (await browser.try_in(form | {"password": WRONG["password"]}, NEW)).status_code == 429
    assert (await browser.try_in(form, NEW)).status_code == 429
    assert (await browser.sign_in(officer, NEW)).status_code == 201


async def test_an_unknown_name_is_limited_as_a_known_one(ravi: At) -> None:
    browser, _, services = ravi
    answers = await statuses(browser, STRANGERS + 2, WRONG | {"officer_id": "nobody"})
    assert answers == [401] * STRANGERS + [429] * 2
    for name in range(3 * STRANGERS):
        assert (await browser.try_in(WRONG | {"officer_id": f"invented{name}"}, f"192.0.2.{name}")).status_code == 401
    logged = await services.ctx.pool.fetchval("SELECT count(*) FROM sign_in_entry WHERE outcome = 'unknown_name'")
    assert logged == STRANGERS, "invented names do not fill the log"


async def test_one_address_has_a_limit_for_one_officer_and_for_all(ravi: At) -> None:
    browser, officer, services = ravi
    most = services.ctx.policy.doors.tries[TryName.SIGN_INS].calls
    own = [(await browser.try_in(WRONG, HOME)).status_code for _ in range(most + 1)]
    assert own[-2:] == [429, 429], "the sign-in before counts too"
    assert (await browser.sign_in(officer, NEW)).status_code == 201, "another address has its own bucket"
    many = services.ctx.policy.doors.tries[TryName.SIGN_IN_ADDRESSES].calls
    names = [
        (await browser.try_in(WRONG | {"officer_id": f"invented{one}"}, "192.0.2.9")).status_code
        for one in range(many + 1)
    ]
    assert names == [401] * many + [429]


async def test_wrong_codes_after_a_right_password_count_for_themselves(
    ravi: At,
) -> None:
    browser, officer, services = ravi
    right = {"officer_id": "ravi", "password": officer.password}
    from_all = list(itertools.islice(addresses(), CODES + 1))
    for address in from_all:
        assert (await browser.try_in(right | {"code": "000000"}, address)).status_code == 401
    refused = await browser.try_in(officer.form(), "192.0.2.7")
    assert (refused.status_code, refused.json()["detail"]) == (401, sign_in.NO_SIGN_IN)
    rows = await services.ctx.pool.fetch("SELECT outcome FROM sign_in_entry ORDER BY entry_id DESC LIMIT 3")
    assert [row["outcome"] for row in rows] == ["too_many_codes", "too_many_codes", "wrong_code"]
    assert (await browser.sign_in(officer, HOME)).status_code == 201, "the own address has a bucket of its own"


async def test_a_busy_engine_refuses_another_password_check(ravi: At, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, officer, _ = ravi
    monkeypatch.setattr(checks, "CHECKS_WAITING_MAX", 0)
    refused = await browser.sign_in(officer, HOME)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
