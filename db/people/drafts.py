"""Drafts of complaints, and banks as drafts name them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.case.case_views import BALANCES, sums_of
from db.pool import Connection
from db.privacy import person_keys
from db.privacy.person_keys import PersonKey, wrapped_key
from db.rows import Rows
from domain.errors.case import CaseNotFound
from domain.errors.people import DraftNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.intake import DraftEnd, DraftSource
from schemas.enums import Bucket
from schemas.people.drafts import AskedBank, AskedBanks, KnownAccount


class StoredDraft(FrozenModel):
    """A draft as it is read, with the key that opens its content."""

    draft_id: UUID
    source: DraftSource
    owner: str | None
    revision: int
    key: PersonKey
    sealed: str | None
    """None once it is ended"""
    made_at: UtcDatetime
    saved_at: UtcDatetime
    sent_by: str | None
    ack_no: str | None
    awaited: frozenset[str]
    calls: int
    last_call_at: UtcDatetime | None
    ended_as: DraftEnd | None
    note: str | None
    """what the last officer wrote, sealed"""


_STORED: Final = f"""
d.draft_id, d.source, d.owner, d.revision, jsonb_build_object('person_id', d.person_id, 'wrapped', {wrapped_key("d")})
    AS key, encode(d.sealed, 'hex') AS sealed, d.made_at, d.saved_at, d.sent_by, d.ack_no, d.awaited, d.calls,
    d.last_call_at, d.ended_as, (SELECT encode(h.sealed_note, 'hex') FROM draft_handover h
        WHERE h.draft_id = d.draft_id ORDER BY h.handover_id DESC LIMIT 1) AS note
"""


def _draft(row: Any) -> StoredDraft:
    return StoredDraft(**dict(row))


async def insert(
    connection: Connection,
    draft_id: UUID,
    source: DraftSource,
    owner: str | None,
    key: PersonKey,
    sealed: bytes,
    at: datetime,
    by: str,
    *,
    caller: bytes | None = None,
    called_at: datetime | None = None,
) -> None:
    """Write a new draft with its key. A missed call also has the digest of its number, and its time."""
    await person_keys.insert(connection, key, at)
    await connection.execute(
        "INSERT INTO draft (draft_id, source, owner, revision, person_id, sealed, made_at, made_by, saved_at, caller,"
        " calls, last_call_at) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $6, $8, $9, $10)",
        draft_id,
        source.value,
        owner,
        key.person_id,
        sealed,
        at,
        by,
        caller,
        int(called_at is not None),
        called_at,
    )


class DraftCounts(FrozenModel):
    """Open drafts of an officer, or missed calls that wait."""

    unsent: int
    sent: int


async def lock_owner(connection: Connection, owner: str | None) -> DraftCounts:
    """Wait for the lock on an officer's drafts, and count those that are open. Those of None are missed calls."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('drafts of ' || $1, 0))", owner or "no officer"
    )
    return await Rows(connection, DraftCounts).one(
        "SELECT count(*) FILTER (WHERE d.ack_no IS NULL) AS unsent, count(d.ack_no) AS sent FROM draft d"
        f" WHERE d.ended_at IS NULL AND {_of(owner, 1)}",
        owner,
    )


def _of(owner: str | None, place: int) -> str:
    """Return SQL for the drafts of an officer, who is argument `place`, in a form that an index serves."""
    return f"d.owner = ${place}" if owner else f"d.owner IS NULL AND ${place}::text IS NULL"


async def get(connection: Connection, draft_id: UUID, *, lock: bool = False) -> StoredDraft:
    """Return a draft; with `lock` its row is locked. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {_STORED} FROM draft d WHERE d.draft_id = $1{' FOR UPDATE OF d' if lock else ''}", draft_id
    )
    if row is None:
        raise DraftNotFound(draft_id)
    return _draft(row)


async def of_owner(connection: Connection, owner: str | None, limit: int) -> list[StoredDraft]:
    """Return the open drafts of an officer, the oldest first. Those of None are missed calls that wait."""
    rows = await connection.fetch(
        f"SELECT {_STORED} FROM draft d WHERE d.ended_at IS NULL"
        f" AND {_of(owner, 2)} ORDER BY d.made_at, d.draft_id LIMIT $1",
        limit,
        owner,
    )
    return [_draft(row) for row in rows]


_STRANDED: Final = """
d.ended_at IS NULL AND d.owner <> $1 AND d.source <> 'public_form'
    AND (EXISTS (SELECT FROM shift_handover_draft s
            WHERE s.draft_id = d.draft_id AND s.officer_id = d.owner AND s.saved_at = d.saved_at)
        OR (is_absent(d.owner, present_moment())
            OR NOT EXISTS (SELECT FROM officer o WHERE o.officer_id = d.owner AND o.disabled_at IS NULL))
        AND ($2 OR EXISTS (SELECT FROM team t JOIN team_member m USING (team_id)
            WHERE t.ended_at IS NULL AND t.lead = $1 AND m.officer_id = d.owner)))
