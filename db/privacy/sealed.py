"""The sealed columns and documents, and the sessions of the processes that open them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from asyncpg import Record

from db.pool import Connection
from db.privacy.body_keys import BodyKey, BodyState, OpensBody, SealedBody, stored_body, use_of
from domain.errors.recovery import DocumentErased

_PREFIX: Final = "goldenhour keys"


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column with sealed values.

    A test fails for a `bytea` column that is neither sealed nor known to be clear.
    """

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
