"""Sealed values and their keys.

The sealed columns of the database, and the sessions of the processes that open them. A sealed value begins with a
header that names its secret key. The caller seals and opens; this room cannot.

Keys of cases and of banks, which seal the bodies of messages to and from banks, and documents. They are rows of
`person_key` with an owner. The caller seals and opens; this room cannot.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from db.pool import Connection
from db.privacy.person_keys import PersonKey, StoredText, stored_text
from domain.errors.recovery import DocumentErased
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


_PREFIX: Final = "goldenhour keys"


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of the domain `sealed_under_secret_key`. A test compares `SEALED_FOR` with those of the schema."""

    table: str
    column: str
    key: tuple[str, ...]
    """columns of the primary key"""
    owner: str
    """column with the owner that a value is bound to"""
    key_type: str = "text"
    """type of the columns of the primary key"""

    @property
    def name(self) -> str:
        """Return the name for people."""
        return f"{self.table}.{self.column}"


BANK_CREDENTIALS: Final = SealedColumn("institution_channel", "sealed", ("institution", "channel"), "institution")
TOTP_SECRETS: Final = SealedColumn("officer_totp", "sealed_secret", ("officer_id",), "officer_id")
PERSON_KEYS: Final = SealedColumn("person_key", "wrapped", ("person_id",), "person_id", "uuid")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A sealed value with the key of its row and its owner."""

    key: tuple[str, ...]
    owner: str
    sealed: bytes = field(repr=False)


async def lock_some(
    connection: Connection, column: SealedColumn, header: bytes, after: Sequence[str], limit: int
) -> list[SealedRow]:
    """Lock and return some values without this header, in the order of their keys, from behind the key `after`.

    A row that another transaction has locked is left out, so that nothing waits.
    """
    names = ", ".join(column.key)
    reached = ", ".join(f"${place}::text::{column.key_type}" for place, _ in enumerate(after, 3))
    rows = await connection.fetch(
        f"SELECT {_key(column)} AS key, {column.owner}::text AS owner, {column.column} AS sealed FROM {column.table}"
        f" WHERE {_without_header(column)}" + (f" AND ({names}) > ({reached})" if after else "") + f" ORDER BY {names}"
        " LIMIT $2 FOR UPDATE SKIP LOCKED",
        header,
        limit,
        *after,
    )
    return [SealedRow(tuple(row["key"]), row["owner"], row["sealed"]) for row in rows]


async def write(connection: Connection, column: SealedColumn, rows: Sequence[SealedRow]) -> None:
    """Write values over those of the rows with these keys, which the transaction has locked."""
    where = " AND ".join(f"{name} = ${place}::text::{column.key_type}" for place, name in enumerate(column.key, 2))
    await connection.executemany(
        f"UPDATE {column.table} SET {column.column} = $1 WHERE {where}", [(row.sealed, *row.key) for row in rows]
    )


async def count(connection: Connection, column: SealedColumn, header: bytes) -> tuple[int, int]:
    """Return how many values have this header, and how many have another one."""
    (row,) = await connection.fetch(
        f"SELECT count(*) FILTER (WHERE NOT ({_without_header(column)})) AS current,"
        f" count(*) FILTER (WHERE {_without_header(column)}) AS others"
        f" FROM {column.table} WHERE {column.column} IS NOT NULL",
        header,
    )
    return (row["current"], row["others"])


def session_name(key_ids: Sequence[bytes]) -> str:
    """Return the name of the sessions of a process that knows the secret keys with these ids."""
    return " ".join([_PREFIX, *(key_id.hex() for key_id in key_ids)])


async def addresses_without(connection: Connection, key_id: bytes) -> list[str]:
    """Return from where processes are connected that do not know the secret key with this id.

    Such a process could not open what is sealed under it.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT coalesce(host(client_addr), 'this machine') AS address FROM pg_stat_activity"
        " WHERE datname = current_database() AND starts_with(application_name, $1)"
        " AND strpos(application_name, $2) = 0 ORDER BY 1",
        _PREFIX,
        key_id.hex(),
    )
    return [row["address"] for row in rows]


def _key(column: SealedColumn) -> str:
    return f"ARRAY[{', '.join(f'{name}::text' for name in column.key)}]"


def _without_header(column: SealedColumn) -> str:
    return f"substring({column.column} FROM 1 FOR length($1::bytea)) <> $1::bytea"


PDF: Final = "pdf"
FACTS: Final = "facts"
FIR_COPY: Final = "fir copy"
COURT_ORDER: Final = "court order"
WAIVER: Final = "waiver"


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document as it is written."""

    key: BodyKey
    sealed: SealedBody


@dataclass(frozen=True, slots=True)
class SealedIssue:
    """An issued document as it is written, with the facts from which it was written."""

    pdf: SealedDocument
    size_bytes: int
    """of the PDF"""
    facts: bytes = field(repr=False)


def opened_document(row: Record, opens: OpensBody, kind: str, document: object) -> bytes:
    """Return the document of a row that was read with `body_keys.stored_columns` and the `digest_bytes`.

    `kind` is what was sealed, such as `PDF`. `document` is its id for people. Raises `DocumentErased`.
    """
    opened = opens(stored_body(row, use_of(kind, row["digest_bytes"])))
    if opened.state is not BodyState.OPEN:
        raise DocumentErased(str(document))
    return opened.content
