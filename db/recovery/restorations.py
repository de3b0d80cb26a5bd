"""Restorations: their row, the visits of their steps, and their money."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from domain.errors.restoration import RestorationNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.procedures import RestorationPolicy
from schemas.recovery.restorations import RoutePicked
from schemas.restoration_enums import (
    OrderState,
    RestorationState,
    RetainedBy,
    Route,
    Step,
    StepOutcome,
)


class RestorationRow(FrozenModel):
    """A restoration, with the fields needed to work on it."""

    restoration_id: UUID
    case_no: str
    ack_no: str
    round_no: int
    state: RestorationState
    step: Step
    visit_no: int
    route: Route | None
    policy: RestorationPolicy
    prepared_by: str | None
    approved_by: str | None
    court_order_id: int | None
    credit_account_id: int | None = None
    """the other account that the received application names; None for the account that paid"""


class VisitRow(FrozenModel):
    """One visit of one step."""

    step: Step
    visit_no: int
    due_at: UtcDatetime | None
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    ended_by: str | None
    outcome: StepOutcome | None
    reason: str


class Line(FrozenModel):
    """The money of one hop in a restoration (paise)."""

    hop_no: int
    hold_id: UUID
    institution: str
    account_key: str
    allocation_id: int | None
    due_paise: int | None
    objection_id: int | None
    excluded: bool
    """whether an SP, a court or a supervisor has excluded it"""
    retained_by_kind: RetainedBy | None
    retained_by_id: str | None
    """the court's order or the restoration because of which its hold does not lapse"""
    noticed_left_paise: int | None
    """noticed amount that is not restored yet; None before the notice is served and the objection period over"""
    held_paise: int
    to_release_paise: int
    """amount that live orders release"""
    to_restore_paise: int
    """amount that live orders restore"""

    @property
    def kept_by(self) -> str | None:
        """The reason why its hold does not lapse, as text for an officer."""
        return self.retained_by_kind and f"{self.retained_by_kind.value} {self.retained_by_id}"

    @property
    def is_out(self) -> bool:
        """Whether an upheld objection or an exclusion takes it out of this restoration."""
        return self.objection_id is not None or self.excluded

    @property
    def on_hold_paise(self) -> int:
        """Amount of this restoration on hold, ordered or not; excludes money that came after the notice."""
        return self._noticed(self.held_paise)

    @property
    def free_paise(self) -> int:
        """Amount that this restoration may restore."""
        return self._noticed(max(self.held_paise - self.to_release_paise, 0))

    @property
    def not_ordered_paise(self) -> int:
        """Amount on hold that no order asks for, in this restoration or not."""
        return max(self.held_paise - self.to_release_paise - self.to_restore_paise, 0)

    def _noticed(self, paise: int) -> int:
        if self.is_out:
            return 0
        return paise if self.noticed_left_paise is None else min(paise, self.noticed_left_paise)


_ROW: Final = ", ".join(RestorationRow.model_fields)
_VISIT: Final = ", ".join(VisitRow.model_fields)


async def case_of(connection: Connection, restoration_id: UUID) -> str:
    """Return the case of a restoration. Raises `NotFound`."""
    case_no: str | None = await connection.fetchval(
        "SELECT case_no FROM restoration WHERE restoration_id = $1", restoration_id
    )
    if case_no is None:
        raise RestorationNotFound(restoration_id)
    return case_no


async def lock(connection: Connection, restoration_id: UUID) -> RestorationRow:
    """Lock the restoration's row and return it. The caller has locked its case."""
    # Restorations are never deleted.
    return await Rows(connection, RestorationRow).one(
        f"SELECT {_ROW} FROM restoration WHERE restoration_id = $1 FOR UPDATE", restoration_id
    )


async def find(connection: Connection, restoration_id: UUID) -> RestorationRow | None:
    """Return one restoration without a lock, or None."""
    return await Rows(connection, RestorationRow).first(
        f"SELECT {_ROW} FROM restoration WHERE restoration_id = $1", restoration_id
    )


# -- steps -------------------------------------------------------------------------------------------------------------


async def visits(connection: Connection, restoration_id: UUID) -> list[VisitRow]:
    """Return every visit of every step, in the order of their opening."""
    return await Rows(connection, VisitRow).many(
        f"SELECT {_VISIT} FROM restoration_step WHERE restoration_id = $1 ORDER BY place", restoration_id
    )


