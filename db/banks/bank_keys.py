"""Banks' public keys, signed requests, and changes of keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from db import outgoing
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy import body_keys, person_keys, retention
from db.privacy.body_keys import BODY, BodyKey, BodyState, OpensBody, SealedBody, StoredBody, use_of
from db.privacy.person_keys import PersonKey
from db.rows import Rows
from domain.errors.banks import BankKeyNotFound, SignedRequestNotFound
from schemas.banks.keys import BankKey, KeyChange, KeyChangeOutcome
from schemas.base import FrozenModel, UtcDatetime

_KEY = "SELECT key_id, institution, public_key, not_before, not_after, last_used_at FROM bank_key"


class Evidence(FrozenModel):
    """A signed request as it was received."""

    evidence_id: int
    institution: str
    received_at: UtcDatetime
    method: str
    path: str
    """raw, with its query"""
    headers: tuple[tuple[str, str], ...] = Field(repr=False)
    """every line, in the order received"""
    body: bytes = Field(repr=False)
    state: BodyState = BodyState.OPEN
    """whether the body can be read"""
    digest: bytes
    """SHA-256 of the body"""
    about: UUID | None = None
    """the request or order that it is about"""
    key_id: str | None = None
    """the key that signed; None where the bank used a token, and in requests older than this column"""
    signature: bytes | None = Field(default=None, repr=False)
    signature_base: bytes | None = Field(default=None, repr=False)
    """the text that was signed"""


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A signature over a request, as it was verified on receipt."""

    key_id: str
    signature: bytes
    base: bytes


async def add_key(connection: Connection, key: BankKey, at: datetime) -> None:
    """Register a key.

    Raises `asyncpg.UniqueViolationError` where the id or the key itself is known (of any bank), and
    `asyncpg.CheckViolationError` where the bank would have three at one moment (`bank_key_two_live`).
    """
    await connection.execute(
        "INSERT INTO bank_key (key_id, institution, public_key, not_before, not_after, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        key.key_id,
        key.institution,
        key.public_key,
        key.not_before,
        key.not_after,
        at,
    )


async def sign_only_from(connection: Connection, institution: str, moment: datetime, *, over: bool) -> datetime | None:
    """Write the time from which the institution is known by its signature alone; return the time that it has now.

    Without `over` a time that it has already stays. Returns None for an unknown institution.
    """
    written: datetime | None = await connection.fetchval(
        "UPDATE institution SET signature_only_from = CASE WHEN $3 THEN $2 ELSE coalesce(signature_only_from, $2) END"
        " WHERE code = $1 RETURNING signature_only_from",
        institution,
        moment,
        over,
    )
    return written


async def get_key(connection: Connection, key_id: str) -> BankKey | None:
    """Return the key with this id, ended or not; None if none is registered."""
    return await Rows(connection, BankKey).first(f"{_KEY} WHERE key_id = $1", key_id)


async def is_known(connection: Connection, key_id: str, public_key: bytes) -> bool:
    """Return whether this id or this key is registered, of any bank."""
    is_registered: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM bank_key WHERE key_id = $1 OR public_key = $2)", key_id, public_key
    )
    return is_registered


async def keys_of(connection: Connection, institution: str) -> list[BankKey]:
    """Return every key of a bank, ended ones too, the oldest first."""
    return await Rows(connection, BankKey).many(
        f"{_KEY} WHERE institution = $1 ORDER BY not_before, key_id", institution
    )


_LAST_USES: Final = """
SELECT key_id, max(received_at) AS at FROM (
    SELECT key_id, received_at FROM bank_evidence WHERE institution = $1 ORDER BY evidence_id DESC LIMIT 1000
) AS newest WHERE key_id IS NOT NULL GROUP BY key_id
"""


async def last_uses(connection: Connection, institution: str) -> dict[str, datetime]:
    """Return when each key of a bank last signed, among the bank's newest thousand requests."""
    return {row["key_id"]: row["at"] for row in await connection.fetch(_LAST_USES, institution)}


async def end_key(connection: Connection, key_id: str, not_after: datetime) -> None:
    """End the validity of a key at `not_after`. Raises `NotFound`."""
    done = await connection.fetchval(
        "UPDATE bank_key SET not_after = $2 WHERE key_id = $1 RETURNING true", key_id, not_after
    )
    if done is None:
        raise BankKeyNotFound(key_id)


async def take_nonce(connection: Connection, key_id: str, nonce: str, seen_at: datetime) -> bool:
    """Store a nonce of a key; false if it was used before. Of two concurrent uses one gets true.

    The use of the key is noted to the hour, so that a busy key is not written with each request.
    """
    taken = await connection.fetchval(
        "WITH taken AS (INSERT INTO bank_nonce (key_id, nonce, seen_at) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true AS done),"
        " used AS (UPDATE bank_key SET last_used_at = $3 WHERE key_id = $1 AND EXISTS (SELECT FROM taken)"
        " AND (last_used_at IS NULL OR last_used_at < $3::timestamptz - interval '1 hour'))"
        " SELECT done FROM taken",
        key_id,
        nonce,
        seen_at,
    )
    return taken is not None


