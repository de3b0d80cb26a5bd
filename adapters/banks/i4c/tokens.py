"""Cache of one bearer token per bank, for any number of concurrent calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from adapters.banks.protocol import BankWire

EXPIRY_MARGIN_SECONDS: Final = 30.0
"""Time before its end at which a token is replaced, so that it does not expire during a call …"""
EXPIRY_MARGIN_SHARE: Final = 0.2
"""… but at most this share of its lifetime, for banks with short-lived tokens."""


@dataclass(frozen=True, slots=True)
class Token:
    """Bearer token as a bank issued it."""

    value: str = field(repr=False)
    expires_in_seconds: float


Login = Callable[[BankWire], Awaitable[Token]]


@dataclass(frozen=True, slots=True)
class _Held:
    bank: BankWire
    value: str = field(repr=False)
    good_until: float


class TokenCache:
    """Keeps the token of each bank and runs only one login per bank at a time."""

    def __init__(self, login: Login, clock: Callable[[], float] = time.monotonic) -> None:
        """Use `login` to get a new token from a bank, and `clock`, a monotonic count of seconds."""
        self._login = login
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._logins: dict[BankWire, asyncio.Task[str]] = {}

    async def token(self, bank: BankWire) -> str:
        """Return a valid token for `bank`, and log in if there is none.

        All callers during a login wait for it and share its result or exception, because a bank that refuses us must
        not be asked fifty times. A cancelled caller does not stop the login for the others.
        """
        held = self._held.get(bank.code)
        # Other credentials or another address in the directory need another login.
        if held is not None and held.bank == bank and self._clock() < held.good_until:
            return held.value
        running = self._logins.get(bank)
        if running is None:
            running = asyncio.create_task(self._log_in(bank))
            self._logins[bank] = running
            running.add_done_callback(lambda task: self._done(bank, task))
        return await asyncio.shield(running)

    def drop(self, bank: BankWire, value: str) -> None:
        """Forget `value`, which the bank refused, unless a newer token has replaced it."""
        held = self._held.get(bank.code)
        if held is not None and held.value == value:
            del self._held[bank.code]

    async def close(self) -> None:
        """Stop the logins in progress; their waiting callers are cancelled."""
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
            # Reads the exception, because the event loop reports one that no caller has read.
            task.exception()
