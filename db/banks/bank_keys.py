"""Banks' public keys, used nonces, and signed requests, byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import Field

from db.case import cases
from db.case.cases import CaseHead
from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BODY, BodyKey, BodyState, OpensBody, SealedBody, StoredBody, key_of_case, use_of
from db.privacy.person_keys import PersonKey
from db.rows import Rows
from domain.errors.banks import BankKeyNotFound, SignedRequestNotFound
from schemas.banks.keys import BankKey
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
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM bank_key WHERE key_id = $1 OR public_key = $2)", key_id, public_key
    )
    return found


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


@dataclass(frozen=True, slots=True)
class Concerned:
    """The case that a bank's request is about, locked, and the key of its bodies."""

    head: CaseHead
    key: PersonKey | None


CASE_OF: Final = """
SELECT case_no FROM hold_request WHERE request_id = {about} AND institution = {institution}
UNION ALL SELECT case_no FROM payer_inquiry WHERE inquiry_id = {about} AND institution = {institution}
UNION ALL SELECT case_no FROM bank_order WHERE order_id = {about} AND institution = {institution}
UNION ALL SELECT g.case_no FROM grievance g JOIN account_hold a USING (hold_id)
WHERE g.grievance_id = {about} AND a.institution = {institution} LIMIT 1
"""
"""SQL of the case of a bank's request; `about` is a request, an inquiry, an order or a grievance of this bank"""
# As `cases.lock`, in one statement with the search.
_LOCK: Final = f"""
SELECT c.*, present_moment() AS now, {key_of_case("c.case_no")} AS key FROM (
    SELECT {cases.HEAD} FROM case_file WHERE case_no = ({CASE_OF.format(about="$1", institution="$2")})
    FOR NO KEY UPDATE
) c
"""


async def lock_case_of(connection: Connection, institution: str, about: UUID) -> Concerned | None:
    """Lock and return the case that a bank's request is about, or None without one of this bank."""
    row = await connection.fetchrow(_LOCK, about, institution)
    if row is None:
        return None
    head = CaseHead(**{name: row[name] for name in CaseHead.model_fields})
    return Concerned(head, PersonKey(**row["key"]) if row["key"] else None)


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
