"""Objections of account holders, and steps of officers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from db.privacy.person_keys import SealedText, StoredText, insert_key_of_hold, stored_text
from db.recovery.restorations import Line
from db.rows import Rows
from domain.errors import BadCursor
from domain.errors.restoration import ObjectionNotFound
from domain.recovery.officer_steps import CREDIT_ACCOUNTS_CONFIRMED_AT, OBJECTIONS_DECIDED_AT, WAITS_FOR
from schemas.base import FrozenModel
from schemas.privacy.personal_data import Within
from schemas.recovery.grievances import number_of
from schemas.recovery.officer_steps import Awaited, OfficerAct, OfficerStep, OfficerSteps
from schemas.recovery.restorations import NewObjection
from schemas.restoration_enums import ObjectionBy, ObjectionDecision

TEXT: Final = stored_text("o", "sealed_text", "'objection to ' || o.restoration_id")
"""text of row `o` of table `objection`, in the form of `StoredText`"""


def use_of_text(restoration_id: UUID) -> str:
    """Return what the text of an objection is bound to."""
    return f"objection to {restoration_id}"


async def texts_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return the texts of the objections in a case."""
    rows = await connection.fetch(
        f"SELECT o.objection_id, {TEXT} AS text FROM objection o JOIN restoration r USING (restoration_id)"
        " WHERE r.case_no = $1",
        case_no,
    )
    return {row["objection_id"]: StoredText(**row["text"]) for row in rows}


_INSERT: Final = f"""
WITH {insert_key_of_hold("$6", "$7", "$8", "$4")}
INSERT INTO objection (restoration_id, hold_id, by_whom, received_at, received_by, person_id, sealed_text)
VALUES ($1, $2, $3, $4, $5, $6, $9) RETURNING objection_id
"""


async def insert(
    connection: Connection, restoration_id: UUID, new: NewObjection, at: datetime, by: str, sealed: SealedText
) -> int:
    """Write an objection; return its id. A new key of an account holder is written with it."""
    objection_id: int = await connection.fetchval(
        _INSERT,
        restoration_id,
        new.hold_id,
        new.by_whom.value,
        at,
        by,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        new.hold_id if sealed.is_new_key else None,
        sealed.sealed,
    )
    return objection_id


class ObjectionRow(FrozenModel):
    """An objection, with the fields needed to decide it."""

    objection_id: int
    hold_id: UUID | None
    by_whom: ObjectionBy
    decision: ObjectionDecision | None
    received_by: str


async def get(connection: Connection, restoration_id: UUID, objection_id: int) -> ObjectionRow:
    """Return one objection to this restoration. Raises `NotFound`."""
    return await Rows(connection, ObjectionRow).one(
        "SELECT objection_id, hold_id, by_whom, decision, received_by FROM objection"
        " WHERE objection_id = $1 AND restoration_id = $2",
        objection_id,
        restoration_id,
        missing=ObjectionNotFound(objection_id),
    )


async def restoration_of(connection: Connection, objection_id: int) -> UUID:
    """Return the restoration that an objection is to."""
    restoration_id: UUID = await connection.fetchval(
        "SELECT restoration_id FROM objection WHERE objection_id = $1", objection_id
    )
    return restoration_id


async def decide(
    connection: Connection, objection_id: int, decision: ObjectionDecision, at: datetime, by: str, reason: str
) -> None:
    """Write the decision on an objection."""
    await connection.execute(
        "UPDATE objection SET decision = $2, decided_at = $3, decided_by = $4, reason = $5 WHERE objection_id = $1",
        objection_id,
        decision.value,
        at,
        by,
        reason,
    )


def releases(lines: Sequence[Line], hold_id: UUID | None) -> dict[UUID, int]:
    """Return the paise that an upheld objection about this hold releases, by hold; nothing without a hold."""
    paise = sum(line.not_ordered_paise for line in lines if line.hold_id == hold_id)
    return {hold_id: paise} if hold_id is not None and paise else {}


