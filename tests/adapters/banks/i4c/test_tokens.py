"""Tokens and their clock."""

import asyncio

import pytest

from adapters.banks.i4c.client import EXPIRY_MARGIN_SECONDS, Token, TokenCache
from adapters.banks.protocol import BankLoginFailed, BankWire
from tests.adapters.wires import wire


class Desk:
    """Gives out numbered tokens; the clock is a field."""

    def __init__(self, life_seconds: float = 600.0) -> None:
        self.now = 1000.0
        self.life_seconds = life_seconds
        self.given = 0
        self.fails = False
        self.cache = TokenCache(self.log_in, lambda: self.now)

    async def log_in(self, bank: BankWire) -> Token:
        await asyncio.sleep(0)
        if self.fails:
            raise BankLoginFailed(bank.code)
        self.given += 1
        return Token(f"{bank.code}-{self.given}", self.life_seconds)


async def test_a_token_is_given_up_a_little_before_it_ends() -> None:
    desk = Desk()
    assert await desk.cache.token(wire()) == "DEMO-1"
    desk.now += 600 - EXPIRY_MARGIN_SECONDS - 1
    assert await desk.cache.token(wire()) == "DEMO-1"
    desk.now += 1
    assert await desk.cache.token(wire()) == "DEMO-2"


async def test_a_short_life_is_used_for_the_most_part() -> None:
    desk = Desk(life_seconds=10.0)
    await desk.cache.token(wire())
    desk.now += 7.9
    assert await desk.cache.token(wire()) == "DEMO-1"
    desk.now += 0.2
    assert await desk.cache.token(wire()) == "DEMO-2"


async def test_each_bank_has_its_own() -> None:
    desk = Desk()
    first, second = await asyncio.gather(desk.cache.token(wire()), desk.cache.token(wire(code="OTHR")))
    assert {first[:4], second[:4]} == {"DEMO", "OTHR"}


async def test_only_the_refused_token_is_dropped() -> None:
    desk = Desk()
    old = await desk.cache.token(wire())
    desk.cache.drop(wire(), old)
    new = await desk.cache.token(wire())
    desk.cache.drop(wire(), old)
    assert await desk.cache.token(wire()) == new
    desk.cache.drop(wire(code="NONE"), new)


async def test_a_failed_login_is_tried_again_by_the_next_caller() -> None:
    desk = Desk()
    desk.fails = True
    with pytest.raises(BankLoginFailed):
        await desk.cache.token(wire())
    desk.fails = False
    assert await desk.cache.token(wire()) == "DEMO-1"


async def test_a_failure_that_no_task_waits_for_is_no_noise() -> None:
    desk = Desk()
    desk.fails = True
    waiting = asyncio.create_task(desk.cache.token(wire()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.01)


async def test_a_token_is_in_no_repr() -> None:
    assert "secret" not in repr(Token("secret", 1.0))
