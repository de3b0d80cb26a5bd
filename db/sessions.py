"""Table of sessions: the times for which somebody is here, each known by a token.

Only the digest of a token is stored. A row names its kind and its subject: the key of the row that the session is
about. A session is over after a time without a request, after its longest time, and once it is ended. The times are of
the database's clock.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID, uuid4

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

KEPT_DAYS: Final = 30
"""days for which a session is kept after its longest time; that of a one-time code goes with the code"""
FORGOTTEN_MAX: Final = 500


class SessionKind(StrEnum):
    """Kinds of sessions, with what the subject of each is."""

    APPEAL = "appeal"
    """an account holder on the page about a hold; the proof that admitted"""
    MY_CASE = "my_case"
    """a victim on the page about the own complaint; the proof that admitted"""
    PUBLIC_FORM = "public_form"
    """a complainant at the public form; the draft"""
    BANK = "bank"
    """a bank, or a person of a bank, in the inbox; the institution"""
    OFFICER = "officer"
    """an officer; the officer"""


FROM: Final = "FROM (SELECT present_moment() AS now) m"
LIVE: Final = "s.ended_at IS NULL AND s.ends_at > m.now AND s.last_seen_at > m.now - $1::interval"
"""SQL condition on a session `s` that is not over at `m.now`; `$1` is the time without a request"""
UNTIL: Final = "least(s.last_seen_at + $1::interval, s.ends_at)"
"""SQL for when a session is over without another request"""


class Begun(FrozenModel):
    """A session as it begins."""

    session_id: UUID
    began_at: UtcDatetime
    ends_at: UtcDatetime
    """at the latest"""
    proved_at: UtcDatetime | None
    """when an officer gave a proof elsewhere, before the session"""


_BEGUN: Final = "s.session_id, s.began_at, s.ends_at, s.proved_at"
Found = TypeVar("Found", bound=FrozenModel)


def _begin(*details: str) -> str:
    """Return the statement that writes a session: `$1` to `$5` are id, kind, subject, digest and longest time.

    The values of `details`, which are columns that only some kinds have, come after these.
    """
    columns = "".join(f", {name}" for name in details)
    place = {name: f"${number}" for number, name in enumerate(details, 6)}
    if "proved_at" in place:
        # No proof is later than its session, whatever clock another system has.
        place["proved_at"] = f"least({place['proved_at']}, m.now)"
    places = "".join(f", {value}" for value in place.values())
    return (
        "INSERT INTO session AS s (session_id, kind, subject, token_digest, began_at, last_seen_at, ends_at"
        f"{columns}) SELECT $1, $2, $3, $4, m.now, m.now, m.now + $5::interval{places} {FROM}"
    )


async def begin(
    connection: Connection, kind: SessionKind, subject: str, token_digest: bytes, longest: timedelta, **details: object
) -> Begun:
    """Write a new session, with what its kind has beside the subject.

    The database refuses one of a disabled officer.
    """
    row = await connection.fetchrow(
        f"{_begin(*details)} RETURNING {_BEGUN}",
        uuid4(),
        kind.value,
        subject,
        token_digest,
        longest,
        *details.values(),
    )
    assert row is not None, "just written"
    return Begun(**dict(row))


async def begin_by_proof(
    connection: Connection, kind: SessionKind, proof_id: UUID, token_digest: bytes, longest: timedelta
) -> Begun | None:
    """Use a code once to begin a session; None if it was used before.

    The database refuses a session of a code that was not used for it, and such a use without a session.
    """
    row = await connection.fetchrow(
        f"WITH s AS ({_begin()} ON CONFLICT (proof_id) WHERE proof_id IS NOT NULL DO NOTHING RETURNING *)"
        " UPDATE proof p SET used_at = s.began_at FROM s WHERE p.proof_id = s.proof_id AND p.used_at IS NULL"
        f" RETURNING {_BEGUN}",
        uuid4(),
        kind.value,
        str(proof_id),
        token_digest,
        longest,
    )
    return Begun(**dict(row)) if row else None


async def find(
    connection: Connection,
    kind: SessionKind,
    token_digest: bytes,
    idle: timedelta,
    model: type[Found],
    columns: str,
    subjects: str,
    condition: str,
) -> Found | None:
    """Return the session with this token and note its use; None if there is none or it is over.

    `subjects` are the tables of its subject, of which `columns` are read for `model` if `condition` holds.
    """
    row = await connection.fetchrow(
        f"UPDATE session s SET last_seen_at = greatest(s.last_seen_at, m.now) {FROM}, {subjects}"
        f" WHERE s.kind = $2 AND s.token_digest = $3 AND {LIVE} AND {condition} RETURNING {columns}",
        idle,
        kind.value,
        token_digest,
    )
    return model(**dict(row)) if row else None


async def end(connection: Connection, kind: SessionKind, key: UUID | bytes) -> None:
    """End the session with this id, or with this digest of its token, if there is one."""
    column = "session_id" if isinstance(key, UUID) else "token_digest"
    await connection.execute(
        f"UPDATE session SET ended_at = present_moment() WHERE kind = $1 AND {column} = $2 AND ended_at IS NULL",
        kind.value,
        key,
    )


async def forget(connection: Connection) -> int:
    """Delete sessions that were over long ago, the oldest first; return how many."""
    rows = await connection.fetch(
        "DELETE FROM session WHERE session_id IN (SELECT session_id FROM session"
        " WHERE ends_at < present_moment() - make_interval(days => $1) ORDER BY ends_at LIMIT $2"
        " FOR UPDATE SKIP LOCKED) RETURNING session_id",
        KEPT_DAYS,
        FORGOTTEN_MAX,
    )
    return len(rows)