"""
"""draft that officer $1 may take over; $2: as a supervisor

Its owner has left it at the end of a shift, or is absent or disabled.
"""


async def stranded(connection: Connection, taker: str, limit: int, *, supervises: bool) -> list[StoredDraft]:
    """Return the drafts that an officer may take over, the oldest first."""
    rows = await connection.fetch(
        f"SELECT {_STORED} FROM draft d WHERE {_STRANDED} ORDER BY d.made_at, d.draft_id LIMIT $3",
        taker,
        supervises,
        limit,
    )
    return [_draft(row) for row in rows]


async def is_stranded(connection: Connection, draft_id: UUID, taker: str, *, supervises: bool) -> bool:
    """Return whether a draft is one that an officer may take over."""
    exists: bool = await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM draft d WHERE d.draft_id = $3 AND {_STRANDED})", taker, supervises, draft_id
    )
    return exists


async def save(
    connection: Connection, draft_id: UUID, owner: str, revision: int, sealed: bytes
) -> tuple[int, datetime] | None:
    """Write the content over a revision; return the new one and the time.

    Returns None if the draft is not there as the caller thinks.
    """
    saved = await connection.fetchrow(
        "UPDATE draft SET sealed = $4, revision = revision + 1, saved_at = present_moment()"
        " WHERE draft_id = $1 AND owner = $2 AND revision = $3 AND ended_at IS NULL RETURNING revision, saved_at",
        draft_id,
        owner,
        revision,
        sealed,
    )
    return (saved["revision"], saved["saved_at"]) if saved else None


async def give(connection: Connection, draft: StoredDraft, to: str, note: bytes | None, at: datetime) -> None:
    """Write the next owner of a draft whose row is locked. A further call of its number opens another one."""
    await connection.execute(
        "WITH given AS (UPDATE draft SET owner = $2, caller = NULL, saved_at = $5 WHERE draft_id = $1)"
        " INSERT INTO draft_handover (draft_id, from_officer, to_officer, at, sealed_note) VALUES ($1, $3, $2, $5, $4)",
        draft.draft_id,
        to,
        draft.owner,
        note,
        at,
    )


async def share_team(connection: Connection, officer_id: str, other: str) -> bool:
    """Return whether two officers are in one team, or lead it."""
    exists: bool = await connection.fetchval(
        "WITH of_team AS (SELECT t.team_id, m.officer_id FROM team t JOIN team_member m USING (team_id)"
        "  WHERE t.ended_at IS NULL UNION SELECT t.team_id, t.lead FROM team t WHERE t.ended_at IS NULL)"
        " SELECT EXISTS (SELECT FROM of_team a JOIN of_team b USING (team_id)"
        "  WHERE a.officer_id = $1 AND b.officer_id = $2)",
        officer_id,
        other,
    )
    return exists


async def end(connection: Connection, draft_id: UUID, ended_as: DraftEnd, by: str, at: datetime) -> None:
    """End a draft, and take its content away. The caller destroys the key."""
    await connection.execute(
        "UPDATE draft SET sealed = NULL, caller = NULL, ended_at = $4, ended_as = $2, ended_by = $3"
        " WHERE draft_id = $1 AND ended_at IS NULL",
        draft_id,
        ended_as.value,
        by,
        at,
    )


async def take_old(connection: Connection, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Lock and return open drafts that were not saved since `before`, each with its key's number."""
    rows = await connection.fetch(
        "SELECT draft_id, person_id FROM draft WHERE ended_at IS NULL AND saved_at <= $1"
        " ORDER BY saved_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        before,
        limit,
    )
    return [(row["draft_id"], row["person_id"]) for row in rows]


# -- missed calls ------------------------------------------------------------------------------------------------------


async def count_call(connection: Connection, callers: Sequence[bytes], at: datetime) -> tuple[UUID, int] | None:
    """Count a further missed call in the waiting draft of the number; return the draft and its calls, or None.

    The number has a digest under each known secret key. A call that is reported twice counts once. The time after which
    the draft is forgotten begins again.
    """
    row = await connection.fetchrow(
        "UPDATE draft SET calls = calls + ($2 > last_call_at)::integer, last_call_at = greatest(last_call_at, $2),"
        " saved_at = present_moment() WHERE caller = ANY ($1) RETURNING draft_id, calls",
        list(callers),
        at,
    )
    return (row["draft_id"], row["calls"]) if row else None


async def waiting_calls(connection: Connection) -> int:
    """Return how many missed calls no officer has taken."""
    waiting: int = await connection.fetchval("SELECT count(*) FROM draft WHERE ended_at IS NULL AND owner IS NULL")
    return waiting


# -- the complaint of a draft ------------------------------------------------------------------------------------------


