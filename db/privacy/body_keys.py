"""Keys of cases and of banks, which seal the bodies of messages to and from banks, and documents.

They are rows of `person_key` with an owner. The caller seals and opens; this room cannot.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from db.pool import Connection
from db.privacy.person_keys import PersonKey, StoredText, stored_text
from schemas.base import FrozenModel

BODY: Final = "body"
CONTENT: Final = "content"
REPLY: Final = "reply"
FORM: Final = "form"
FORM_BODY: Final = "form body"


class CaseKey(FrozenModel):
    """A case and the key of its bodies; None once it is destroyed."""

    case_no: str
    key: PersonKey | None


@dataclass(frozen=True, slots=True)
class BodyKey:
    """A key that seals bodies, and its owner: a case, or a bank."""

    person_id: UUID
    wrapped: bytes = field(repr=False)
    is_new: bool
    case_no: str | None = None
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class SealedBody:
    """A body as it is written."""

    digest: bytes
    """SHA-256 of the clear body"""
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A body as it is read."""

    person_id: UUID
    wrapped: bytes | None = field(repr=False)
    """the key of the body; None once it is destroyed"""
    sealed: bytes = field(repr=False)
    use: str
    """what it is bound to; it opens for nothing else"""


class BodyState(StrEnum):
    """Whether a sealed body can be read."""

    OPEN = "open"
    ERASED = "erased"
    """its key is destroyed"""
    UNKNOWN_KEY = "unknown_key"
    """the program does not have the secret key"""
    CHANGED = "changed"
    """its key does not open it, so it is not what was sealed"""


@dataclass(frozen=True, slots=True)
class OpenedBody:
    """A body as it was opened; empty if it cannot be read."""

    state: BodyState
    content: bytes = field(default=b"", repr=False)


OpensLine = Callable[[StoredText], dict[str, Any]]
"""opens what was received as a line of an answer: `activities.banks.bodies.line_opener`"""
OpensBody = Callable[[StoredBody], OpenedBody]
"""opens a body: `activities.banks.bodies.BodyOpener`"""


def use_of(name: str, digest: bytes) -> str:
    """Return what a body is bound to: its place, and the digest of its clear bytes."""
    return f"{name} {digest.hex()}"


def stored_columns(row: str, sealed: str) -> str:
    """Return SQL for the columns of a body of row `row`, which `stored_body` reads."""
    return (
        f"{row}.person_id, (SELECT k.wrapped FROM person_key k WHERE k.person_id = {row}.person_id) AS wrapped,"
        f" {row}.{sealed} AS sealed"
    )


def stored_body(row: Record, use: str) -> StoredBody:
    """Return a body that was read with `stored_columns`."""
    return StoredBody(row["person_id"], row["wrapped"], row["sealed"], use)


def use_of_unreadable(body_digest: bytes, line_no: int) -> str:
    """Return what a line of returned money that cannot be read is bound to."""
    return f"unreadable {body_digest.hex()} {line_no}"


def use_of_line(natural_key: str) -> str:
    """Return what a line of an answer is bound to."""
    return f"raw of {natural_key}"


def stored_line(row: str) -> str:
    """Return SQL for what was received as row `row` of table `answer`, as JSON text, in the form of `StoredText`."""
    return stored_text(row, "sealed_raw", f"'raw of ' || {row}.natural_key")


def key_of_case(case_no: str) -> str:
    """Return SQL for the key of a case, in the form of `PersonKey`; null without one."""
    return (
        "(SELECT jsonb_build_object('person_id', w.person_id, 'wrapped', encode(w.wrapped, 'hex')) FROM person_key w"
        f" WHERE w.case_no = {case_no} AND w.wrapped IS NOT NULL ORDER BY w.made_at, w.person_id LIMIT 1)"
    )


def insert(first: int) -> str:
    """Return a part of a `WITH` that writes new keys; `columns` gives its arguments from `first` on."""
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(("uuid", "bytea", "text", "text")))
    return (
        "keyed AS (INSERT INTO person_key (person_id, wrapped, made_at, case_no, institution)"
        f" SELECT n.person_id, n.wrapped, present_moment(), n.case_no, n.institution FROM unnest({arrays})"
        " AS n (person_id, wrapped, case_no, institution))"
    )


ARGUMENTS: Final = 4


def columns(keys: Iterable[BodyKey]) -> list[list[Any]]:
    """Return the arguments of `insert`: those of the keys that are new, each once."""
    new = list({key.person_id: key for key in keys if key.is_new}.values())
    return [
        [key.person_id for key in new],
        [key.wrapped for key in new],
        [key.case_no for key in new],
        [key.institution for key in new],
    ]


async def of_case(connection: Connection, case_no: str) -> CaseKey:
    """Return a case and its key."""
    return CaseKey(case_no=case_no, key=await connection.fetchval(f"SELECT {key_of_case('$1')}", case_no))


async def put(connection: Connection, keys: Iterable[BodyKey]) -> None:
    """Write those of some keys that are new."""
    await connection.execute(f"WITH {insert(1)} SELECT true", *columns(keys))


class BankKeyRow(FrozenModel):
    """The newest key of a bank."""

    key: PersonKey
    made_at: datetime


async def of_bank(connection: Connection, institution: str, made_after: datetime) -> BankKeyRow | None:
    """Return the newest key of a bank that was made after a time, or None."""
    row = await connection.fetchrow(
        "SELECT person_id, wrapped, made_at FROM person_key WHERE institution = $1 AND made_at > $2"
        " AND wrapped IS NOT NULL ORDER BY made_at DESC, person_id LIMIT 1",
        institution,
        made_after,
    )
    if row is None:
        return None
    return BankKeyRow(key=PersonKey(person_id=row["person_id"], wrapped=row["wrapped"].hex()), made_at=row["made_at"])
