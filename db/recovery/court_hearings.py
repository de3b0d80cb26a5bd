"""Hearings at court, the court's day, and waivers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from db.paging import cut, from_cursor, int_after, to_cursor
from db.pool import Connection
from db.privacy.body_keys import SealedDocument
from db.privacy.jurisdiction import MARK, confined
from db.rows import Rows
from domain.errors import BadCursor
from domain.recovery.officer_steps import day_standing
from domain.recovery.procedure import ENDS_BY, LEADS_TO, OBJECTION_STEPS, ORDERS_OF
from schemas.base import FrozenModel, UtcDatetime
from schemas.identifiers import account_end, is_same_person
from schemas.privacy.personal_data import Within
from schemas.recovery.court_orders import (
    AccountOfDay,
    CourtDayLine,
    CourtDayPage,
    CourtHearing,
    CourtHearings,
    CourtOrderAsks,
    HearingOfDay,
    OrderOfDay,
    WaitingCourtOrder,
    WaitingCourtOrders,
)
from schemas.restoration_enums import Route, Step

LISTED_MAX: Final = 200
_COLUMNS: Final = ", ".join(CourtHearing.model_fields)

# A case without an investigating officer waits until there is one.
_DUE: Final = """
SELECT case_no, array_agg(court_hearing_id ORDER BY court_hearing_id) AS ids FROM (
    SELECT h.case_no, h.court_hearing_id FROM court_hearing h JOIN restoration r USING (restoration_id)
    WHERE h.ended_at IS NULL AND h.told_at IS NULL AND h.held_on >= $1 AND h.held_on <= $2
        AND r.state = 'open' AND r.step = ANY($3) AND h.case_no <> ALL($4)
        AND EXISTS (SELECT FROM case_officer o WHERE o.case_no = h.case_no AND o.duty = 'io')
    ORDER BY h.held_on LIMIT $5
) AS found GROUP BY case_no ORDER BY case_no
"""


class UntoldHearing(FrozenModel):
    """Hearing of which no officer was told."""

    court_hearing_id: int
    held_on: date
    court: str


async def listed(connection: Connection, restoration_id: UUID) -> CourtHearings:
    """Return the hearings of a restoration, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM court_hearing WHERE restoration_id = $1 ORDER BY court_hearing_id DESC LIMIT $2",
        restoration_id,
        LISTED_MAX,
    )
    return CourtHearings(items=tuple(CourtHearing(**dict(row)) for row in rows))


async def standing(connection: Connection, restoration_id: UUID) -> CourtHearing | None:
    """Return the hearing of a restoration that stands, or None."""
    return await Rows(connection, CourtHearing).first(
        f"SELECT {_COLUMNS} FROM court_hearing WHERE restoration_id = $1 AND ended_at IS NULL", restoration_id
    )


async def end(connection: Connection, court_hearing_id: int, by: str, reason: str, at: datetime) -> None:
    """Write that another day, or none, takes the place of a hearing."""
    await connection.execute(
        "UPDATE court_hearing SET ended_by = $2, ended_reason = $3, ended_at = $4 WHERE court_hearing_id = $1",
        court_hearing_id,
        by,
        reason,
        at,
    )


async def insert(
    connection: Connection,
    restoration_id: UUID,
    case_no: str,
    held_on: date,
    court: str,
    reason: str,
    by: str,
    at: datetime,
) -> int:
    """Write the hearing that stands; return its number."""
    court_hearing_id: int = await connection.fetchval(
        "INSERT INTO court_hearing (restoration_id, case_no, held_on, court, reason, recorded_by, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING court_hearing_id",
        restoration_id,
        case_no,
        held_on,
        court,
        reason,
        by,
        at,
    )
    return court_hearing_id


async def due(
    connection: Connection, today: date, until: date, without: Sequence[str], limit: int
) -> list[tuple[str, list[int]]]:
    """Return by case the hearings from today until a day of which the investigating officer was not told."""
    steps = [step.value for step in ORDERS_OF]
    rows = await connection.fetch(_DUE, today, until, steps, list(without), limit)
    return [(row["case_no"], list(row["ids"])) for row in rows]


