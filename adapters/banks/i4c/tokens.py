"""One bearer token a bank, however many calls want it at the same moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from adapters.banks.protocol import BankWire

EXPIRY_MARGIN_SECONDS: Final = 30.0
"""A token is given up this long before it ends, so that it does not end under way …"""
EXPIRY_MARGIN_SHARE: Final = 0.2
"""… but never more than this share of its life, for banks with very short ones."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token as a bank gave it."""

    value: str = field(repr=False)
    expires_in_seconds: float


Login = Callable[[BankWire], Awaitable[Token]]


@dataclass(frozen=True, slots=True)
class _Held:
    bank: BankWire
    value: str = field(repr=False)
    good_until: float


class TokenCache:
    """Holds each bank's token and lets only one login a bank run at a time."""

    def __init__(self, login: Login, clock: Callable[[], float] = time.monotonic) -> None:
        """`login` gets a new token from a bank; `clock` counts seconds and never goes back."""
        self._login = login
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._logins: dict[BankWire, asyncio.Task[str]] = {}

    async def token(self, bank: BankWire) -> str:
        """Return a token good for `bank`, logging in where there is none.

        Everybody who asks during a login waits for that one and shares its outcome, its exception too: a bank
        that refuses us must not be asked fifty times. A caller that is cancelled leaves the login to the
        others.
        """
        held = self._held.get(bank.code)
        # Other credentials or another address in the directory are another login.
        if held is not None and held.bank == bank and self._clock() < held.good_until:
            return held.value
        running = self._logins.get(bank)
        if running is None:
            running = asyncio.create_task(self._log_in(bank))
            self._logins[bank] = running
            running.add_done_callback(lambda task: self._done(bank, task))
        return await asyncio.shield(running)

    def drop(self, bank: BankWire, value: str) -> None:
        """Forget `value`, which the bank has refused, unless a newer token has taken its place."""
        held = self._held.get(bank.code)
        if held is not None and held.value == value:
            del self._held[bank.code]

    async def close(self) -> None:
        """Stop the logins under way; whoever waits for one is cancelled."""
        running = list(self._logins.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _log_in(self, bank: BankWire) -> str:
        asked_at = self._clock()
        token = await self._login(bank)
        margin = min(EXPIRY_MARGIN_SECONDS, token.expires_in_seconds * EXPIRY_MARGIN_SHARE)
        self._held[bank.code] = _Held(bank, token.value, asked_at + token.expires_in_seconds - margin)
        return token.value

    def _done(self, bank: BankWire, task: asyncio.Task[str]) -> None:
        del self._logins[bank]
        if not task.cancelled():
            # Every waiter may be gone; an outcome nobody took is no error of the event loop.
            task.exception()