PURGE_NONCES: Final = """
DELETE FROM bank_nonce WHERE (key_id, nonce) IN (
    SELECT key_id, nonce FROM bank_nonce WHERE seen_at < $1 ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING seen_at
"""


async def purge_nonces(connection: Connection, seen_before: datetime, limit: int) -> int:
    """Delete nonces first used before `seen_before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE_NONCES, seen_before, limit))


async def public_keys(connection: Connection, key_ids: list[str]) -> dict[str, bytes]:
    """Return the registered keys with those ids, ended ones too."""
    rows = await connection.fetch("SELECT key_id, public_key FROM bank_key WHERE key_id = ANY($1)", key_ids)
    return {row["key_id"]: row["public_key"] for row in rows}


@dataclass(frozen=True, slots=True)
class SealedStatement:
    """The body of a bank's request as it is written."""

    key: BodyKey
    body: SealedBody


_KEEP: Final = f"""
WITH {body_keys.insert(11)}
INSERT INTO bank_evidence (institution, received_at, method, path, headers, digest, about, key_id, signature,
    signature_base, person_id, sealed, bank_person_id)
VALUES ($1, present_moment(), $2, $3, $4, $5, $6, $7, $8, $9, $10, ${11 + body_keys.ARGUMENTS},
    ${12 + body_keys.ARGUMENTS})
RETURNING evidence_id
"""


async def keep_evidence(
    connection: Connection,
    institution: str,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]],
    sealed: SealedStatement,
    about: UUID | None = None,
    signed: SignedBy | None = None,
    bank_person_id: UUID | None = None,
) -> int:
    """Store a bank's request as received now, and who of the bank was signed in. Returns its number."""
    evidence_id: int = await connection.fetchval(
        _KEEP,
        institution,
        method,
        path,
        [list(line) for line in headers],
        sealed.body.digest,
        about,
        signed and signed.key_id,
        signed and signed.signature,
        signed and signed.base,
        sealed.key.person_id,
        *body_keys.columns([sealed.key]),
        sealed.body.sealed,
        bank_person_id,
    )
    return evidence_id


EVIDENCE: Final = (
    "SELECT e.evidence_id, e.institution, e.received_at, e.method, e.path, e.headers, e.digest, e.about,"
    " e.key_id, e.signature, e.signature_base, e.person_id, e.sealed, w.wrapped"
    " FROM bank_evidence e LEFT JOIN person_key w USING (person_id)"
)
"""SQL of the rows that `evidence_of` reads"""


def evidence_of(row: Record, opens: OpensBody) -> Evidence:
    """Return a request as it was received, opened."""
    values: dict[str, Any] = dict(row)
    stored = StoredBody(
        person_id=values.pop("person_id"),
        wrapped=values.pop("wrapped"),
        sealed=values.pop("sealed"),
        use=use_of(BODY, values["digest"]),
    )
    opened = opens(stored)
    headers = tuple((name, value) for name, value in values["headers"])
    return Evidence(**(values | {"headers": headers, "body": opened.content, "state": opened.state}))


async def get_evidence(connection: Connection, evidence_id: int, opens: OpensBody) -> Evidence:
    """Return one signed request as it was received. Raises `NotFound`."""
    row = await connection.fetchrow(f"{EVIDENCE} WHERE e.evidence_id = $1", evidence_id)
    if row is None:
        raise SignedRequestNotFound(evidence_id)
    return evidence_of(row, opens)


_ROW: Final = f"SELECT {', '.join(KeyChange.model_fields)} FROM bank_key_change"
RULE: Final = "bank_key_change"
"""why the key of who asked is destroyed, as the table of keys has it"""
KEPT_OPEN: Final = timedelta(days=14)
"""time after which a change that waits for the police is over"""


@dataclass(frozen=True, slots=True)
class SealedAsker:
    """Who asked at the bank: sealed, and the key of their own that seals it."""

    key: PersonKey
    sealed: bytes = field(repr=False)


async def ask(connection: Connection, change: KeyChange, asker: SealedAsker | None = None) -> None:
    """Write a change, open or decided. The bank's contacts are to be told of it.

    Raises `asyncpg.UniqueViolationError` if an open one is there.
    """
    if asker is not None:
        await person_keys.insert(connection, asker.key, change.asked_at)
    await connection.execute(
        "INSERT INTO bank_key_change (change_id, institution, kind, key_id, public_key, asked_by, asked_at, outcome,"
        " decided_by, decided_at, person_id, sealed_asker) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        change.change_id,
        change.institution,
        change.kind.value,
        change.key_id,
        change.public_key,
        change.asked_by,
        change.asked_at,
        change.outcome and change.outcome.value,
        change.decided_by,
        change.decided_at,
        asker and asker.key.person_id,
        asker and asker.sealed,
    )
    await _tell(connection, change.change_id, change.asked_at)