async def end_visit(
    connection: Connection, row: RestorationRow, outcome: StepOutcome, at: datetime, by: str, reason: str
) -> None:
    """End the open visit of the step."""
    await connection.execute(
        "UPDATE restoration_step SET ended_at = $2, ended_by = $3, outcome = $4, reason = $5"
        " WHERE restoration_id = $1 AND ended_at IS NULL",
        row.restoration_id,
        at,
        by,
        outcome.value,
        reason,
    )


async def open_visit(
    connection: Connection, restoration_id: UUID, step: Step, at: datetime, due_at: datetime
) -> RestorationRow:
    """Open the next visit of a step and make it the current step of the restoration."""
    visit_no = await connection.fetchval(
        "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at, due_at)"
        " SELECT $1, $2, coalesce(max(visit_no), 0) + 1, $3, $4 FROM restoration_step"
        " WHERE restoration_id = $1 AND step = $2 RETURNING visit_no",
        restoration_id,
        step.value,
        at,
        due_at,
    )
    # Restorations are never deleted.
    return await Rows(connection, RestorationRow).one(
        f"UPDATE restoration SET step = $2, visit_no = $3 WHERE restoration_id = $1 RETURNING {_ROW}",
        restoration_id,
        step.value,
        visit_no,
    )


async def note_reminded(connection: Connection, restoration_id: UUID, at: datetime) -> None:
    """Write that an officer was reminded of the open step."""
    await connection.execute(
        "UPDATE restoration_step SET reminded_at = $2 WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration_id,
        at,
    )


async def note_escalated(connection: Connection, restoration_id: UUID, at: datetime) -> None:
    """Write that the supervisor was told of the open step."""
    await connection.execute(
        "UPDATE restoration_step SET escalated_at = $2 WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration_id,
        at,
    )


# -- the row -----------------------------------------------------------------------------------------------------------


async def set_route(connection: Connection, restoration_id: UUID, picked: RoutePicked) -> None:
    """Write the route by which the money is restored, with the reasons for it."""
    await connection.execute(
        "UPDATE restoration SET route = $2, route_reasons = $3 WHERE restoration_id = $1",
        restoration_id,
        picked.route.value,
        [reason.value for reason in picked.reasons],
    )


async def set_court_order(connection: Connection, restoration_id: UUID, court_order_id: int | None) -> None:
    """Write the court's order on which the restoration relies; None removes it."""
    await connection.execute(
        "UPDATE restoration SET court_order_id = $2 WHERE restoration_id = $1", restoration_id, court_order_id
    )


async def set_prepared(connection: Connection, restoration_id: UUID, by: str, due: dict[int, int]) -> None:
    """Write that approval is prepared, with the amount to restore of each hop, in paise."""
    await connection.execute(
        "UPDATE restoration_line SET due_paise = d.paise FROM unnest($2::integer[], $3::bigint[]) AS d (hop_no, paise)"
        " WHERE restoration_id = $1 AND restoration_line.hop_no = d.hop_no",
        restoration_id,
        list(due),
        list(due.values()),
    )
    await connection.execute("UPDATE restoration SET prepared_by = $2 WHERE restoration_id = $1", restoration_id, by)


async def imported_by(connection: Connection, restoration_id: UUID, officer: str) -> int | None:
    """Return a hop whose money only a workbook confirms that this officer imported, or None."""
    hop_no: int | None = await connection.fetchval("SELECT importer_of($1, $2)", restoration_id, officer)
    return hop_no


async def under_way(connection: Connection, ack_no: str) -> list[UUID]:
    """Return the complaint's restorations whose application is written, up to the approval."""
    rows = await connection.fetch(
        "SELECT restoration_id FROM restoration WHERE ack_no = $1 AND state = 'open'"
        " AND step NOT IN ('collecting', 'credit', 'bond') ORDER BY round_no",
        ack_no,
    )
    return [row["restoration_id"] for row in rows]


async def note_application(connection: Connection, restoration_id: UUID, credit_account_id: int | None) -> None:
    """Write which other account the received application names; None for the account that paid."""
    await connection.execute(
        "UPDATE restoration SET credit_account_id = $2 WHERE restoration_id = $1", restoration_id, credit_account_id
    )


async def unprepare(connection: Connection, restoration_id: UUID) -> None:
    """Undo preparation and approval; the money is allocated again."""
    await connection.execute(
        "UPDATE restoration SET prepared_by = NULL, approved_by = NULL WHERE restoration_id = $1", restoration_id
    )
    await connection.execute(
        "UPDATE restoration_line SET due_paise = NULL, allocation_id = NULL WHERE restoration_id = $1", restoration_id
    )


