"""Changes of a bank's keys: the bank asks in its inbox, and an officer of the police confirms or refuses.

A login alone neither adds a key nor ends one. The contacts of the bank are told of every step.
"""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import asyncpg
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import TypeAdapter, ValidationError

from activities.banks import changes
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from db import tasks
from db.banks import bank_keys
from db.banks.bank_keys import SealedAsker
from db.clock import present_moment
from db.pool import Connection, Pool
from domain.errors.banks import (
    BankKeyChangeDecided,
    BankKeyChangeNotFound,
    BankKeyChangeOpen,
    BankKeyChangesTooMany,
    BankKeyIdUnreadable,
    BankKeyLast,
    BankKeyNotFound,
    BankKeyOver,
    BankKeyTaken,
    BankKeyUnreadable,
    TooManyBankKeys,
)
from domain.policy.model import SignatureRules
from schemas.banks.keys import KEY_BYTES, BankKey, KeyAsker, KeyChange, KeyChangeOutcome, KeyId, KeyRequestView
from schemas.enums import KeyChangeKind, TaskKind
from schemas.tasks import TaskCause, TaskFacts

KEY_TEXT_MAX_CHARS: Final = 10_000
ASKED_A_DAY: Final = 10
LIVE_MAX: Final = 2
"""keys that a bank may have at one moment: the current one and its successor"""
SHOWN: Final = 20
WAITS: Final = "waits"
_PEM_BEGINS: Final = b"-----BEGIN"
_KEY_ID: Final = TypeAdapter[str](KeyId)


def read_public_key(data: bytes) -> bytes:
    """Return the 32 bytes of an Ed25519 public key in PEM or base64. Raises `BankKeyUnreadable`.

    The error never repeats the text.
    """
    if b"PRIVATE KEY" in data:
        raise BankKeyUnreadable("private")
    try:
        if data.lstrip().startswith(_PEM_BEGINS):
            key = load_pem_public_key(data)
            if not isinstance(key, Ed25519PublicKey):
                raise BankKeyUnreadable("other_kind")
            return key.public_bytes_raw()
        raw = b64decode(b"".join(data.split()), validate=True)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise BankKeyUnreadable("neither") from None
    if len(raw) != KEY_BYTES:
        raise BankKeyUnreadable(f"{len(raw)} bytes")
    return raw


async def ask_to_add(ctx: Context, institution: str, key_id: str, public_key: bytes, asker: KeyAsker) -> KeyChange:
    """Write that a bank asks for a key.

    Raises `BankKeyIdUnreadable`, `BankKeyTaken`, `TooManyBankKeys`, `BankKeyChangeOpen`, `BankKeyChangesTooMany`.
    """
    try:
        _KEY_ID.validate_python(key_id)
    except ValidationError:
        raise BankKeyIdUnreadable from None
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        if await bank_keys.is_known(connection, key_id, public_key):
            raise BankKeyTaken(key_id)
        if len(_live(await bank_keys.keys_of(connection, institution), now)) >= LIVE_MAX:
            raise TooManyBankKeys(institution)
        change = _change(KeyChangeKind.ADD, institution, key_id, public_key, now)
        return await _ask(ctx, connection, change, asker)


async def ask_to_end(ctx: Context, institution: str, key_id: str, asker: KeyAsker) -> KeyChange:
    """Write that a bank asks to end a key.

    Raises `BankKeyNotFound`, `BankKeyOver`, `BankKeyLast`, `BankKeyChangeOpen`, `BankKeyChangesTooMany`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        key = _checked_end(await bank_keys.keys_of(connection, institution), key_id, now)
        change = _change(KeyChangeKind.END, institution, key_id, key.public_key, now)
        return await _ask(ctx, connection, change, asker)


async def end_password(ctx: Context, institution: str) -> bool:
    """Let a bank be known by its signature alone from now on, as the bank asks.

    Return false unless a live key of the bank has signed a request: else the bank could not come in any more.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        await changes.lock_known(connection, institution)
        if not any(key.last_used_at for key in _live(await bank_keys.keys_of(connection, institution), now)):
            return False
        await changes.require_signature(connection, institution, now, now, f"bank:{institution}")
    return True


async def requests(
    persons: PersonKeys, connection: Connection, institution: str | None, now: datetime
) -> tuple[KeyRequestView, ...]:
    """Return the changes that wait for the police, with who asked for each, the oldest first.

    They are of one bank or of all. A change whose time is over waits no more.
    """
    waiting = [
        change
        for change in await bank_keys.open_ones(connection, institution)
        if change.asked_at + bank_keys.KEPT_OPEN > now
    ]
    return tuple([await _request(persons, connection, change) for change in waiting])


async def _request(persons: PersonKeys, connection: Connection, change: KeyChange) -> KeyRequestView:
    asker = KeyAsker(name="", designation="")
    if (stored := await bank_keys.asker_of(connection, change.change_id)) is not None:
        key, sealed = stored
        opened = persons.open_text(key, sealed, _use_of_asker(change))
        asker = KeyAsker.model_validate_json(opened) if opened else asker
    return KeyRequestView(
        change_id=change.change_id,
        institution=change.institution,
        kind=change.kind,
        key_id=change.key_id,
        fingerprint=change.fingerprint,
        asked_at=change.asked_at,
        ends_at=change.asked_at + bank_keys.KEPT_OPEN,
        asker_name=asker.name,
        asker_designation=asker.designation,
    )