async def untold(connection: Connection, case_no: str, court_hearing_ids: Sequence[int]) -> list[UntoldHearing]:
    """Return those of these hearings of a case that stand, and of which no officer was told."""
    return await Rows(connection, UntoldHearing).many(
        "SELECT court_hearing_id, held_on, court FROM court_hearing WHERE case_no = $1 AND court_hearing_id = ANY($2)"
        " AND ended_at IS NULL AND told_at IS NULL ORDER BY court_hearing_id",
        case_no,
        list(court_hearing_ids),
    )


async def note_told(connection: Connection, court_hearing_id: int, at: datetime) -> None:
    """Write that the investigating officer was told."""
    await connection.execute("UPDATE court_hearing SET told_at = $2 WHERE court_hearing_id = $1", court_hearing_id, at)


# Waiting are the open restorations at a step that ends by an order. Done are those of the orders made on a day. The
# order of a restoration that waits is never the one that it dropped.
_LIST: Final = f"""
WITH waiting AS (
    SELECT w.restoration_id, true AS waits FROM restoration w WHERE w.state = 'open' AND w.step = ANY($2)
), done AS (
    SELECT DISTINCT d.restoration_id, false AS waits
    FROM court_order made JOIN restoration d ON d.case_no = made.case_no
    WHERE made.made_on = $3 AND made.withdrawn_at IS NULL AND made.effect = ANY($4)
      AND NOT (d.state = 'open' AND d.step = ANY($2)) AND (d.court_order_id IS NOT NULL OR d.state = 'refused')
)
SELECT r.restoration_id, r.case_no AS case_ack_no, r.ack_no, r.round_no, r.route, r.state, r.step, r.visit_no,
       upper(trim(v.district)) AS district, s.due_at, coalesce(s.due_at < $1, false) AS overdue, these.waits,
       o.court_order_id, o.kind, o.effect, o.court, o.order_no, o.made_on, o.amount_paise,
       o.document_digest IS NOT NULL AS has_document, o.taken_by, o.confirmed_by, o.counts,
       g.court_hearing_id, g.held_on, g.court AS hearing_court, g.recorded_by, g.recorded_at
FROM (SELECT * FROM waiting UNION ALL SELECT * FROM done) AS these
JOIN restoration r USING (restoration_id)
JOIN complaint k ON k.ack_no = r.case_no JOIN victim v USING (victim_id)
LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
LEFT JOIN court_hearing g ON g.restoration_id = r.restoration_id AND g.ended_at IS NULL
LEFT JOIN LATERAL (
    SELECT c.*, court_order_counts(c) AS counts FROM court_order c
    WHERE c.case_no = r.case_no AND c.withdrawn_at IS NULL AND c.effect = ANY($4) AND c.kind = ANY($5)
      AND (NOT these.waits OR c.court_order_id IS DISTINCT FROM r.court_order_id)
    ORDER BY (NOT these.waits AND c.court_order_id = r.court_order_id) DESC, c.court_order_id DESC LIMIT 1
) AS o ON true
WHERE r.route = ANY($6) AND ($7::text IS NULL OR upper(trim(v.district)) = $7)
  AND (o.court_order_id IS NULL
       OR (these.waits OR $3::date IS NULL OR o.made_on = $3) AND ($8::text IS NULL OR o.court = $8))
  AND (o.court_order_id IS NOT NULL OR g.court IS NULL OR $8::text IS NULL OR g.court = $8)
  AND ($12::date IS NULL OR g.held_on = $12)
  AND ($9::text IS NULL OR (r.ack_no, r.restoration_id) > ($9, $10::uuid))
{MARK}
ORDER BY r.ack_no, r.restoration_id LIMIT $11
"""

_ACCOUNTS: Final = """
SELECT l.restoration_id, a.institution, a.account_key, coalesce(sum(b.balance_paise), 0)::bigint AS held_paise
FROM restoration_line l JOIN account_hold a USING (hold_id)
LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
WHERE l.restoration_id = ANY($1) AND (l.excluded_at IS NULL OR l.reopened_at IS NOT NULL)
GROUP BY l.restoration_id, a.hold_id ORDER BY l.restoration_id, held_paise DESC, a.hold_id
"""