async def set_approved(connection: Connection, restoration_id: UUID, by: str) -> None:
    """Write the approval. The database refuses the officer who prepared it."""
    await connection.execute("UPDATE restoration SET approved_by = $2 WHERE restoration_id = $1", restoration_id, by)


async def close(
    connection: Connection, restoration_id: UUID, state: RestorationState, at: datetime, by: str, reason: str
) -> None:
    """Close the restoration in this state."""
    await connection.execute(
        "UPDATE restoration SET state = $2, closed_at = $3, closed_by = $4, reason = $5 WHERE restoration_id = $1",
        restoration_id,
        state.value,
        at,
        by,
        reason,
    )


# -- the money ---------------------------------------------------------------------------------------------------------

_LINES: Final = """
SELECT l.hop_no, l.hold_id, coalesce(h.institution, a.institution) AS institution, h.account_key, l.allocation_id,
       l.due_paise, l.objection_id, num_nonnulls(l.excluded_at, l.court_order_id) > 0
           AS excluded, a.retained_by_kind, a.retained_by_id,
       CASE WHEN l.noticed_paise IS NOT NULL THEN greatest(l.noticed_paise - asked.given_back_paise, 0) END
           AS noticed_left_paise,
       coalesce(b.balance_paise, 0) AS held_paise, asked.to_release_paise, asked.to_restore_paise
FROM restoration_line l JOIN account_hold a USING (hold_id)
JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no
LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
CROSS JOIN LATERAL (
    SELECT coalesce(sum(ol.amount_paise - ol.confirmed_paise) FILTER (WHERE o.kind = 'release' AND o.state IN
               ('planned', 'delivered', 'refused')), 0)::bigint AS to_release_paise,
           coalesce(sum(ol.amount_paise - ol.confirmed_paise) FILTER (WHERE o.kind = 'restore' AND o.state IN
               ('planned', 'delivered', 'refused')), 0)::bigint AS to_restore_paise,
           coalesce(sum(ol.confirmed_paise) FILTER (WHERE o.restoration_id = l.restoration_id), 0)::bigint
               AS given_back_paise
    FROM bank_order_line ol JOIN bank_order o USING (order_id)
    WHERE ol.case_no = l.case_no AND ol.hop_no = l.hop_no AND NOT ol.excess
) AS asked
WHERE l.restoration_id = $1 ORDER BY l.hop_no
"""


async def lines(connection: Connection, restoration_id: UUID) -> list[Line]:
    """Return the money of the restoration, by hop."""
    return await Rows(connection, Line).many(_LINES, restoration_id)


async def of_victim(connection: Connection, ack_no: str, same_person: Collection[bytes]) -> int:
    """Return a victim's money that is on hold or restored, over all complaints and rounds, in paise.

    Complaints with one of the digests `same_person` among their search terms are of the same victim. A workbook names
    no number, so it has no such digest. Amounts that a bank is ordered to release are excluded.
    """
    total: int = await connection.fetchval(
        "WITH mine AS MATERIALIZED (SELECT case_no, ack_no FROM complaint WHERE ack_no = $1 UNION"
        "  SELECT c.case_no, c.ack_no FROM victim v JOIN complaint c USING (victim_id) WHERE v.terms && $2)"
        " SELECT (coalesce(sum(b.balance_paise), 0) - coalesce((SELECT sum(l.amount_paise - l.confirmed_paise)"
        "  FROM mine m JOIN hop h USING (case_no, ack_no) JOIN bank_order_line l USING (case_no, hop_no)"
        "  JOIN bank_order o USING (order_id) WHERE o.kind = 'release' AND NOT l.excess"
        "  AND o.state IN ('planned', 'delivered', 'refused')), 0))::bigint"
        " FROM mine m JOIN hop h USING (case_no, ack_no) JOIN ledger_balance b USING (case_no, hop_no)"
        " WHERE b.bucket IN ('held', 'restored')",
        ack_no,
        list(same_person),
    )
    return total


