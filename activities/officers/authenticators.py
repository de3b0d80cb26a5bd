"""Authenticators of officers: time-based codes (RFC 6238), recovery codes, and how their secrets are stored."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from typing import Final

import pyotp

from activities.secrets import Keys, Purpose

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
    now, found = step_at(moment), None
    for step in range(now - STEPS_BEFORE, now + 1):
        if hmac.compare_digest(code_at(secret, step), typed):
            found = step
    return found


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
