"""Holds as officers see them: their files, disputes, and releases that wait.

Disputed holds: money that a bank reports on hold after reporting it gone. The money is in no bucket of the ledger, but
its account holder has rights.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from db.rows import Rows
from domain.errors import BadCursor
from domain.errors.recovery import HoldNotFound
from domain.recovery.holds import Part, stage_of
from schemas.base import FrozenModel
from schemas.enums import ProcedureKind
from schemas.identifiers import account_end
from schemas.privacy.personal_data import Within
from schemas.recovery.holds import BrakedRelease, ClaimOnHold, HeldTransfer, HoldPage, HoldView, ReleaseBrake

# The page is cut before the amounts of its rows are summed.
_READ: Final = """
SELECT a.hold_id, a.case_no AS case_ack_no, a.institution, a.account_key, a.reference, a.state, a.first_held_at,
       a.lapses_at, a.holder_told_at, a.warned_days, a.retained_by_kind, a.retained_by_id,
       a.small, a.small_hold_decision, a.small_hold_decided_by, a.small_hold_reason,
       money.held_paise, (money.held_paise - ordered.paise)::bigint AS free_paise, a.ended_at,
       p.not_before AS hear_until, p.needs_second
FROM ({found}) AS a
LEFT JOIN proposal p ON p.kind = 'release' AND p.subject = a.hold_id::text AND p.decision IS NULL
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise), 0)::bigint AS held_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
) AS money
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) AS paise FROM bank_order_line l
    JOIN bank_order o USING (order_id)
    WHERE l.case_no = a.case_no AND l.hold_id = a.hold_id AND NOT l.excess
      AND o.state IN ('planned', 'delivered', 'refused')
) AS ordered
"""
_LIST: Final = (
    _READ.format(
        found=f"""
SELECT * FROM account_hold a
WHERE ($1::text IS NULL OR a.case_no = (SELECT case_no FROM complaint WHERE ack_no = $1))
  AND ($2::text IS NULL OR a.institution = $2) AND ($3::boolean IS NULL OR (a.state = 'held') = $3)
  AND ($4::boolean IS NULL OR (a.small AND a.small_hold_decision IS NULL AND a.state = 'held') = $4)
  AND ($5::timestamptz IS NULL OR a.lapses_at < $5)
  AND ($9::text IS NULL OR a.reference = $9)
  AND ($6::timestamptz IS NULL OR (a.lapses_at, a.hold_id) > ($6, $7::uuid))
{MARK}
ORDER BY a.lapses_at, a.hold_id LIMIT $8
"""
    )
    + "ORDER BY a.lapses_at, a.hold_id"
)
_ONE: Final = _READ.format(found="SELECT * FROM account_hold WHERE hold_id = $1")


async def page(
    connection: Connection,
    at: datetime,
    after: str | None,
    limit: int,
    *,
    ack_no: str | None,
    institution: str | None,
    held: bool | None,
    small: bool | None,
    lapses_before: datetime | None,
    reference: str | None = None,
    within: Within | None = None,
) -> HoldPage:
    """Return a page of holds; `small`: those that wait for a quick decision. Raises `BadCursor`."""
    values = (ack_no, institution, held, small, lapses_before, *_key(after), limit + 1, reference)
    statement, parameters = confined(_LIST, values, "a.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    return HoldPage(
        items=tuple(_view(dict(row), at) for row in shown),
        next=to_cursor(last["lapses_at"].isoformat(), str(last["hold_id"])) if last else None,
    )


async def get(connection: Connection, hold_id: UUID, at: datetime) -> HoldView:
    """Return one hold. Raises `NotFound`."""
    row = await connection.fetchrow(_ONE, hold_id)
    if row is None:
        raise HoldNotFound(hold_id)
    return _view(dict(row), at)


def _view(row: dict[str, Any], at: datetime) -> HoldView:
    hear_until, needs_second, key = row.pop("hear_until"), row.pop("needs_second"), row.pop("account_key")
    waits_for = stage_of(hear_until, needs_second=needs_second, at=at) if hear_until else None
    return HoldView(**row, account_end=account_end(key), waits_for=waits_for)


def _key(after: str | None) -> tuple[datetime | None, UUID | None]:
    if after is None:
        return None, None
    moment, identity = from_cursor(after, str, str)
    try:
        position = datetime.fromisoformat(str(moment)), UUID(str(identity))
    except ValueError:
        raise BadCursor from None
    if position[0].tzinfo is None:
        raise BadCursor
    return position


TRANSFERS_SHOWN_MAX: Final = 100

# The victim's bank is the payer of the first transfer. Each further bank is the payee of the next one.
_TRANSFERS: Final = """
WITH RECURSIVE here AS (
    SELECT h.case_no, h.hop_no, h.parent_hop_no, h.layer, h.ack_no, h.transferred_at, h.amount_paise, h.disputed_paise,
           coalesce(b.balance_paise, 0) AS held_paise, h.payer_institution_as_told AS payer, h.institution
    FROM account_hold a JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution
      AND h.account_key = a.account_key
    LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE a.hold_id = $1 ORDER BY held_paise DESC, h.hop_no LIMIT $2
), way AS (
    SELECT hop_no AS at_hop, case_no, parent_hop_no, ARRAY[payer, institution] AS banks FROM here
    UNION ALL
    SELECT way.at_hop, way.case_no, h.parent_hop_no, h.payer_institution_as_told || way.banks
    FROM way JOIN hop h ON h.case_no = way.case_no AND h.hop_no = way.parent_hop_no
)
SELECT here.hop_no, here.layer, here.ack_no, way.banks, here.transferred_at, here.amount_paise, here.disputed_paise,
       here.held_paise
