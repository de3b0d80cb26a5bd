"""Keys of persons, and the personal data of victims that are sealed under them.

The caller seals and opens; this room cannot.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy import jurisdiction
from schemas.base import FrozenModel, UtcDatetime
from schemas.privacy.personal_data import Within


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """A person's data as they are written: sealed under a key, and the key sealed under the secret key."""

    person_id: UUID
    wrapped: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    terms: tuple[bytes, ...] = field(repr=False)
    """digests of the search terms"""
    terms_key: bytes
    """the id of the secret key that the digests are made with"""

    def as_stored(self) -> dict[str, object]:
        """Return the values in the form that `jsonb_to_record` reads."""
        return {
            "person_id": str(self.person_id),
            "wrapped": _hex(self.wrapped),
            "sealed": _hex(self.sealed),
            "terms": [_hex(term) for term in self.terms],
            "terms_key": _hex(self.terms_key),
        }


class PersonKey(FrozenModel):
    """The key of a person, sealed under the secret key."""

    person_id: UUID
    wrapped: str | None
    """the key, in hexadecimal; None once it is destroyed"""


class StoredPerson(PersonKey):
    """A victim's data as they are read."""

    sealed: str

    @property
    def is_erased(self) -> bool:
        """Return whether the key is destroyed."""
        return self.wrapped is None


class StoredText(PersonKey):
    """A text about a person as it is read."""

    sealed: str
    use: str
    """what it is bound to; it opens for nothing else"""


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text about a person as it is written: sealed, and the key that seals it."""

    key: PersonKey
    is_new_key: bool
    """whether the person has had no key before"""
    sealed: bytes = field(repr=False)


Opens = Callable[[StoredText], str]
"""opens a text: `PersonKeys.open_stored`"""


def _hex(value: bytes) -> str:
    return rf"\x{value.hex()}"


def key_of_hold(hold_id: str) -> str:
    """Return SQL for the key of the account holder under a hold, in the form of `PersonKey`; null without one."""
    return (
        "(SELECT jsonb_build_object('person_id', k.person_id, 'wrapped', encode(k.wrapped, 'hex')) FROM holder_key o"
        f" JOIN person_key k USING (person_id) WHERE o.hold_id = {hold_id} AND k.wrapped IS NOT NULL"
        " ORDER BY k.made_at, k.person_id LIMIT 1)"
    )


def insert_key_of_hold(person_id: str, wrapped: str, hold_id: str, at: str) -> str:
    """Return two parts of a `WITH` that write the key of an account holder; nothing for a null hold."""
    return (
        "keyed AS (INSERT INTO person_key (person_id, wrapped, made_at)"
        f" SELECT {person_id}::uuid, {wrapped}::bytea, {at}::timestamptz WHERE {hold_id}::uuid IS NOT NULL"
        " ON CONFLICT (person_id) DO NOTHING RETURNING person_id),"
        " keyed_holder AS (INSERT INTO holder_key (person_id, hold_id)"
        f" SELECT person_id, {hold_id}::uuid FROM keyed)"
    )


def key(person_id: str) -> str:
    """Return SQL for the key of a person, in the form of `PersonKey`; null if there is no such person."""
    return (
        "(SELECT jsonb_build_object('person_id', k.person_id, 'wrapped', encode(k.wrapped, 'hex'))"
        f" FROM person_key k WHERE k.person_id = {person_id})"
    )


def wrapped_key(row: str) -> str:
    """Return SQL for the sealed key of the person of row `row`, in hexadecimal; null once it is destroyed."""
    return f"(SELECT encode(k.wrapped, 'hex') FROM person_key k WHERE k.person_id = {row}.person_id)"


def stored_text(row: str, sealed: str, use: str) -> str:
    """Return SQL for a text of row `row`, in the form of `StoredText`. `sealed` is its column, `use` an expression."""
    return (
        f"jsonb_build_object('person_id', {row}.person_id, 'wrapped',"
        f" {wrapped_key(row)},"
        f" 'sealed', encode({row}.{sealed}, 'hex'), 'use', {use})"
    )


async def of_hold(connection: Connection, hold_id: UUID) -> PersonKey | None:
    """Return the key of the account holder under a hold, or None."""
    person_key = await connection.fetchval(f"SELECT {key_of_hold('$1')}", hold_id)
    return PersonKey(**person_key) if person_key else None


def stored(row: str) -> str:
    """Return SQL for the personal data of row `row` of table `victim`, in the form of `StoredPerson`."""
    return (
        f"jsonb_build_object('person_id', {row}.person_id, 'sealed', encode({row}.sealed, 'hex'), 'wrapped',"
        f" {wrapped_key(row)})"
    )


RECORD: Final = "person_id uuid, wrapped bytea, sealed bytea, terms bytea[], terms_key bytea"
"""columns of `SealedPerson.as_stored`"""


def insert_key(person: str, at: str) -> str:
    """Return SQL that writes the key of a new person. `person` is a JSON object with `RECORD`, `at` the moment."""
    return (
        "INSERT INTO person_key (person_id, wrapped, made_at)"
        f" SELECT r.person_id, r.wrapped, {at} FROM jsonb_to_record({person}) AS r ({RECORD}) RETURNING person_id"
    )


async def insert(connection: Connection, new: PersonKey, at: datetime) -> None:
    """Write a new key that belongs to neither a victim nor a hold. What it seals says whose it is."""
    await connection.execute(
        "INSERT INTO person_key (person_id, wrapped, made_at) VALUES ($1, $2, $3)",
        new.person_id,
        bytes.fromhex(new.wrapped or ""),
        at,
    )


async def of_complaint(connection: Connection, ack_no: str) -> StoredPerson | None:
    """Return the victim of a complaint, or None for an unknown number."""
    person = await connection.fetchval(
        f"SELECT {stored('v')} FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = $1", ack_no
    )
    return StoredPerson(**person) if person else None


async def of_case(connection: Connection, case_no: str) -> dict[int, StoredPerson]:
    """Return the victims of a case."""
    rows = await connection.fetch(
        f"SELECT DISTINCT ON (v.victim_id) v.victim_id, {stored('v')} AS person FROM complaint c"
        " JOIN victim v USING (victim_id) WHERE c.case_no = $1",
        case_no,
    )
    return {row["victim_id"]: StoredPerson(**row["person"]) for row in rows}


class FoundRow(FrozenModel):
    """A complaint, with its victim's data."""

    ack_no: str
    case_no: str
    received_at: UtcDatetime
    district: str
    person: StoredPerson