async def asker_of(connection: Connection, change_id: UUID) -> tuple[PersonKey, str] | None:
    """Return the key and the sealed text of who asked for a change; None if the police did."""
    row = await connection.fetchrow(
        "SELECT c.person_id, encode(k.wrapped, 'hex') AS wrapped, encode(c.sealed_asker, 'hex') AS sealed"
        " FROM bank_key_change c JOIN person_key k USING (person_id) WHERE c.change_id = $1",
        change_id,
    )
    return (PersonKey(person_id=row["person_id"], wrapped=row["wrapped"]), row["sealed"]) if row else None


async def expire(connection: Connection, at: datetime, institution: str | None = None) -> int:
    """End the open changes that no one has decided in time, of one bank or of all; return how many.

    The bank's contacts are to be told of it.
    """
    async with connection.transaction():
        rows = await connection.fetch(
            "UPDATE bank_key_change SET outcome = 'expired', decided_by = asked_by, decided_at = $1::timestamptz"
            " WHERE ($2::text IS NULL OR institution = $2) AND outcome IS NULL AND asked_at < $3"
            " RETURNING change_id, person_id",
            at,
            institution,
            at - KEPT_OPEN,
        )
        for row in rows:
            await _forget_asker(connection, row["person_id"], at)
            await _tell(connection, row["change_id"], at)
    return len(rows)


async def refuse_open(connection: Connection, institution: str, by: str, at: datetime, reason: str) -> None:
    """Refuse the open change of a bank, if there is one. The bank's contacts are to be told of it."""
    for change in await open_ones(connection, institution):
        if await lock(connection, institution, change.change_id) == change:
            await decide(connection, change.change_id, KeyChangeOutcome.REFUSED, by, at, reason)


async def lock(connection: Connection, institution: str, change_id: UUID) -> KeyChange | None:
    """Lock and return a change of a bank, or None if the bank has none with this id."""
    row = await connection.fetchrow(
        f"{_ROW} WHERE change_id = $1 AND institution = $2 FOR NO KEY UPDATE", change_id, institution
    )
    return KeyChange(**dict(row)) if row else None


async def find(connection: Connection, institution: str, change_id: UUID) -> KeyChange | None:
    """Return a change of a bank, or None if the bank has none with this id."""
    row = await connection.fetchrow(f"{_ROW} WHERE change_id = $1 AND institution = $2", change_id, institution)
    return KeyChange(**dict(row)) if row else None


async def decide(
    connection: Connection, change_id: UUID, outcome: KeyChangeOutcome, by: str, at: datetime, reason: str
) -> None:
    """Write the end of an open change, of which the bank's contacts are to be told."""
    person_id = await connection.fetchval(
        "UPDATE bank_key_change SET outcome = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE change_id = $1"
        " RETURNING person_id",
        change_id,
        outcome.value,
        by,
        at,
        reason,
    )
    await _forget_asker(connection, person_id, at)
    await _tell(connection, change_id, at)


async def _tell(connection: Connection, change_id: UUID, at: datetime) -> None:
    """Have the bank's contacts told of a change as it stands."""
    await outgoing.queue(connection, OutgoingKind.BANK_KEY_CHANGE, change_id, at)


async def _forget_asker(connection: Connection, person_id: UUID | None, at: datetime) -> None:
    """Destroy the key of who asked. Who it was stays in the sealed form that the bank has posted."""
    if person_id is not None:
        await retention.destroy_key(connection, person_id, RULE, at)


async def newest(connection: Connection, institution: str, limit: int) -> list[KeyChange]:
    """Return the newest changes of a bank, the newest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE institution = $1 ORDER BY asked_at DESC, change_id LIMIT $2", institution, limit
    )
    return [KeyChange(**dict(row)) for row in rows]


async def open_ones(connection: Connection, institution: str | None) -> list[KeyChange]:
    """Return the changes that wait for the police, of one bank or of all, the oldest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE outcome IS NULL AND ($1::text IS NULL OR institution = $1) ORDER BY asked_at, change_id",
        institution,
    )
    return [KeyChange(**dict(row)) for row in rows]


async def count_since(connection: Connection, institution: str, since: datetime) -> int:
    """Return how many changes a bank has asked for since that time."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM bank_key_change WHERE institution = $1 AND asked_at >= $2 AND asked_by LIKE 'bank:%'",
        institution,
        since,
    )
    return count