FROM here JOIN way ON way.at_hop = here.hop_no AND way.parent_hop_no IS NULL
ORDER BY here.held_paise DESC, here.hop_no
"""

_CLAIMS: Final = """
SELECT these.ack_no, these.held_here_paise, in_all.held_paise, in_all.restored_paise, r.restoration_id, r.step, s.due_at
FROM account_hold a
CROSS JOIN LATERAL (
    SELECT h.ack_no, sum(b.balance_paise)::bigint AS held_here_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held' AND b.balance_paise > 0
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key GROUP BY h.ack_no
) AS these
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'restored'), 0)::bigint AS restored_paise
    FROM hop h JOIN ledger_balance b USING (case_no, hop_no) WHERE h.case_no = a.case_no AND h.ack_no = these.ack_no
) AS in_all
LEFT JOIN LATERAL (
    SELECT o.restoration_id, o.step FROM restoration o JOIN restoration_line l USING (restoration_id)
    WHERE o.ack_no = these.ack_no AND o.state = 'open' AND l.hold_id = a.hold_id ORDER BY o.round_no DESC LIMIT 1
) AS r ON true
LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
WHERE a.hold_id = $1 ORDER BY these.held_here_paise DESC, these.ack_no
"""


async def account_key(connection: Connection, hold_id: UUID) -> str:
    """Return the account of a hold in the form for comparison; "" for a hold that is not there."""
    key: str | None = await connection.fetchval("SELECT account_key FROM account_hold WHERE hold_id = $1", hold_id)
    return key or ""


async def transfers(connection: Connection, hold_id: UUID) -> tuple[tuple[HeldTransfer, ...], bool]:
    """Return the transfers to the account of a hold, those with most on hold first, and whether there are more."""
    rows = await connection.fetch(_TRANSFERS, hold_id, TRANSFERS_SHOWN_MAX + 1)
    shown, more = cut(rows, TRANSFERS_SHOWN_MAX)
    return tuple(HeldTransfer(**dict(row) | {"banks": _each_once(row["banks"])}) for row in shown), more


def _each_once(banks: Sequence[str]) -> tuple[str, ...]:
    """Return the banks in their order; a transfer inside one bank names it once."""
    return tuple(bank for place, bank in enumerate(banks) if place == 0 or bank != banks[place - 1])


async def claims(connection: Connection, hold_id: UUID) -> tuple[ClaimOnHold, ...]:
    """Return the complaints with money on hold at the account, those with most of it first."""
    rows = await connection.fetch(_CLAIMS, hold_id)
    return tuple(ClaimOnHold(**dict(row)) for row in rows)


SHOWN_MAX: Final = 100
"""releases that a view shows, the largest first"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('automatic_release', 0))"


class Counted(FrozenModel):
    """Whether a release has to wait, and what was released in the hour before."""

    braked: bool
    begun: bool
    """whether it is the first that waits"""
    waits_newly: bool
    releases: int | None
    released_paise: int | None


async def count(
    connection: Connection,
    hold_id: UUID,
    paise: int,
    at: datetime,
    *,
    releases_max: int,
    paise_max: int,
    window: timedelta,
    valid: timedelta,
) -> Counted:
    """Count a release that the engine is about to order; it has to wait above the limits in `window`.

    A release that a supervisor continued less than `valid` ago does not wait.
    """
    # The function returns one row.
    return await Rows(connection, Counted).one(
        "SELECT * FROM brake_release($1, $2, $3, $4, $5, $6, $7)",
        hold_id,
        paise,
        at,
        releases_max,
        paise_max,
        window,
        valid,
    )