async def find(
    connection: Connection, terms: Sequence[Sequence[bytes]], limit: int, within: Within | None = None
) -> list[FoundRow]:
    """Return complaints whose victims have one digest of each search term, of the cases of `within`, the newest first.

    Complaints of other cases do not count to the limit.
    """
    statement, values = find_statement(terms, limit, within)
    return [FoundRow(**dict(row)) for row in await connection.fetch(statement, *values)]


def find_statement(
    terms: Sequence[Sequence[bytes]], limit: int, within: Within | None
) -> tuple[str, tuple[object, ...]]:
    """Return the statement of `find`, with its parameters."""
    wanted = " AND ".join(f"v.terms && ${place}::bytea[]" for place, _ in enumerate(terms, 2))
    confining: tuple[object, ...] = ()
    if within is not None:
        wanted += jurisdiction.condition("c.case_no", len(terms) + 2, len(terms) + 3)
        confining = (within.officer_id, list(within.districts))
    statement = (
        f"SELECT c.ack_no, c.case_no, c.received_at, v.district, {stored('v')} AS person"
        f" FROM victim v JOIN complaint c USING (victim_id) WHERE {wanted}"
        " ORDER BY c.received_at DESC, c.ack_no LIMIT $1"
    )
    return statement, (limit, *(list(digests) for digests in terms), *confining)


class VictimRow(FrozenModel):
    """A row of table `victim`."""

    victim_id: int
    person: StoredPerson


async def lock_with_other_terms(connection: Connection, key_id: bytes, after: int, limit: int) -> list[VictimRow]:
    """Lock and return some victims behind number `after` whose terms are not made with this secret key."""
    rows = await connection.fetch(
        f"SELECT v.victim_id, {stored('v')} AS person FROM victim v WHERE v.terms_key <> $1 AND v.victim_id > $2"
        " ORDER BY v.victim_id LIMIT $3 FOR UPDATE SKIP LOCKED",
        key_id,
        after,
        limit,
    )
    return [VictimRow(**dict(row)) for row in rows]


async def put_terms(connection: Connection, terms: Sequence[tuple[int, tuple[bytes, ...]]], key_id: bytes) -> None:
    """Write new digests of the search terms of victims."""
    await connection.executemany(
        "UPDATE victim SET terms = $2, terms_key = $3 WHERE victim_id = $1",
        [(victim_id, list(digests), key_id) for victim_id, digests in terms],
    )


async def count_terms(connection: Connection, key_id: bytes) -> tuple[int, int]:
    """Return how many victims have terms that are made with this secret key, and how many with another one."""
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE terms_key = $1) AS current, count(*) FILTER (WHERE terms_key <> $1) AS others"
        " FROM victim",
        key_id,
    )
    assert row is not None, "an aggregate returns one row"
    return row["current"], row["others"]
