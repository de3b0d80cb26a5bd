"""Secrets at rest: sealing of credentials that must be read again, hashing of passwords that are only checked.

Every key is derived from one secret key, with a separate key for each purpose. So a token can never pass as a sealed
credential, nor a sealed credential as a token. A process that needs only some of the keys gets those without the
secret key, and cannot compute the others.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr, TypeAdapter, ValidationError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

# OWASP's password storage cheat sheet (2026): Argon2id with 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class CannotOpen(Exception):
    """The sealed value was made under another secret key, for another owner, or was changed."""


class Purpose(StrEnum):
    """Purpose of a derived key. The value is part of the derivation: another value would make another key."""

    SEALING = "seal credentials"
    OFFICER_TOKENS = "officer tokens"
    TOTP_SECRETS = "seal TOTP secrets"
    BANK_TOKENS = "bank tokens"
    ANSWER_LINKS = "answer links"
    ORDER_LINKS = "order links"
    APPEAL_CODES = "appeal codes"
    NAMES_OF_TRIES = "names of tries"
    EVIDENCE = "sign evidence"


OF_OFFICERS: Final = tuple(purpose for purpose in Purpose if purpose not in {Purpose.SEALING, Purpose.BANK_TOKENS})
"""purposes of the officers process: it opens no credential of a bank, and makes no token of a bank"""


class Keys(Protocol):
    """Keys for purposes."""

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return 32 bytes that are used for `purpose` only."""
        ...


class SecretBox:
    """Seals and opens credentials with AES-256-GCM, and derives keys, under the engine's secret key."""

    def __init__(self, secret_key: SecretStr) -> None:
        """Prepare the box. `secret_key` is `Settings.secret_key`, at least 32 characters."""
        self._secret = secret_key.get_secret_value().encode()
        self._aead = AESGCM(self.derive_key(Purpose.SEALING))

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return 32 bytes that are used for `purpose` only (HKDF-SHA256)."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"goldenhour/{purpose}".encode()).derive(self._secret)

    def seal(self, plain: bytes, owner: str) -> bytes:
        """Encrypt `plain` for `owner`, an institution's code. It cannot be opened for another owner."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt a value that `seal` returned. Raises `CannotOpen`."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())
        except (InvalidTag, ValueError):
            raise CannotOpen(CannotOpen.__doc__) from None


class BadOfficersKey(Exception):
    """The officers key cannot be used: make it again with `goldenhour officers-key`."""


class OfficersKeys:
    """The keys of the officers process, without the secret key that they are derived from."""

    def __init__(self, officers_key: SecretStr) -> None:
        """Read the keys. `officers_key` is a text that `officers_key` returned. Raises `BadOfficersKey`."""
        try:
            found = _KEYS_BY_PURPOSE.validate_json(urlsafe_b64decode(officers_key.get_secret_value()))
            self._keys: dict[Purpose, bytes] = {purpose: bytes.fromhex(found[purpose]) for purpose in OF_OFFICERS}
        except (ValidationError, ValueError, KeyError):
            raise BadOfficersKey(BadOfficersKey.__doc__) from None
        if any(len(key) != KEY_BYTES for key in self._keys.values()):
            raise BadOfficersKey(BadOfficersKey.__doc__)

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return the key of a purpose of `OF_OFFICERS`. Raises KeyError for another one."""
        return self._keys[purpose]


_KEYS_BY_PURPOSE: Final = TypeAdapter(dict[str, str])


def officers_key(secret_key: SecretStr) -> SecretStr:
    """Return the keys of the officers process as one text. The secret key cannot be computed from it."""
    secret_box = SecretBox(secret_key)
    keys = {purpose.value: secret_box.derive_key(purpose).hex() for purpose in OF_OFFICERS}
    return SecretStr(urlsafe_b64encode(_KEYS_BY_PURPOSE.dump_json(keys)).decode())


def hash_password(password: SecretStr) -> str:
    """Return the Argon2id hash of `password`. Takes about 20 ms and 19 MiB: call it in a thread."""
    return _HASHER.hash(password.get_secret_value())


def password_fits(password: SecretStr, password_hash: str) -> bool:
    """Return whether `password` matches the hash. As costly as `hash_password`."""
    try:
        return _HASHER.verify(password_hash, password.get_secret_value())
    except (VerificationError, InvalidHashError):
        return False


def pem(key: Ed25519PublicKey) -> bytes:
    """Return a public key in the PEM format that openssl reads."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