async def note_noticed(connection: Connection, restoration_id: UUID, hold_id: UUID | None = None) -> None:
    """Write the amount on hold or restored as noticed: for one hold, or (None) for lines not noticed yet."""
    await connection.execute(
        "UPDATE restoration_line l SET noticed_paise = coalesce((SELECT b.balance_paise FROM ledger_balance b"
        "  WHERE b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'), 0)"
        "  + coalesce((SELECT sum(ol.confirmed_paise) FROM bank_order o JOIN bank_order_line ol USING (order_id)"
        "  WHERE o.restoration_id = l.restoration_id AND o.kind = 'restore' AND ol.hop_no = l.hop_no), 0)"
        " WHERE restoration_id = $1 AND CASE WHEN $2::uuid IS NULL THEN noticed_paise IS NULL ELSE hold_id = $2 END",
        restoration_id,
        hold_id,
    )


async def forget_noticed(connection: Connection, restoration_id: UUID) -> None:
    """Remove the noticed amounts, because notices are served again."""
    await connection.execute(
        "UPDATE restoration_line SET noticed_paise = NULL WHERE restoration_id = $1", restoration_id
    )


async def restored_paise(connection: Connection, restoration_id: UUID) -> int:
    """Return the amount that banks have confirmed under its orders, in paise."""
    total: int = await connection.fetchval(
        "SELECT coalesce(sum(l.confirmed_paise), 0)::bigint FROM bank_order_line l JOIN bank_order o USING (order_id)"
        " WHERE o.restoration_id = $1",
        restoration_id,
    )
    return total


async def order_states(connection: Connection, restoration_id: UUID) -> tuple[OrderState, ...]:
    """Return the states of its orders to banks."""
    rows = await connection.fetch("SELECT state FROM bank_order WHERE restoration_id = $1", restoration_id)
    return tuple(OrderState(row["state"]) for row in rows)


async def appealed_holds(connection: Connection, restoration_id: UUID) -> list[UUID]:
    """Return the holds of its money against which there was an appeal: their lapse depends on its step."""
    rows = await connection.fetch(
        "SELECT DISTINCT l.hold_id FROM restoration_line l JOIN grievance g USING (hold_id)"
        " JOIN account_hold a USING (hold_id) WHERE l.restoration_id = $1 AND a.state = 'held' ORDER BY l.hold_id",
        restoration_id,
    )
    return [row["hold_id"] for row in rows]


async def appealed_holds_past_end(connection: Connection, restoration_id: UUID, at: datetime) -> list[UUID]:
    """Return those of `appealed_holds` whose own time may be over and that no order retains.

    By the date of the bank it may end as soon as the first warning is over.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT a.hold_id FROM restoration_line l JOIN grievance g USING (hold_id)"
        " JOIN account_hold a USING (hold_id) WHERE l.restoration_id = $1 AND a.state = 'held'"
        " AND a.retained_by_kind IS NULL AND $2 >= greatest(a.lapses_from, a.first_held_at"
        "  + make_interval(secs => (SELECT max(before::double precision)"
        "  FROM jsonb_array_elements_text(a.policy->'warn_before_seconds') AS before))) ORDER BY a.hold_id",
        restoration_id,
        at,
    )
    return [row["hold_id"] for row in rows]


async def keep_or_let_go(connection: Connection, restoration_id: UUID) -> list[UUID]:
    """End its retention of holds, or pass it to another approved restoration; return their ids."""
    rows = await connection.fetch(
        "UPDATE account_hold a SET (retained_by_kind, retained_by_id) = (SELECT 'restoration', r.restoration_id::text"
        "  FROM restoration r JOIN restoration_line l USING (restoration_id) WHERE l.hold_id = a.hold_id"
        "  AND r.state = 'open' AND r.approved_by IS NOT NULL AND r.restoration_id <> $1::uuid"
        "  ORDER BY r.opened_at LIMIT 1)"
        " WHERE a.retained_by_kind = 'restoration' AND a.retained_by_id = ($1::uuid)::text RETURNING a.hold_id",
        restoration_id,
    )
    return [row["hold_id"] for row in rows]


async def keep(connection: Connection, restoration_id: UUID) -> list[UUID]:
    """Retain the holds of money under an order to restore, so that they do not lapse; return their ids."""
    rows = await connection.fetch(
        "UPDATE account_hold a SET retained_by_kind = 'restoration', retained_by_id = ($1::uuid)::text"
        " WHERE a.retained_by_kind IS NULL AND EXISTS"
        " (SELECT FROM restoration_line l WHERE l.restoration_id = $1 AND l.hold_id = a.hold_id AND l.due_paise > 0)"
        " RETURNING a.hold_id",
        restoration_id,
    )
    return [row["hold_id"] for row in rows]