_READINESS: Final = """
SELECT r.restoration_id,
       (SELECT max(t.ended_at) FROM restoration_step t WHERE t.restoration_id = r.restoration_id
        AND t.step = 'application' AND t.outcome = 'done') AS applied_at,
       EXISTS (SELECT FROM application_signature g WHERE g.restoration_id = r.restoration_id) AS signed_by_code,
       notice.notices, notice.notices_issued,
       (SELECT count(*) FROM objection q WHERE q.restoration_id = r.restoration_id AND q.decision IS NULL)
        AS open_objections,
       (SELECT count(DISTINCT p.grievance_id) FROM restoration_line l JOIN grievance p USING (hold_id)
        WHERE l.restoration_id = r.restoration_id AND p.state = 'open') AS open_appeals,
       (SELECT count(DISTINCT t.hop_no) FROM contested_transfers(r.restoration_id) t) AS contested
FROM restoration r
CROSS JOIN LATERAL (
    SELECT count(*) AS notices, count(*) FILTER (WHERE d.state IN ('issued', 'served')) AS notices_issued
    FROM due_document d WHERE d.case_no = r.case_no AND d.restoration_id = r.restoration_id AND d.step = ANY($2)
      AND d.state <> 'overtaken'
) AS notice
WHERE r.restoration_id = ANY($1)
"""

_ORDER: Final = tuple(OrderOfDay.model_fields)


async def page(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    *,
    routes: Sequence[Route],
    district: str | None,
    made_on: date | None,
    hearing_on: date | None,
    court: str | None,
    within: Within | None,
) -> CourtDayPage:
    """Return a page of restorations that wait for an order, and those of the orders of a day, by number.

    What waits stays in the list whatever the day of its order is. `hearing_on` confines all to those that are heard on
    a day. `court` confines those that have an order, or else a hearing, to that court. Raises `BadCursor`.
    """
    values = (
        now,
        [step.value for step in ORDERS_OF],
        made_on,
        [effect.value for effect in ENDS_BY],
        [kind.value for kind in LEADS_TO],
        [route.value for route in routes],
        district,
        court,
        *_key(after),
        limit + 1,
        hearing_on,
    )
    statement, parameters = confined(_LIST, values, "r.case_no", within)
    rows, more = cut(await connection.fetch(statement, *parameters), limit)
    ids = [row["restoration_id"] for row in rows]
    accounts = await _accounts(connection, ids)
    readiness_rows = await connection.fetch(_READINESS, ids, [step.value for step in OBJECTION_STEPS])
    readiness: dict[UUID, dict[str, Any]] = {row["restoration_id"]: dict(row) for row in readiness_rows}
    return CourtDayPage(
        items=tuple(
            _line(dict(row), accounts.get(row["restoration_id"], ()), readiness[row["restoration_id"]]) for row in rows
        ),
        next=to_cursor(rows[-1]["ack_no"], str(rows[-1]["restoration_id"])) if more else None,
    )


def _key(after: str | None) -> tuple[str | None, UUID | None]:
    if after is None:
        return None, None
    ack_no, identity = from_cursor(after, str, str)
    try:
        return str(ack_no), UUID(str(identity))
    except ValueError:
        raise BadCursor from None


async def _accounts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[AccountOfDay, ...]]:
    accounts: dict[UUID, tuple[AccountOfDay, ...]] = {}
    for row in await connection.fetch(_ACCOUNTS, ids):
        values = dict(row)
        identity, key = values.pop("restoration_id"), values.pop("account_key")
        accounts[identity] = (*accounts.get(identity, ()), AccountOfDay(**values, account_end=account_end(key)))
    return accounts


def _line(row: dict[str, Any], accounts: tuple[AccountOfDay, ...], readiness: dict[str, Any]) -> CourtDayLine:
    order = {name: row.pop(name) for name in _ORDER}
    waits, counts = row.pop("waits"), row.pop("counts")
    hearing = {name: row.pop("hearing_court" if name == "court" else name) for name in HearingOfDay.model_fields}
    return CourtDayLine(
        **row | readiness,
        held_paise=sum(account.held_paise for account in accounts),
        accounts=accounts,
        is_ready=(
            readiness["applied_at"] is not None
            and readiness["notices"] == readiness["notices_issued"]
            and not readiness["open_objections"]
            and not readiness["open_appeals"]
            and not readiness["contested"]
        ),
        standing=day_standing(waits=waits, has_order=order["court_order_id"] is not None, counts=bool(counts)),
        hearing=HearingOfDay(**hearing) if hearing["court_hearing_id"] is not None else None,
        order=OrderOfDay(**order) if order["court_order_id"] is not None else None,
    )


# -- orders that wait for a second officer -----------------------------------------------------------------------------

