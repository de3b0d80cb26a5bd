"""Secrets at rest: sealing, hashing, and codes that people read out and type.

Secrets at rest: sealing of credentials that must be read again, hashing of passwords that are only checked. Every key
is derived from one secret key, with a separate key for each purpose. So a token can never pass as a sealed credential,
nor a sealed credential as a token. A process of the engine gets the keys of its own purposes without the secret key,
and cannot compute the others.
"""

import os
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr, ValidationError

from schemas.base import FrozenModel

_CODE_BYTES: Final = 10
"""random ones, so that a stored digest tells nothing and needs no slow hash"""
_GROUP_CHARS: Final = 4


def new_grouped_code() -> str:
    """Return a new code, such as `abcd-2345-efgh-6767`."""
    plain = b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(plain[at : at + _GROUP_CHARS] for at in range(0, len(plain), _GROUP_CHARS))


def plain_code(typed: str) -> str:
    """Return a code as it is compared, however it was spaced and typed."""
    return "".join(typed.split()).replace("-", "").lower()


KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
SEALED_VERSION: Final = b"gh\x01"
"""first bytes of a sealed value of this version; the id of the secret key follows, then the nonce"""

# OWASP's password storage cheat sheet (2026): Argon2id with 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class CannotOpen(Exception):
    """The sealed value was made under another secret key, for another owner, or was changed."""


class Purpose(StrEnum):
    """Purpose of a derived key. The value is part of the derivation: another value would make another key."""

    SEALING = "seal credentials"
    SESSIONS = "officer sessions"
    """sign them"""
    SESSION_CHECKS = "check officer sessions"
    """its key is the public half of the one that signs them"""
    TOTP_SECRETS = "seal TOTP secrets"
    BANK_TOKENS = "bank tokens"
    ANSWER_LINKS = "answer links"
    ORDER_LINKS = "order links"
    APPEAL_CODES = "appeal codes"
    MY_CASE_CODES = "my case codes"
    NAMES_OF_TRIES = "names of tries"
    PERSON_KEYS = "seal keys of persons"
    PERSON_TERMS = "find personal data"
    BANK_LOGINS = "bank logins"
    EVIDENCE = "sign evidence"


SEAL: Final = frozenset({Purpose.SEALING, Purpose.TOTP_SECRETS, Purpose.PERSON_KEYS})
"""purposes whose keys seal values in the database"""
LASTING: Final = SEAL | {Purpose.PERSON_TERMS}
"""purposes whose keys are needed until every value is made again under the next secret key"""


class Process(StrEnum):
    """Process of the engine that gets keys of its own, by the name of its command."""

    INTAKE = "intake"
    OFFICERS = "officers"
    WORKER = "worker"


PURPOSES: Final[Mapping[Process, frozenset[Purpose]]] = {
    # It takes complaints from officers in their sessions, and can make no session.
    Process.INTAKE: frozenset(
        {
            Purpose.SEALING,
            Purpose.BANK_TOKENS,
            Purpose.BANK_LOGINS,
            Purpose.SESSION_CHECKS,
            Purpose.NAMES_OF_TRIES,
            Purpose.PERSON_KEYS,
            Purpose.PERSON_TERMS,
        }
    ),
    # It faces officers and citizens, so it opens no credential of a bank and makes no token of a bank.
    Process.OFFICERS: frozenset(Purpose) - {Purpose.SEALING, Purpose.BANK_TOKENS, Purpose.BANK_LOGINS},
    # It serves no caller, so it makes neither a token nor a session.
    Process.WORKER: frozenset(
        {Purpose.SEALING, Purpose.ANSWER_LINKS, Purpose.ORDER_LINKS, Purpose.PERSON_KEYS, Purpose.PERSON_TERMS}
    ),
}
"""purposes of each process"""


