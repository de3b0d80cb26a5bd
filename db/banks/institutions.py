"""The institutions of the directory, and who changed what of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from asyncpg import Record

from db.banks import rosters
from db.pool import Connection
from db.rows import Rows
from domain.banks.on_duty import Credentials
from schemas.banks.institutions import Institution, InstitutionEntry, LoginView
from schemas.banks.keys import BankKey
from schemas.banks.rosters import NodalOfficer
from schemas.base import Change, FrozenModel
from schemas.enums import ChannelKind

_LIST_ALL = """
SELECT code, name, kind, answer_class, ifsc_prefixes, vpa_handles, aliases, desk_email,
       sponsor, account_prefixes, signature_only_from, calls_at_once, calls_a_second, answers_by_two, login_no,
       ARRAY(SELECT c.channel FROM institution_channel c WHERE c.institution = code ORDER BY c.position) AS channels
FROM institution WHERE $1::text[] IS NULL OR code = ANY($1) ORDER BY code
"""

_UPSERT = """
INSERT INTO institution (code, name, kind, answer_class, ifsc_prefixes, vpa_handles, aliases,
    desk_email, sponsor, account_prefixes, inbound_email, inbound_password_hash, updated_at, signature_only_from,
    calls_at_once, calls_a_second, answers_by_two)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, kind = EXCLUDED.kind,
    answer_class = EXCLUDED.answer_class, ifsc_prefixes = EXCLUDED.ifsc_prefixes,
    vpa_handles = EXCLUDED.vpa_handles, aliases = EXCLUDED.aliases, desk_email = EXCLUDED.desk_email,
    sponsor = EXCLUDED.sponsor, account_prefixes = EXCLUDED.account_prefixes, inbound_email = EXCLUDED.inbound_email,
    inbound_password_hash = EXCLUDED.inbound_password_hash, updated_at = EXCLUDED.updated_at,
    signature_only_from = coalesce(EXCLUDED.signature_only_from, institution.signature_only_from),
    calls_at_once = EXCLUDED.calls_at_once, calls_a_second = EXCLUDED.calls_a_second,
    answers_by_two = EXCLUDED.answers_by_two
