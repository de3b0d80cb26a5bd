"""Sign-in of an officer: authenticators, what is checked, and the session that begins."""

import asyncio
import hashlib
import hmac
import os
import secrets
from base64 import b32encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import asyncpg
import pyotp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

from activities.context import Context
from activities.secrets import CannotOpen, Keys, Purpose, hash_password, is_outdated, password_fits
from activities.sessions import KINDS, new_token, token_digest
from db.officers import credentials, sessions
from db.officers.credentials import Credentials
from db.officers.sessions import LiveSession
from db.sessions import SessionKind
from domain.officers.officers import password_fault
from schemas.officers.sign_in import SignInOutcome, SignInWay

STEP_SECONDS: Final = 30
STEPS_BEFORE: Final = 1
"""steps before the one of now whose codes are still good, because a person reads and types; RFC 6238 asks for one"""
CODE_DIGITS: Final = 6
RECOVERY_CODES: Final = 10
ISSUER: Final = "goldenhour"
_RECOVERY_BYTES: Final = 15
_RECOVERY_CHARS: Final = 24
_GROUP_CHARS: Final = 4


class SecretsAtRest:
    """Seals the secrets of authenticators under the key for them, each for its owner."""

    def __init__(self, keys: Keys) -> None:
        sealer = keys.sealer(Purpose.TOTP_SECRETS)
        assert sealer is not None, "a process where officers sign in has the key"
        self._sealer = sealer

    def seal(self, secret: str, owner: str) -> bytes:
        """Encrypt a secret. It cannot be opened for another owner."""
        return self._sealer.seal(secret.encode(), owner)

    def open(self, sealed: bytes, owner: str) -> str:
        """Decrypt a secret that `seal` returned. Raises `CannotOpen`."""
        return self._sealer.open(sealed, owner).decode()


def new_secret() -> str:
    """Return a new secret of 160 bits, in base32."""
    return pyotp.random_base32()


def address_of(secret: str, officer_id: str) -> str:
    """Return the `otpauth` address by which an authenticator takes a secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=officer_id, issuer_name=ISSUER)


def step_at(moment: datetime) -> int:
    """Return the time step of a moment."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the code of a time step."""
    return pyotp.TOTP(secret, digits=CODE_DIGITS, interval=STEP_SECONDS).generate_otp(step)


def step_of(secret: str, code: str, moment: datetime) -> int | None:
    """Return the time step of `moment`, or the one before, if it has this code; else None.

    Every step is compared, so that the time does not tell which one fits.
    """
    typed = digits_of(code)
    now, matching = step_at(moment), None
    for step in range(now - STEPS_BEFORE, now + 1):
        if hmac.compare_digest(code_at(secret, step), typed):
            matching = step
    return matching


def digits_of(code: str) -> str:
    """Return a code as typed, without spaces and hyphens; an empty text if it has another length or other signs."""
    typed = code.replace(" ", "").replace("-", "")
    return typed if len(typed) == CODE_DIGITS and typed.isascii() and typed.isdigit() else ""


def new_recovery_codes() -> tuple[str, ...]:
    """Return new recovery codes of 120 bits, in groups of four signs."""
    return tuple(
        "-".join(plain[at : at + _GROUP_CHARS] for at in range(0, _RECOVERY_CHARS, _GROUP_CHARS))
        for plain in (b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES))
    )


def recovery_digest(officer_id: str, code: str) -> bytes:
    """Return the digest under which the database knows a recovery code. 120 random bits need no slow hash."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(f"recovery code\0{officer_id}\0{plain}".encode()).digest()


CHECKS_AT_ONCE: Final = 2
CHECKS_WAITING_MAX: Final = 100
_JUDGE: Final = ThreadPoolExecutor(1, "judge-password")
"""one estimate at a time, so that the loop has the interpreter at least half of the time"""


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


async def judge_password(password: SecretStr, name: str) -> str | None:
    """Return the code of the fault of a new password of `name`, or None.

    Call it when the code is checked and the try counted: an estimate takes up to 0.6 s of a thread.
    """
    judged = asyncio.get_running_loop().run_in_executor(_JUDGE, password_fault, password.get_secret_value(), name)
    return await judged


def sign_session(key: bytes, officer_id: str, digest: bytes) -> bytes:
    """Return the signature of a session of an officer, whose token has this digest."""
    return Ed25519PrivateKey.from_private_bytes(key).sign(_signed(officer_id, digest))


def is_signed(public_key: bytes, officer_id: str, digest: bytes, signature: bytes | None) -> bool:
    """Return whether the process with the key of sessions has signed a session."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature or b"", _signed(officer_id, digest))
    except InvalidSignature:
        return False
    return True


