"""Sign-in of an officer: what is checked, what is used up, and the session that begins."""

import asyncio
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from activities.context import Context
from activities.officers.authenticators import SecretsAtRest, recovery_digest, step_of
from activities.secrets import CannotOpen, Keys, Purpose, hash_password, is_outdated, password_fits
from db.officers import credentials, sessions, sign_in_log
from db.officers.credentials import Credentials
from db.officers.sessions import LiveSession
from schemas.officers.sign_in import SignInOutcome, SignInWay

TOKEN_BYTES: Final = 32
CHECKS_AT_ONCE: Final = 2
CHECKS_WAITING_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has begun. `token` is in the cookie only; the engine stores its digest."""

    session: LiveSession
    token: str = field(repr=False)


class TooManyWaiting(Exception):
    """So many passwords wait to be checked that another one cannot wait too."""


@cache
def _hash_of_no_password() -> str:
    """Return the hash that the password of an unknown officer is checked against, which takes the same time."""
    return hash_password(SecretStr(os.urandom(16).hex()))


def token_digest(token: str) -> bytes:
    """Return the digest under which the database knows the token of a session or a link."""
    return hashlib.sha256(token.encode()).digest()


def session_digest(key: bytes, token: str) -> bytes:
    """Return the digest under which the database knows a session. A process without the key can write no session."""
    return hmac.digest(key, token.encode(), "sha256")


def new_token() -> str:
    """Return a new token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class SignInChecks:
    """Checks of passwords and second factors, and the log of their outcomes."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._secrets = SecretsAtRest(keys)
        self._names_key = keys.derive_key(Purpose.NAMES_OF_TRIES)
        self._sessions_key = keys.derive_key(Purpose.SESSIONS)
        self._checking = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._waiting = 0

    async def known(self, name: str, address: str) -> Credentials:
        """Return what is known of the officer with this name."""
        known_for = timedelta(seconds=self._ctx.policy.sessions.address_known_seconds)
        async with self._ctx.pool.acquire() as connection:
            return await credentials.find(connection, name, address, known_for)

    async def password_fits(self, found: Credentials, password: SecretStr) -> bool:
        """Return whether the password is the officer's. Raises `TooManyWaiting`."""
        if self._waiting >= CHECKS_WAITING_MAX:
            raise TooManyWaiting
        self._waiting += 1
        try:
            async with self._checking:
                fits = await asyncio.to_thread(password_fits, password, found.password_hash or _hash_of_no_password())
        finally:
            self._waiting -= 1
        return fits and found.password_hash is not None

    async def use_code(self, found: Credentials, code: str) -> SignInOutcome:
        """Use up a code of the authenticator. Return `SIGNED_IN`, or why it is not good."""
        if found.officer_id is None or found.sealed_secret is None:
            return SignInOutcome.WRONG_CODE
        try:
            secret = self._secrets.open(found.sealed_secret, found.officer_id)
        except CannotOpen:
            return SignInOutcome.WRONG_CODE
        step = step_of(secret, code, found.now)
        if step is None:
            return SignInOutcome.WRONG_CODE
        async with self._ctx.pool.acquire() as connection:
            is_new = await credentials.use_step(connection, found.officer_id, step)
        return SignInOutcome.SIGNED_IN if is_new else SignInOutcome.CODE_USED

    async def use_recovery_code(self, found: Credentials, code: str) -> SignInOutcome:
        """Use up a recovery code. Return `SIGNED_IN`, or why it is not good."""
        if found.officer_id is None:
            return SignInOutcome.WRONG_CODE
        async with self._ctx.pool.acquire() as connection:
            used = await credentials.use_recovery_code(
                connection, found.officer_id, recovery_digest(found.officer_id, code)
            )
        if used is None:
            return SignInOutcome.WRONG_CODE
        return SignInOutcome.SIGNED_IN if used else SignInOutcome.CODE_USED

    async def note(self, found: Credentials, name: str, address: str, way: SignInWay, outcome: SignInOutcome) -> None:
        """Write a try that failed into the sign-in log."""
        digest = None if found.officer_id else hmac.digest(self._names_key, f"sign-in\0{name}".encode(), "sha256")
        async with self._ctx.pool.acquire() as connection:
            await sign_in_log.add(connection, found.officer_id, digest, address, way, outcome)

    async def prove(self, session: LiveSession, address: str, way: SignInWay) -> datetime | None:
        """Write that a session is proved now, and how; return when, or None if the session has ended."""
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            proved_at = await sessions.note_proof(connection, session.session_id)
            if proved_at is not None:
                await sign_in_log.add(
                    connection, session.officer_id, None, address, way, SignInOutcome.PROVED, session.session_id
                )
        return proved_at

    async def change_password(self, found: Credentials, password: SecretStr, address: str, way: SignInWay) -> bool:
        """Set a new password, which ends every session; false if the password was changed meanwhile."""
        assert found.officer_id is not None, "proven"
        assert found.password_hash is not None, "proven"
        new_hash = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            done = await credentials.change_password(connection, found.officer_id, found.password_hash, new_hash)
            if done:
                await sign_in_log.add(connection, found.officer_id, None, address, way, SignInOutcome.PASSWORD_CHANGED)
        return done

    async def is_person(self, found: Credentials, issuer: str, subject: str) -> bool:
        """Return whether the officer is this person of the identity provider, or had none before."""
        assert found.officer_id is not None, "known"
        async with self._ctx.pool.acquire() as connection:
            return await credentials.is_person(connection, found.officer_id, issuer, subject)

    async def renew_hash(self, found: Credentials, password: SecretStr) -> None:
        """Hash a proven password again if the costs of hashes have changed. The officer's other sessions end then."""
        assert found.officer_id is not None, "proven"
        assert found.password_hash is not None, "proven"
        if not is_outdated(found.password_hash):
            return
        new_hash = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection:
            await credentials.change_password(connection, found.officer_id, found.password_hash, new_hash)

    async def begin(
        self, officer_id: str, address: str, browser: str, way: SignInWay, proved_at: datetime | None = None
    ) -> Begun | None:
        """Begin a session and write it into the log; None if the officer was disabled meanwhile.

        `proved_at` is when the officer gave the proof elsewhere; without it the sign-in is the proof.
        """
        token, rules = new_token(), self._ctx.policy.sessions
        try:
            async with self._ctx.pool.acquire() as connection, connection.transaction():
                session = await sessions.begin(
                    connection,
                    uuid4(),
                    session_digest(self._sessions_key, token),
                    officer_id,
                    address,
                    browser,
                    way,
                    timedelta(seconds=rules.longest_seconds),
                    proved_at,
                )
                await sessions.end_oldest(connection, officer_id, rules.most_of_officer)
                await sign_in_log.add(
                    connection, officer_id, None, address, way, SignInOutcome.SIGNED_IN, session.session_id
                )
                await sessions.forget(connection)
        except asyncpg.RestrictViolationError:
            return None
        return Begun(session, token)