_WAITING: Final = f"""
SELECT c.court_order_id, c.case_no AS case_ack_no, c.kind, c.effect, c.court, c.order_no, c.made_on, c.ends_on,
       c.amount_paise, c.institution, c.account_key, held.held_paise, c.document_digest IS NOT NULL AS has_document,
       c.taken_by, c.taken_at, c.reason, c.counts_until, c.withdrawal_asked_by, c.withdrawal_asked_at,
       c.withdrawal_asked_reason
FROM court_order c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise), 0)::bigint AS held_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = c.case_no
      AND (c.institution IS NULL OR h.institution = c.institution AND h.account_key = c.account_key)
) AS held
WHERE c.withdrawn_at IS NULL
  AND (c.confirmed_at IS NULL OR c.withdrawal_asked_at IS NOT NULL)
  AND c.court_order_id > $1
{MARK}
ORDER BY c.court_order_id LIMIT $2
"""


async def waiting_orders(
    connection: Connection, after: str | None, limit: int, *, reader: str, within: Within | None
) -> WaitingCourtOrders:
    """Return a page of orders that wait for a second officer, the oldest first. Raises `BadCursor`."""
    statement, parameters = confined(_WAITING, (int_after(after), limit + 1), "c.case_no", within)
    rows, more = cut(await connection.fetch(statement, *parameters), limit)
    return WaitingCourtOrders(
        items=tuple(_waiting(dict(row), reader) for row in rows),
        next=to_cursor(rows[-1]["court_order_id"]) if more else None,
    )


def _waiting(row: dict[str, Any], reader: str) -> WaitingCourtOrder:
    key, asked_by = row.pop("account_key"), row["withdrawal_asked_by"]
    return WaitingCourtOrder(
        **row,
        asks=CourtOrderAsks.WITHDRAWAL if asked_by else CourtOrderAsks.CONFIRMATION,
        account_end=account_end(key) if key else "",
        needs_another=is_same_person(asked_by or row["taken_by"], reader),
    )


class WaiverRow(FrozenModel):
    """A waiver of one visit of the holder's notice, without its document."""

    hold_id: UUID
    contradict_until: UtcDatetime


async def insert_waiver(
    connection: Connection,
    restoration_id: UUID,
    visit_no: int,
    hold_id: UUID,
    document: SealedDocument,
    reason: str,
    by: str,
    at: datetime,
    contradict_until: datetime,
) -> str | None:
    """Write a waiver; return the digest of its document, or None if the holder's waiver is there already.

    The database refuses a waiver of a holder without a notice.
    """
    digest: str | None = await connection.fetchval(
        "INSERT INTO hearing_waiver (restoration_id, visit_no, hold_id, document_digest, person_id,"
        " sealed_document, reason, recorded_by, recorded_at, contradict_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT DO NOTHING RETURNING encode(document_digest, 'hex')",
        restoration_id,
        visit_no,
        hold_id,
        document.sealed.digest,
        document.key.person_id,
        document.sealed.sealed,
        reason,
        by,
        at,
        contradict_until,
    )
    return digest


async def of_visit(connection: Connection, restoration_id: UUID, visit_no: int) -> list[WaiverRow]:
    """Return the waivers of one visit of the holder's notice."""
    return await Rows(connection, WaiverRow).many(
        "SELECT hold_id, contradict_until FROM hearing_waiver WHERE restoration_id = $1 AND visit_no = $2"
        " ORDER BY hold_id",
        restoration_id,
        visit_no,
    )


async def is_served(connection: Connection, restoration_id: UUID, visit_no: int, hold_id: UUID) -> bool:
    """Return whether the holder of a hold has the notice of this visit."""
    served: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM due_document WHERE restoration_id = $1 AND step = $2 AND visit_no = $3"
        " AND subject = $4 AND state IN ('issued', 'served'))",
        restoration_id,
        Step.HOLDER_NOTICE.value,
        visit_no,
        str(hold_id),
    )
    return served


async def end_by(connection: Connection, restoration_id: UUID, until: datetime, at: datetime) -> None:
    """Make the open step due at `until`, if it is due later.

    No officer is reminded of it any more, because the time of the reminder may be past.
    """
    await connection.execute(
        "UPDATE restoration_step SET due_at = least(due_at, $2), reminded_at = coalesce(reminded_at, $3)"
        " WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration_id,
        until,
        at,
    )