"""


@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """A directory entry whose secrets the caller has secured: the channels sealed, the password hashed."""

    entry: InstitutionEntry
    sealed: Mapping[ChannelKind, bytes] = field(default_factory=dict, repr=False)
    password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LoginRow:
    """The code and password hash for the login of an institution."""

    code: str
    password_hash: str = field(repr=False)
    login_no: int
    knows_address: bool = False
    """whether the institution has logged in from that address before"""
    marks: tuple[bytes, ...] = field(default=(), repr=False)
    """keyed digests of its passwords that were verified lately"""


async def hold(connection: Connection) -> None:
    """Lock the directory against other writers until the transaction ends, so that what is read stays true."""
    await connection.execute("LOCK TABLE institution IN SHARE ROW EXCLUSIVE MODE")


async def known_codes(connection: Connection, codes: Iterable[str]) -> set[str]:
    """Return which of these codes the directory has."""
    rows = await connection.fetch("SELECT code FROM institution WHERE code = ANY($1)", list(codes))
    return {row["code"] for row in rows}


async def upsert(connection: Connection, entries: Sequence[PreparedEntry], at: datetime) -> None:
    """Write every entry in full, in place of the known entry with its code.

    Institutions that are not named stay. Raises `asyncpg.UniqueViolationError` when an inbound e-mail belongs to
    another institution, `asyncpg.ForeignKeyViolationError` for an unknown sponsor.
    """
    # A sponsor has no sponsor itself. Written first, every sponsor exists before an entry names it.
    in_order = sorted(entries, key=lambda prepared: prepared.entry.sponsor is not None)
    await connection.executemany(_UPSERT, [_arguments(prepared, at) for prepared in in_order])
    await rosters.replace_officers(
        connection, {prepared.entry.code: prepared.entry.nodal_officers for prepared in entries}
    )
    await connection.execute(
        "DELETE FROM institution_channel WHERE institution = ANY($1)", [prepared.entry.code for prepared in entries]
    )
    await connection.executemany(
        "INSERT INTO institution_channel (institution, channel, position, sealed) VALUES ($1, $2, $3, $4)",
        [
            (prepared.entry.code, kind.value, position, prepared.sealed.get(kind))
            for prepared in entries
            for position, kind in enumerate(prepared.entry.in_order())
        ],
    )


async def change(connection: Connection, institution: Institution, at: datetime) -> None:
    """Write the fields of a known institution that hold no secret, and the order of its channels.

    A channel that is left out loses its settings. A channel that is new here needs none.
    """
    await connection.execute(
        "UPDATE institution SET name = $2, answer_class = $3, ifsc_prefixes = $4, vpa_handles = $5, aliases = $6,"
        " desk_email = $7, sponsor = $8, account_prefixes = $9, signature_only_from = $10, calls_at_once = $11,"
        " calls_a_second = $12, updated_at = $13, answers_by_two = $14 WHERE code = $1",
        institution.code,
        institution.name,
        institution.answer_class,
        list(institution.ifsc_prefixes),
        list(institution.vpa_handles),
        list(institution.aliases),
        institution.desk_email,
        institution.sponsor,
        list(institution.account_prefixes),
        institution.signature_only_from,
        institution.calls_at_once,
        institution.calls_a_second,
        at,
        institution.answers_by_two,
    )
    rows = await connection.fetch(
        "DELETE FROM institution_channel WHERE institution = $1 RETURNING channel, sealed", institution.code
    )
    sealed = {row["channel"]: row["sealed"] for row in rows}
    await connection.executemany(
        "INSERT INTO institution_channel (institution, channel, position, sealed) VALUES ($1, $2, $3, $4)",
        [
            (institution.code, kind.value, position, sealed.get(kind.value))
            for position, kind in enumerate(institution.channels)
        ],
    )


async def delete(connection: Connection, code: str) -> bool:
    """Delete an institution and its channels; return whether it existed.

    Raises `asyncpg.ForeignKeyViolationError` if another row refers to it.
    """
    await connection.execute("DELETE FROM channel_health WHERE institution = $1", code)
    await connection.execute("DELETE FROM bank_login WHERE institution = $1", code)
    await connection.execute("DELETE FROM institution_channel WHERE institution = $1", code)
    return await connection.fetchval("DELETE FROM institution WHERE code = $1 RETURNING true", code) is True


async def list_all(connection: Connection, codes: Sequence[str] | None = None) -> list[Institution]:
    """Return every institution, or those with these codes, by code."""
    officers, closed = await rosters.officers(connection, codes), await rosters.closed_days(connection, codes)
    everywhere = closed.pop(None)
    own = {code: days | everywhere for code, days in closed.items()}
    return [
        _institution(row, officers.get(row["code"], ()), own.get(row["code"], everywhere))
        for row in await connection.fetch(_LIST_ALL, None if codes is None else list(codes))
    ]


async def sealed_ways(connection: Connection) -> dict[tuple[str, ChannelKind], bytes]:
    """Return the sealed settings of each channel, by institution and channel."""
    rows = await connection.fetch(
        "SELECT institution, channel, sealed FROM institution_channel WHERE sealed IS NOT NULL"
    )
    return {(row["institution"], ChannelKind(row["channel"])): row["sealed"] for row in rows}


async def version(connection: Connection) -> str:
    """Return a text that a trigger changes whenever an institution is written."""
    text: str = await connection.fetchval("SELECT written_by::text FROM directory_version")
    return text


async def credentials(connection: Connection, at: datetime) -> dict[str, Credentials]:
    """Return what each institution has at `at` to identify itself to our API, by code."""
    rows = await connection.fetch(
        "SELECT code, inbound_password_hash IS NOT NULL AS has_login, EXISTS (SELECT FROM bank_key k"
        " WHERE k.institution = i.code AND (k.not_after IS NULL OR k.not_after > $1)) AS has_key FROM institution i",
        at,
    )
    return {row["code"]: Credentials(row["has_login"], row["has_key"]) for row in rows}


async def login_of(connection: Connection, code: str) -> LoginView | None:
    """Return the login of an institution at our API with its last use, or None if it has none."""
    return await Rows(connection, LoginView).first(
        "SELECT inbound_email AS email, (SELECT max(l.verified_at) FROM bank_login l WHERE l.institution = i.code)"
        " AS last_used_at FROM institution i WHERE i.code = $1 AND i.inbound_password_hash IS NOT NULL",
        code,
    )


async def updated_at(connection: Connection, code: str) -> datetime | None:
    """Return when an institution was last written, or None if there is no such institution."""
    moment: datetime | None = await connection.fetchval("SELECT updated_at FROM institution WHERE code = $1", code)
    return moment


async def set_login(connection: Connection, code: str, email: str, password_hash: str | None, at: datetime) -> None:
    """Write an institution's login over the one that it has. Without a password it opens nothing.

    Raises `asyncpg.UniqueViolationError` when the e-mail belongs to another institution.
    """
    await connection.execute(
        "UPDATE institution SET inbound_email = $2, inbound_password_hash = $3, updated_at = $4 WHERE code = $1",
        code,
        email_key(email),
        password_hash,
        at,
    )


async def login_row(
    connection: Connection, email: str, address: str = "", verified_since: datetime | None = None
) -> LoginRow | None:
    """Return the institution that logs in with that e-mail (any case), or None.

    `marks` are those of its logins that were verified after `verified_since`, from any address.
    """
    row = await connection.fetchrow(
        "SELECT i.code, i.inbound_password_hash AS password_hash, i.login_no,"
        " EXISTS (SELECT FROM bank_login l WHERE l.institution = i.code AND l.address = $2) AS knows_address,"
        " ARRAY(SELECT DISTINCT l.mark FROM bank_login l WHERE l.institution = i.code AND l.verified_at > $3) AS marks"
        " FROM institution i WHERE i.inbound_email = $1 AND i.inbound_password_hash IS NOT NULL",
        email_key(email),
        address,
        verified_since,
    )
    if row is None:
        return None
    return LoginRow(row["code"], row["password_hash"], row["login_no"], row["knows_address"], tuple(row["marks"]))


async def renew_hash(connection: Connection, code: str, before: str, after: str) -> int | None:
    """Write another hash of the same login password; return the number that the login then has.

    None if the hash is not the one `before` any more.
    """
    login_no: int | None = await connection.fetchval(
        "UPDATE institution SET inbound_password_hash = $3 WHERE code = $1 AND inbound_password_hash = $2"
        " RETURNING login_no",
        code,
        before,
        after,
    )
    return login_no


def email_key(email: str) -> str:
    """Return the form in which a login e-mail is stored and compared."""
    return email.strip().lower()


def _arguments(prepared: PreparedEntry, at: datetime) -> tuple[object, ...]:
    entry = prepared.entry
    return (
        entry.code,
        entry.name,
        entry.kind,
        entry.answer_class,
        list(entry.ifsc_prefixes),
        list(entry.vpa_handles),
        list(entry.aliases),
        entry.desk_email,
        entry.sponsor,
        list(entry.account_prefixes),
        email_key(entry.inbound.email) if entry.inbound else None,
        prepared.password_hash,
        at,
        entry.signature_only_from,
        entry.calls_at_once,
        entry.calls_a_second,
        entry.answers_by_two,
    )


def _institution(row: Record, officers: tuple[NodalOfficer, ...], closed_days: frozenset[date]) -> Institution:
    return Institution(
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        ifsc_prefixes=tuple(row["ifsc_prefixes"]),
        vpa_handles=tuple(row["vpa_handles"]),
        aliases=tuple(row["aliases"]),
        answer_class=row["answer_class"],
        channels=tuple(ChannelKind(channel) for channel in row["channels"]),
        desk_email=row["desk_email"],
        nodal_officers=officers,
        closed_days=closed_days,
        sponsor=row["sponsor"],
        account_prefixes=tuple(row["account_prefixes"]),
        signature_only_from=row["signature_only_from"],
        calls_at_once=row["calls_at_once"],
        calls_a_second=row["calls_a_second"],
        answers_by_two=row["answers_by_two"],
        login_no=row["login_no"],
    )


_SECRETS: Final = """
SELECT i.code, i.inbound_email, i.inbound_password_hash IS NOT NULL AS has_password,
    ARRAY(SELECT c.channel FROM institution_channel c WHERE c.institution = i.code AND c.sealed IS NOT NULL
        ORDER BY c.channel) AS channels