_WAITING: Final = """
SELECT b.brake_id, b.hold_id AS first_hold_id, b.braked_at, sums.releases, sums.paise FROM release_brake b
CROSS JOIN LATERAL (
    SELECT count(*) AS releases, coalesce(sum(w.amount_paise), 0)::bigint AS paise FROM braked_release w
    JOIN account_hold a USING (hold_id) WHERE w.brake_id = b.brake_id AND a.state = 'held'
) AS sums
WHERE b.continued_at IS NULL
"""
_LARGEST: Final = """
SELECT w.hold_id, a.case_no AS case_ack_no, a.institution, w.amount_paise, w.since FROM braked_release w
JOIN account_hold a USING (hold_id) WHERE w.brake_id = $1 AND a.state = 'held'
ORDER BY w.amount_paise DESC, w.hold_id LIMIT $2
"""


async def waiting(connection: Connection) -> ReleaseBrake | None:
    """Return the releases that wait for a supervisor, or None if none does."""
    row = await connection.fetchrow(_WAITING)
    if row is None:
        return None
    largest = await connection.fetch(_LARGEST, row["brake_id"], SHOWN_MAX)
    return ReleaseBrake(**dict(row), largest=tuple(BrakedRelease(**dict(release)) for release in largest))


async def waiting_sums(connection: Connection) -> tuple[int, int]:
    """Return how many releases wait for a supervisor, and their sum in paise."""
    row = await connection.fetchrow(f"SELECT releases, paise FROM ({_WAITING}) AS waiting")
    return (row["releases"], row["paise"]) if row else (0, 0)


async def lock(connection: Connection) -> None:
    """Wait until no other transaction counts a release, and let none count until this transaction ends."""
    await connection.execute(_LOCK)


async def continue_all(connection: Connection, brake_id: int, by: str, reason: str, at: datetime) -> None:
    """Write who continued the waiting releases, and notify the procedures of their holds."""
    await connection.execute(
        "UPDATE release_brake SET continued_at = $2, continued_by = $3, reason = $4 WHERE brake_id = $1",
        brake_id,
        at,
        by,
        reason,
    )
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at) SELECT p.workflow_id, $2 FROM braked_release w"
        " JOIN procedure p ON p.workflow_id = $3::text || '-' || w.hold_id WHERE w.brake_id = $1",
        brake_id,
        at,
        ProcedureKind.HOLD.value,
    )


DISPUTED_HOLD: Final = """
    SELECT c.opened_at, (c.claimed_paise - greatest(c.applied_paise, taken.paise))::bigint AS paise
    FROM discrepancy c JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.amount_paise), 0) AS paise
        FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
        WHERE e.case_no = h.case_no AND e.hop_no = ANY(w.hop_nos) AND e.bucket = 'held'
          AND t.kind IN ('answer', 'resolution')
    ) AS taken
    WHERE c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.institution = h.institution AND c.kind = 'held_and_gone'
      AND coalesce((SELECT s.decision FROM discrepancy_resolution s WHERE s.discrepancy_id = c.discrepancy_id
          ORDER BY s.resolution_no DESC LIMIT 1), 'upheld_other') = 'upheld_other'
    ORDER BY c.discrepancy_id DESC LIMIT 1
"""
"""Amount of hop `h` that the bank claims above the booked part of its line. A line that an officer upheld does not
count."""

EXCESS_ORDERED: Final = """
    SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0)::bigint
               AS ordered_paise,
           coalesce(sum(l.confirmed_paise), 0)::bigint AS done_paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess
"""
"""Excess of hop `h` that was ordered to be released, and the part that the bank has released. Of a cancelled order the
executed part counts."""

_PARTS: Final = f"""
SELECT h.hop_no, h.ack_no, c.opened_at AS held_at, c.paise - l.ordered_paise AS free_paise, true AS excess
FROM account_hold a
JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
CROSS JOIN LATERAL ({DISPUTED_HOLD}) AS c CROSS JOIN LATERAL ({EXCESS_ORDERED}) AS l
WHERE a.hold_id = $1 ORDER BY h.hop_no
"""


async def parts(connection: Connection, hold_id: UUID) -> list[Part]:
    """Return the disputed holds under a hold that no order releases."""
    return [Part(**dict(row)) for row in await connection.fetch(_PARTS, hold_id) if row["free_paise"] > 0]