async def begin_sending(connection: Connection, draft_id: UUID, owner: str, by: str) -> StoredDraft | None:
    """Note in whose name the complaint of a draft is taken, and return the draft.

    Returns None unless it is an open draft of the officer.
    """
    row = await connection.fetchrow(
        "UPDATE draft d SET sent_by = coalesce(d.sent_by, $3) WHERE d.draft_id = $1 AND d.owner = $2"
        f" AND d.ended_at IS NULL RETURNING {_STORED}",
        draft_id,
        owner,
        by,
    )
    return _draft(row) if row else None


async def link(connection: Connection, draft_id: UUID, ack_no: str, awaited: frozenset[str]) -> None:
    """Write the complaint of a draft, and what it still lacks, unless it is written."""
    await connection.execute(
        "UPDATE draft SET ack_no = $2, awaited = $3, sent_at = present_moment() WHERE draft_id = $1 AND ack_no IS NULL",
        draft_id,
        ack_no,
        sorted(awaited),
    )


async def still_awaited(connection: Connection, draft_id: UUID, awaited: frozenset[str]) -> None:
    """Write which facts the complaint of a draft still lacks."""
    await connection.execute("UPDATE draft SET awaited = $2 WHERE draft_id = $1", draft_id, sorted(awaited))


SHOWN_MAX: Final = 100
"""transfers of a case that a call shows, the first layers first"""

_COMPLAINT: Final = f"""
SELECT c.ack_no, c.case_no, c.joined, c.received_at, {BALANCES} AS balances FROM complaint c WHERE c.ack_no = $1
"""
_BANKS: Final = """
SELECT h.hop_no, h.layer, h.institution, h.payee_institution_as_told, h.disputed_paise, r.state, r.level, r.channel,
    r.sent_at, r.delivered_at, r.first_answered_at,
    (SELECT jsonb_object_agg(bucket, balance_paise) FROM ledger_balance b
        WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no AND bucket <> 'lost' AND balance_paise > 0) AS balances
FROM hop h LEFT JOIN (
    SELECT DISTINCT ON (p.hop_no) p.hop_no, q.state, q.level, q.channel, q.sent_at, q.delivered_at, q.first_answered_at
    FROM hold_request q JOIN request_hop p ON p.request_id = q.request_id
    WHERE q.case_no = $1 ORDER BY p.hop_no, q.batch_no DESC
) AS r USING (hop_no)
WHERE h.case_no = $1 ORDER BY h.layer, h.hop_no LIMIT $2
"""
_ACCOUNTS: Final = """
SELECT t.field, count(DISTINCT h.case_no) AS cases, min(h.opened_at) AS first_at, max(h.opened_at) AS last_at,
    coalesce(sum(l.in_play), 0)::bigint AS in_play_paise, coalesce(sum(l.held), 0)::bigint AS held_paise
FROM unnest($1::text[], $2::text[], $3::text[]) AS t (field, institution, account_key)
JOIN hop h ON h.institution = t.institution AND h.account_key = t.account_key
CROSS JOIN LATERAL (
    SELECT sum(balance_paise) FILTER (WHERE bucket = 'in_play') AS in_play,
        sum(balance_paise) FILTER (WHERE bucket = 'held') AS held
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS l GROUP BY t.field ORDER BY t.field
"""


async def of_complaint(connection: Connection, ack_no: str, name: Callable[[str], str]) -> AskedBanks:
    """Return the banks that the case of a complaint asks. `name` gives a bank's name by its code. Raises `NotFound`."""
    complaint = await connection.fetchrow(_COMPLAINT, ack_no)
    if complaint is None:
        raise CaseNotFound(ack_no)
    rows = await connection.fetch(_BANKS, complaint["case_no"], SHOWN_MAX + 1)
    items = tuple(
        AskedBank(
            hop_no=row["hop_no"],
            layer=row["layer"],
            institution=row["institution"],
            name=name(row["institution"]) if row["institution"] else row["payee_institution_as_told"],
            amount_paise=row["disputed_paise"],
            balances_paise={Bucket(bucket): paise for bucket, paise in (row["balances"] or {}).items()},
            state=row["state"],
            level=row["level"],
            channel=row["channel"],
            asked_at=row["sent_at"],
            delivered_at=row["delivered_at"],
            answered_at=row["first_answered_at"],
        )
        for row in rows[:SHOWN_MAX]
    )
    return AskedBanks(
        ack_no=complaint["ack_no"],
        case_ack_no=complaint["case_no"],
        joined=complaint["joined"],
        received_at=complaint["received_at"],
        buckets_paise=sums_of(complaint["balances"]),
        items=items,
        is_cut=len(rows) > SHOWN_MAX,
    )


async def known_accounts(connection: Connection, accounts: Mapping[str, tuple[str, str]]) -> tuple[KnownAccount, ...]:
    """Return what cases have of these accounts: their institutions and keys, by the field that names them."""
    institutions, keys = zip(*accounts.values(), strict=True)
    rows = await connection.fetch(_ACCOUNTS, list(accounts), list(institutions), list(keys))
    return tuple(KnownAccount(**dict(row)) for row in rows)