class Keys(Protocol):
    """Keys for purposes."""

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return 32 bytes that are used for `purpose` only."""
        ...

    def lasting_keys(self, purpose: Purpose) -> list[tuple[bytes, bytes]]:
        """Return the id of each known secret key and its key for a purpose of `LASTING`, the current one first."""
        ...

    def sealer(self, purpose: Purpose) -> "Sealer | None":
        """Return the sealer for a purpose of `SEAL`, or None without a key for it."""
        ...


class Opener(Protocol):
    """Opens sealed values."""

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt a sealed value of `owner`. Raises `CannotOpen`."""
        ...

    def knows(self, sealed: bytes) -> bool:
        """Return whether the value is sealed under a known key."""
        ...


class Sealer:
    """Seals values for their owners with AES-256-GCM, and opens them, for one purpose.

    A sealed value names the secret key that its key is derived from.
    """

    def __init__(self, keys: Sequence[tuple[bytes, bytes]]) -> None:
        """Prepare the sealer. `keys` has the id and the key of each secret key, the current one first."""
        self._aeads = {_header(key_id): AESGCM(key) for key_id, key in keys}

    @property
    def header(self) -> bytes:
        """Return the first bytes of every value that is sealed under the current key."""
        return next(iter(self._aeads))

    def seal(self, plain: bytes, owner: str) -> bytes:
        """Encrypt `plain` for `owner`. It cannot be opened for another owner."""
        header, nonce = self.header, os.urandom(NONCE_BYTES)
        return header + nonce + self._aeads[header].encrypt(nonce, plain, header + owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt a value that was sealed under any of the keys. Raises `CannotOpen`."""
        header = sealed[: len(self.header)]
        aead = self._aeads.get(header)
        opened = _opened(aead, sealed[len(header) :], header + owner.encode()) if aead else None
        if opened is None:
            raise CannotOpen(CannotOpen.__doc__)
        return opened

    def knows(self, sealed: bytes) -> bool:
        """Return whether the value names one of the keys."""
        return sealed[: len(self.header)] in self._aeads


def _header(key_id: bytes) -> bytes:
    return SEALED_VERSION + key_id


def _opened(aead: AESGCM, sealed: bytes, bound_to: bytes) -> bytes | None:
    try:
        return aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        return None


class SecretBox:
    """Derives every key from the secret key, and seals and opens the credentials of banks.

    It also opens what was sealed under the previous secret key.
    """

    def __init__(self, secret_key: SecretStr, previous: SecretStr | None = None) -> None:
        """Prepare the box. The arguments are `Settings.secret_key` and `Settings.previous_secret_key`."""
        self._secrets = [key.get_secret_value().encode() for key in (secret_key, previous) if key is not None]
        self._credentials = self.sealer(Purpose.SEALING)

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """Return the id of the secret key, and of the previous one if it is known.

        An id tells nothing of its key.
        """
        return tuple(_derived(secret, "key id", KEY_ID_BYTES) for secret in self._secrets)

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return 32 bytes that are used for `purpose` only (HKDF-SHA256)."""
        return _key_of(self._secrets[0], purpose)

    def sealer(self, purpose: Purpose) -> Sealer:
        """Return the sealer for a purpose of `SEAL`."""
        return Sealer(self.lasting_keys(purpose))

    def lasting_keys(self, purpose: Purpose) -> list[tuple[bytes, bytes]]:
        """Return the id of each known secret key and its key for a purpose of `LASTING`, the current one first."""
        return [(key_id, _derived(secret, purpose)) for key_id, secret in zip(self.key_ids, self._secrets, strict=True)]

    def seal(self, plain: bytes, owner: str) -> bytes:
        """Encrypt a credential for `owner`, an institution's code. It cannot be opened for another owner."""
        return self._credentials.seal(plain, owner)

    def open(self, sealed: bytes, owner: str) -> bytes:
        """Decrypt a credential that `seal` returned. Raises `CannotOpen`."""
        return self._credentials.open(sealed, owner)

    def knows(self, sealed: bytes) -> bool:
        """Return whether the credential names one of the keys."""
        return self._credentials.knows(sealed)

    def process_key(self, process: Process) -> SecretStr:
        """Return the keys of a process as one text. The secret key cannot be computed from it.

        Of the previous secret key it has only the keys that open sealed values and find personal data.
        """
        wanted = [PURPOSES[process], *([PURPOSES[process] & LASTING] * (len(self._secrets) - 1))]
        generations = tuple(
            _Generation(
                key_id=key_id.hex(), keys={purpose.value: _key_of(secret, purpose).hex() for purpose in purposes}
            )
            for key_id, secret, purposes in zip(self.key_ids, self._secrets, wanted, strict=True)
        )
        text = _ProcessKey(process=process, generations=generations).model_dump_json()
        return SecretStr(urlsafe_b64encode(text.encode()).decode())


def _key_of(secret: bytes, purpose: Purpose) -> bytes:
    if purpose is Purpose.SESSION_CHECKS:
        signing = Ed25519PrivateKey.from_private_bytes(_derived(secret, Purpose.SESSIONS))
        return signing.public_key().public_bytes_raw()
    return _derived(secret, purpose)


def _derived(secret: bytes, use: str, size: int = KEY_BYTES) -> bytes:
    return HKDF(SHA256(), size, salt=None, info=f"goldenhour/{use}".encode()).derive(secret)


class _Generation(FrozenModel):
    """Keys that are derived from one secret key, in hexadecimal, by purpose."""

    key_id: str
    keys: dict[str, str]


class _ProcessKey(FrozenModel):
    """Keys of a process: of the current secret key first, then of the previous one."""

    process: Process
    generations: tuple[_Generation, ...]


class BadProcessKey(Exception):
    """The key of a process cannot be used: make it again with `goldenhour process-key`."""


class ProcessKeys:
    """The keys of one process, without the secret key that they are derived from."""

    def __init__(self, process_key: SecretStr, process: Process) -> None:
        """Read the keys. `process_key` is a text of `SecretBox.process_key`. Raises `BadProcessKey`."""
        try:
            parsed = _ProcessKey.model_validate_json(urlsafe_b64decode(process_key.get_secret_value()))
            self._generations = [_keys_of(generation) for generation in parsed.generations]
            current = self._generations[0][1]
        except (ValidationError, ValueError, IndexError):
            raise BadProcessKey(BadProcessKey.__doc__) from None
        if parsed.process is not process or current.keys() != PURPOSES[process]:
            raise BadProcessKey(BadProcessKey.__doc__)
        self._keys = current

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """Return the id of the secret key, and of the previous one if the process has keys of it."""
        return tuple(key_id for key_id, _ in self._generations)

    def derive_key(self, purpose: Purpose) -> bytes:
        """Return the key of a purpose of the process. Raises KeyError for another one."""
        return self._keys[purpose]

    def sealer(self, purpose: Purpose) -> Sealer | None:
        """Return the sealer for a purpose of `SEAL`, or None if the process has no key for it."""
        known = self.lasting_keys(purpose)
        return Sealer(known) if known else None

    def lasting_keys(self, purpose: Purpose) -> list[tuple[bytes, bytes]]:
        """Return the id of each known secret key and its key for a purpose of `LASTING`, the current one first."""
        return [(key_id, keys[purpose]) for key_id, keys in self._generations if purpose in keys]


def _keys_of(generation: _Generation) -> tuple[bytes, dict[Purpose, bytes]]:
    """Return the id and the keys of a generation. Raises ValueError."""
    keys = {Purpose(purpose): bytes.fromhex(key) for purpose, key in generation.keys.items()}
    key_id = bytes.fromhex(generation.key_id)
    if len(key_id) != KEY_ID_BYTES or any(len(key) != KEY_BYTES for key in keys.values()):
        raise ValueError("a key has another length")
    return key_id, keys


def hash_password(password: SecretStr) -> str:
    """Return the Argon2id hash of `password`. Takes about 20 ms and 19 MiB: call it in a thread."""
    return _HASHER.hash(password.get_secret_value())


def password_fits(password: SecretStr, password_hash: str) -> bool:
    """Return whether `password` matches the hash. As costly as `hash_password`."""
    try:
        return _HASHER.verify(password_hash, password.get_secret_value())
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was made with other costs than those of now."""
    return _HASHER.check_needs_rehash(password_hash)


def pem(key: Ed25519PublicKey) -> bytes:
    """Return a public key in the PEM format that openssl reads."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