def _signed(officer_id: str, digest: bytes) -> bytes:
    return b"officer session\0" + digest + officer_id.encode()


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

    async def password_fits(self, stored: Credentials, password: SecretStr) -> bool:
        """Return whether the password is the officer's. Raises `TooManyWaiting`."""
        if self._waiting >= CHECKS_WAITING_MAX:
            raise TooManyWaiting
        self._waiting += 1
        try:
            async with self._checking:
                fits = await asyncio.to_thread(password_fits, password, stored.password_hash or _hash_of_no_password())
        finally:
            self._waiting -= 1
        return fits and stored.password_hash is not None

    async def use_code(self, stored: Credentials, code: str) -> SignInOutcome:
        """Use up a code of the authenticator. Return `SIGNED_IN`, or why it is not good."""
        if stored.officer_id is None or stored.sealed_secret is None:
            return SignInOutcome.WRONG_CODE
        try:
            secret = self._secrets.open(stored.sealed_secret, stored.officer_id)
        except CannotOpen:
            return SignInOutcome.WRONG_CODE
        step = step_of(secret, code, stored.now)
        if step is None:
            return SignInOutcome.WRONG_CODE
        async with self._ctx.pool.acquire() as connection:
            is_new = await credentials.use_step(connection, stored.officer_id, step)
        return SignInOutcome.SIGNED_IN if is_new else SignInOutcome.CODE_USED

    async def use_recovery_code(self, stored: Credentials, code: str) -> SignInOutcome:
        """Use up a recovery code. Return `SIGNED_IN`, or why it is not good."""
        if stored.officer_id is None:
            return SignInOutcome.WRONG_CODE
        async with self._ctx.pool.acquire() as connection:
            used = await credentials.use_recovery_code(
                connection, stored.officer_id, recovery_digest(stored.officer_id, code)
            )
        if used is None:
            return SignInOutcome.WRONG_CODE
        return SignInOutcome.SIGNED_IN if used else SignInOutcome.CODE_USED

    async def note(self, stored: Credentials, name: str, address: str, way: SignInWay, outcome: SignInOutcome) -> None:
        """Write a try that failed into the sign-in log."""
        digest = None if stored.officer_id else hmac.digest(self._names_key, f"sign-in\0{name}".encode(), "sha256")
        async with self._ctx.pool.acquire() as connection:
            await sessions.add(connection, stored.officer_id, digest, address, way, outcome)

    async def prove(self, session: LiveSession, address: str, way: SignInWay) -> datetime | None:
        """Write that a session is proved now, and how; return when, or None if the session has ended."""
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            proved_at = await sessions.note_proof(connection, session.session_id)
            if proved_at is not None:
                await sessions.add(
                    connection, session.officer_id, None, address, way, SignInOutcome.PROVED, session.session_id
                )
        return proved_at

    async def change_password(self, stored: Credentials, password: SecretStr, address: str, way: SignInWay) -> bool:
        """Set a new password, which ends every session; false if the password was changed meanwhile."""
        assert stored.officer_id is not None, "proven"
        assert stored.password_hash is not None, "proven"
        new_hash = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection, connection.transaction():
            done = await credentials.change_password(connection, stored.officer_id, stored.password_hash, new_hash)
            if done:
                await sessions.add(connection, stored.officer_id, None, address, way, SignInOutcome.PASSWORD_CHANGED)
        return done

    async def is_person(self, stored: Credentials, issuer: str, subject: str) -> bool:
        """Return whether the officer is this person of the identity provider, or had none before."""
        assert stored.officer_id is not None, "known"
        async with self._ctx.pool.acquire() as connection:
            return await credentials.is_person(connection, stored.officer_id, issuer, subject)

    async def renew_hash(self, stored: Credentials, password: SecretStr) -> None:
        """Hash a proven password again if the costs of hashes have changed. The officer's other sessions end then."""
        assert stored.officer_id is not None, "proven"
        assert stored.password_hash is not None, "proven"
        if not is_outdated(stored.password_hash):
            return
        new_hash = await asyncio.to_thread(hash_password, password)
        async with self._ctx.pool.acquire() as connection:
            await credentials.change_password(connection, stored.officer_id, stored.password_hash, new_hash)

    async def begin(
        self, officer_id: str, address: str, browser: str, way: SignInWay, proved_at: datetime | None = None
    ) -> Begun | None:
        """Begin a session and write it into the log; None if the officer was disabled meanwhile.

        `proved_at` is when the officer gave the proof elsewhere; without it the sign-in is the proof.
        """
        token, longest = new_token(), KINDS[SessionKind.OFFICER](self._ctx.policy).longest
        digest = token_digest(token)
        try:
            async with self._ctx.pool.acquire() as connection, connection.transaction():
                session = await sessions.begin(
                    connection,
                    digest,
                    sign_session(self._sessions_key, officer_id, digest),
                    officer_id,
                    address,
                    browser,
                    way,
                    longest,
                    proved_at,
                )
                await sessions.end_oldest(connection, officer_id, self._ctx.policy.sessions.most_of_officer)
                await sessions.add(
                    connection, officer_id, None, address, way, SignInOutcome.SIGNED_IN, session.session_id
                )
        except asyncpg.RestrictViolationError:
            return None
        return Begun(session, token)