FROM institution i WHERE i.code = ANY($1)
"""


class KnownSecrets(FrozenModel):
    """Which secrets an institution has."""

    login_email: str | None
    has_password: bool
    channels: tuple[ChannelKind, ...]
    """channels with credentials"""


async def secrets_of(connection: Connection, codes: Sequence[str]) -> dict[str, KnownSecrets]:
    """Return which secrets these institutions have, by code."""
    rows = await connection.fetch(_SECRETS, list(codes))
    return {
        row["code"]: KnownSecrets(
            login_email=row["inbound_email"], has_password=row["has_password"], channels=tuple(row["channels"])
        )
        for row in rows
    }


async def keys_of(connection: Connection, codes: Sequence[str]) -> dict[str, list[BankKey]]:
    """Return the keys of these institutions, by code."""
    rows = await connection.fetch(
        "SELECT key_id, institution, public_key, not_before, not_after FROM bank_key WHERE institution = ANY($1)"
        " ORDER BY not_before, key_id",
        list(codes),
    )
    keys: dict[str, list[BankKey]] = {}
    for row in rows:
        keys.setdefault(row["institution"], []).append(BankKey(**dict(row)))
    return keys


async def write(
    connection: Connection, kind: str, changes: Mapping[str, Sequence[Change]], now: datetime, actor: str
) -> None:
    """Write one event for each institution that is changed."""
    await connection.executemany(
        "INSERT INTO directory_event (at, actor, kind, institution, changes) VALUES ($1, $2, $3, $4, $5)",
        [
            (now, actor, kind, code, [field_change.model_dump() for field_change in changed])
            for code, changed in changes.items()
            if changed
        ],
    )