async def take_out(connection: Connection, restoration_id: UUID, hop_nos: Sequence[int], objection_id: int) -> None:
    """Take the money of these hops out of the restoration, because the objection is upheld."""
    await connection.execute(
        "UPDATE restoration_line SET objection_id = $3, due_paise = NULL WHERE restoration_id = $1"
        " AND hop_no = ANY($2)",
        restoration_id,
        list(hop_nos),
        objection_id,
    )


async def open_grievances(connection: Connection, restoration_id: UUID) -> list[str]:
    """Return the numbers of open grievances about the restoration's holds.

    An open grievance counts as an objection.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT g.serial_no FROM grievance g JOIN restoration_line l USING (hold_id)"
        " WHERE l.restoration_id = $1 AND l.objection_id IS NULL AND l.excluded_at IS NULL AND g.state = 'open'"
        " ORDER BY g.serial_no",
        restoration_id,
    )
    return [number_of(row["serial_no"]) for row in rows]


async def undecided(connection: Connection, restoration_id: UUID) -> list[int]:
    """Return the ids of objections without a decision."""
    rows = await connection.fetch(
        "SELECT objection_id FROM objection WHERE restoration_id = $1 AND decision IS NULL ORDER BY 1", restoration_id
    )
    return [row["objection_id"] for row in rows]


_NO_DEADLINE: Final = "infinity"

_OPEN: Final = """
SELECT r.restoration_id, r.case_no, r.ack_no, r.round_no, r.step, r.visit_no, r.route, r.prepared_by, s.due_at
FROM restoration r JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
WHERE r.state = 'open'
"""

# An undecided objection and an account to confirm wait beside the act of the step itself. The page is cut before the
# amounts of its rows are summed. All acts of one restoration say together whom it awaits.
_LIST: Final = f"""
WITH open_step AS ({_OPEN}), waiting AS (
    SELECT o.*, CASE WHEN a.act = 'prepare' AND o.prepared_by IS NOT NULL THEN 'approve' ELSE a.act END AS act
    FROM open_step o JOIN unnest($2::text[], $3::text[]) AS a (step, act) USING (step)
    UNION ALL
    SELECT o.*, 'decide_objection' FROM open_step o WHERE o.step = ANY($4)
      AND EXISTS (SELECT FROM objection b WHERE b.restoration_id = o.restoration_id AND b.decision IS NULL
                  AND NOT EXISTS (SELECT FROM proposal p WHERE p.kind = 'release' AND p.subject = b.hold_id::text
                                  AND p.decision IS NULL AND p.body ->> 'objection_id' = b.objection_id::text))
    UNION ALL
    SELECT o.*, 'confirm_credit_account' FROM open_step o WHERE o.step = ANY($5)
      AND EXISTS (SELECT FROM credit_account c
                  WHERE c.ack_no = o.ack_no AND c.confirmed_at IS NULL AND c.ended_at IS NULL)
), mine AS (
    SELECT w.*, bool_and(w.act = 'waive_notice' OR (w.act = 'approve' AND person_of(w.prepared_by) = $11))
        OVER (PARTITION BY w.restoration_id) AS is_of_others
    FROM waiting w WHERE w.act = ANY($6)
), found AS (
    SELECT w.*, coalesce(w.due_at, '{_NO_DEADLINE}') AS place FROM mine w
    WHERE ($12::text IS NULL OR w.act = $12) AND ($13::boolean IS NULL OR w.is_of_others = $13)
      AND ($7::text IS NULL OR (coalesce(w.due_at, '{_NO_DEADLINE}'), w.restoration_id, w.act)
        > ($7::text::timestamptz, $8::uuid, $9::text))
    {MARK}
    ORDER BY place, w.restoration_id, w.act LIMIT $10
)
SELECT f.restoration_id, f.case_no AS case_ack_no, f.ack_no, f.round_no, f.act, f.step, f.visit_no, f.route, f.due_at,
       coalesce(f.due_at < $1, false) AS overdue, f.prepared_by, f.place::text AS place, money.paise, money.accounts,
       EXISTS (SELECT FROM credit_account c WHERE c.ack_no = f.ack_no AND c.confirmed_at IS NOT NULL
               AND c.ended_at IS NULL) AS is_other_account,
       EXISTS (SELECT FROM objection b WHERE b.restoration_id = f.restoration_id AND b.decision IS NULL)
       OR EXISTS (SELECT FROM restoration_line l JOIN grievance g USING (hold_id)
           WHERE l.restoration_id = f.restoration_id AND l.objection_id IS NULL AND l.excluded_at IS NULL
             AND g.state = 'open') AS is_disputed