async def withdraw(pool: Pool, institution: str, change_id: UUID) -> None:
    """End a change that the bank has asked for. Raises `BankKeyChangeNotFound`, `BankKeyChangeDecided`."""
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        change = await _locked(connection, institution, change_id, now)
        by = f"bank:{institution}"
        await bank_keys.decide(connection, change.change_id, KeyChangeOutcome.WITHDRAWN, by, now, "")


async def confirm(pool: Pool, rules: SignatureRules, institution: str, change_id: UUID, by: str) -> KeyChange:
    """Carry out a change that a bank has asked for; `by` is the police's own name for who confirms.

    What was checked when the bank asked is checked again. Raises as `ask_to_add` and `ask_to_end`,
    `BankKeyChangeNotFound` and `BankKeyChangeDecided`.
    """
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        return await confirm_in(connection, rules, institution, change_id, by, now, now)


async def confirm_in(
    connection: Connection,
    rules: SignatureRules,
    institution: str,
    change_id: UUID,
    by: str,
    now: datetime,
    begins: datetime,
) -> KeyChange:
    """Carry out a change in the caller's transaction; `begins` is when a key that is added becomes valid.

    Raises as `confirm`.
    """
    change = await _locked(connection, institution, change_id, now)
    if change.kind is KeyChangeKind.ADD:
        key = BankKey(key_id=change.key_id, institution=institution, public_key=change.public_key, not_before=begins)
        await changes.register_key(connection, rules, key, now, by, is_asked=True)
    else:
        _checked_end(await bank_keys.keys_of(connection, institution), change.key_id, now)
        await changes.end_key(connection, institution, change.key_id, now, now, by, is_asked=True)
    await bank_keys.decide(connection, change_id, KeyChangeOutcome.DONE, by, now, "")
    return change


async def refuse(pool: Pool, institution: str, change_id: UUID, by: str, reason: str) -> KeyChange:
    """Refuse a change that a bank has asked for. Raises `BankKeyChangeNotFound`, `BankKeyChangeDecided`."""
    async with pool.acquire() as connection, connection.transaction():
        return await refuse_in(connection, institution, change_id, by, await present_moment(connection), reason)


async def refuse_in(
    connection: Connection, institution: str, change_id: UUID, by: str, now: datetime, reason: str
) -> KeyChange:
    """Refuse a change in the caller's transaction. Raises as `refuse`."""
    change = await _locked(connection, institution, change_id, now)
    await bank_keys.decide(connection, change_id, KeyChangeOutcome.REFUSED, by, now, reason)
    return change


async def request_facts(connection: Connection, institution: str, change_id: UUID) -> dict[str, str]:
    """Return how a change stands that a bank has asked for, with the fingerprint that two people compare."""
    change = await bank_keys.find(connection, institution, change_id)
    if change is None:
        return {}
    state = change.outcome.value if change.outcome else WAITS
    return {f"key_request.{change.key_id}": f"{change.kind.value}; {change.fingerprint}; {state}"}


def _live(keys: Sequence[BankKey], now: datetime) -> list[BankKey]:
    """Return the keys that are valid now or later."""
    return [key for key in keys if key.not_after is None or key.not_after > now]


def _checked_end(keys: Sequence[BankKey], key_id: str, now: datetime) -> BankKey:
    """Return the key that may be ended now, because another one stays."""
    key = next((key for key in keys if key.key_id == key_id), None)
    if key is None:
        raise BankKeyNotFound(key_id)
    if not key.is_live(now):
        raise BankKeyOver(key_id)
    if not any(other.is_live(now) and other.not_after is None for other in keys if other.key_id != key_id):
        raise BankKeyLast(key_id)
    return key


def _change(kind: KeyChangeKind, institution: str, key_id: str, public_key: bytes, now: datetime) -> KeyChange:
    return KeyChange(
        change_id=uuid4(),
        institution=institution,
        kind=kind,
        key_id=key_id,
        public_key=public_key,
        asked_by=f"bank:{institution}",
        asked_at=now,
    )


def _use_of_asker(change: KeyChange) -> str:
    return f"asker of {change.change_id}"


async def _ask(ctx: Context, connection: Connection, change: KeyChange, asker: KeyAsker) -> KeyChange:
    institution, now = change.institution, change.asked_at
    await bank_keys.expire(connection, now, institution)
    if await bank_keys.count_since(connection, institution, now - timedelta(days=1)) >= ASKED_A_DAY:
        raise BankKeyChangesTooMany(ASKED_A_DAY)
    key = ctx.persons.new_key()
    sealed = ctx.persons.seal_text(key, asker.model_dump_json(), _use_of_asker(change))
    try:
        await bank_keys.ask(connection, change, SealedAsker(key, sealed))
    except asyncpg.UniqueViolationError:
        raise BankKeyChangeOpen(institution) from None
    facts = TaskFacts(
        institution=institution,
        key_change=change.kind,
        detail=f"{change.key_id}, SHA-256 {change.fingerprint}",
        request_id=str(change.change_id),
    )
    cause = TaskCause.BANK_KEY_ASKED
    await tasks.open_for_institution(connection, institution, TaskKind.PHONE_BANK, cause, now, facts=facts)
    return change


async def _locked(connection: Connection, institution: str, change_id: UUID, now: datetime) -> KeyChange:
    """Lock and return a change that may still be decided."""
    change = await bank_keys.lock(connection, institution, change_id)
    if change is None:
        raise BankKeyChangeNotFound(change_id)
    if change.outcome is not None:
        raise BankKeyChangeDecided(change_id, change.outcome.value)
    if change.asked_at < now - bank_keys.KEPT_OPEN:
        raise BankKeyChangeDecided(change_id, KeyChangeOutcome.EXPIRED.value)
    return change