FROM found f CROSS JOIN LATERAL (
    SELECT coalesce(sum(one.paise), 0)::bigint AS paise,
           count(DISTINCT one.hold_id) FILTER (WHERE one.paise > 0) AS accounts
    FROM (
        SELECT l.hold_id, CASE WHEN f.prepared_by IS NULL THEN coalesce(b.balance_paise, 0)
                               ELSE coalesce(l.due_paise, 0) END AS paise
        FROM restoration_line l
        LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
        WHERE l.restoration_id = f.restoration_id AND l.excluded_at IS NULL AND l.objection_id IS NULL
    ) AS one
) AS money
ORDER BY f.place, f.restoration_id, f.act
"""


class WantedSteps(FrozenModel):
    """Which steps are asked for: those that wait for an act of one officer."""

    officer: str
    acts: tuple[OfficerAct, ...]
    """acts of the officer's roles"""
    act: OfficerAct | None = None
    awaits: Awaited | None = None


async def page(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    asked: WantedSteps,
    *,
    within: Within | None = None,
) -> OfficerSteps:
    """Return a page of steps that wait for an officer. Raises `BadCursor`."""
    values = (
        now,
        [step.value for step in WAITS_FOR],
        [act.value for act in WAITS_FOR.values()],
        [step.value for step in OBJECTIONS_DECIDED_AT],
        [step.value for step in CREDIT_ACCOUNTS_CONFIRMED_AT],
        [act.value for act in asked.acts],
        *(_key(after) if after else (None, None, None)),
        limit + 1,
        asked.officer,
        asked.act and asked.act.value,
        None if asked.awaits is None else asked.awaits is Awaited.OTHERS,
    )
    statement, parameters = confined(_LIST, values, "w.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    later_at, later_files = (None, 0) if shown or after else await _later(connection, within)
    return OfficerSteps(
        items=tuple(OfficerStep(**{name: row[name] for name in OfficerStep.model_fields}) for row in shown),
        next=to_cursor(last["place"], str(last["restoration_id"]), last["act"]) if last else None,
        later_at=later_at,
        later_files=later_files,
    )


def _key(after: str) -> tuple[str, UUID, str]:
    place, identity, act = from_cursor(after, str, str, str)
    try:
        if place != _NO_DEADLINE and datetime.fromisoformat(str(place)).tzinfo is None:
            raise BadCursor
        return str(place), UUID(str(identity)), OfficerAct(str(act)).value
    except ValueError:
        raise BadCursor from None


_LATER: Final = f"""
SELECT min(due_at) AS later_at, count(*) AS files FROM (
    SELECT w.due_at, min(w.due_at) OVER () AS first_at FROM ({_OPEN}) AS w WHERE w.due_at IS NOT NULL
    {MARK}
) AS one
WHERE (due_at AT TIME ZONE 'Asia/Kolkata')::date = (first_at AT TIME ZONE 'Asia/Kolkata')::date
"""


async def _later(connection: Connection, within: Within | None) -> tuple[datetime | None, int]:
    """Return the first deadline of the open restorations, and how many have one on that day in India."""
    statement, parameters = confined(_LATER, (), "w.case_no", within)
    row = await connection.fetchrow(statement, *parameters)
    assert row is not None, "sums always have a row"
    return row["later_at"], row["files"]
