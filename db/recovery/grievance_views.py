"""Grievances and their texts as people read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.case import events
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from db.privacy.person_keys import Opens, PersonKey, StoredText, stored_text
from db.recovery import release_proposals
from domain.errors import BadCursor
from domain.errors.recovery import GrievanceNotFound
from domain.recovery.holds import stage_of
from schemas.enums import Language
from schemas.identifiers import person_of
from schemas.privacy.personal_data import Within
from schemas.recovery.grievances import (
    BankGrievance,
    BankGrievances,
    GrievanceHead,
    GrievancePage,
    GrievanceVerb,
    GrievanceView,
    LevelView,
    ReleaseView,
    number_of,
)
from schemas.restoration_enums import GrievanceLevel, GrievanceState


@dataclass(frozen=True, slots=True)
class SealedGrievance:
    """A grievance as it is written: the text and the contact sealed, and the key that seals them."""

    grievance_id: UUID
    key: PersonKey
    is_new_key: bool
    text: bytes = field(repr=False)
    contact: bytes | None = field(repr=False)
    """None without a contact"""


TEXT: Final = stored_text("g", "sealed_text", "'text of grievance ' || g.grievance_id")
"""text of row `g` of table `grievance`, in the form of `StoredText`"""
_CONTACT: Final = stored_text("g", "sealed_contact", "'contact of grievance ' || g.grievance_id")
CONTACT: Final = f"CASE WHEN g.sealed_contact IS NOT NULL THEN {_CONTACT} END"
"""contact that the text names, in the same form; null without one"""
_SAID: Final = stored_text("l", "sealed_said", "'said at ' || l.level || ' of grievance ' || l.grievance_id")
SAID: Final = f"CASE WHEN l.sealed_said IS NOT NULL THEN {_SAID} END"
"""statement in row `l` of table `grievance_level`, in the form of `StoredText`; null if nothing was said"""


def use_of_text(grievance_id: UUID) -> str:
    """Return what the text of a grievance is bound to."""
    return f"text of grievance {grievance_id}"


def use_of_contact(grievance_id: UUID) -> str:
    """Return what the contact of a grievance is bound to."""
    return f"contact of grievance {grievance_id}"


def use_of_said(grievance_id: UUID, level: str) -> str:
    """Return what a statement at a level is bound to."""
    return f"said at {level} of grievance {grievance_id}"


def opened_if_any(text: Mapping[str, Any] | None, opens: Opens) -> str:
    """Return a text that was read with `CONTACT` or `SAID`; empty if there is none."""
    return opens(StoredText(**text)) if text else ""


async def contact_of(connection: Connection, grievance_id: UUID, opens: Opens) -> tuple[str, Language]:
    """Return the account holder's extra contact, as written, and the language of the grievance."""
    row = await connection.fetchrow(
        f"SELECT {CONTACT} AS contact, g.language FROM grievance g WHERE g.grievance_id = $1", grievance_id
    )
    assert row is not None, "the caller has read the row"
    return opened_if_any(row["contact"], opens), Language(row["language"])


@dataclass(frozen=True, slots=True)
class Texts:
    """Opened texts of a case's grievances."""

    grievances: dict[UUID, tuple[str, str]] = field(repr=False)
    """text and contact"""
    levels: dict[int, str] = field(repr=False)
    """what holders said at levels, by the place of the level"""


async def of_case(connection: Connection, case_no: str, opens: Opens) -> Texts:
    """Return the texts of a case's grievances."""
    rows = await connection.fetch(
        f"SELECT g.grievance_id, {TEXT} AS text, {CONTACT} AS contact FROM grievance g WHERE g.case_no = $1", case_no
    )
    levels = await connection.fetch(
        f"SELECT l.place, {SAID} AS said FROM grievance_level l JOIN grievance g USING (grievance_id)"
        " WHERE g.case_no = $1",
        case_no,
    )
    return Texts(
        {row["grievance_id"]: (opens(StoredText(**row["text"])), opened_if_any(row["contact"], opens)) for row in rows},
        {row["place"]: opened_if_any(row["said"], opens) for row in levels},
    )


_HELD: Final = """
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise), 0)::bigint AS held_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
) AS money
"""
# The page is cut before the amounts of its rows are summed.
_FOUND: Final = """
SELECT g.*, l.due_at, coalesce(l.due_at < $1, false) AS overdue FROM grievance g
LEFT JOIN grievance_level l ON l.grievance_id = g.grievance_id AND l.ended_at IS NULL
"""
_READ: Final = f"""
SELECT g.grievance_id, g.serial_no, g.hold_id, g.case_no AS case_ack_no, a.institution, g.state, g.level, g.opened_at,
       g.due_at, g.overdue, money.held_paise, g.ended_at, p.not_before AS hear_until, p.needs_second
FROM ({{found}}) AS g JOIN account_hold a USING (hold_id)
LEFT JOIN proposal p ON p.kind = 'release' AND p.subject = g.hold_id::text AND p.decision IS NULL
    AND p.grievance_id = g.grievance_id
{_HELD}
"""
_LIST: Final = (
    _READ.format(
        found=f"""{_FOUND}
WHERE ($2::text IS NULL OR g.state = $2) AND ($3::text IS NULL OR g.level = $3)
  AND ($4::boolean IS NULL OR coalesce(l.due_at < $1, false) = $4)
  AND ($5::text IS NULL OR g.case_no = (SELECT case_no FROM complaint WHERE ack_no = $5))
  AND ($6::timestamptz IS NULL OR (g.opened_at, g.grievance_id) > ($6, $7::uuid))
{MARK}
ORDER BY g.opened_at, g.grievance_id LIMIT $8
"""
    )
    + "ORDER BY g.opened_at, g.grievance_id"
)
# A release that waits is for those who confirm it: not for the officer who proposed it, where a second one is needed.
_WAITING: Final = (
    _READ.format(
        found=f"""
SELECT g.*, l.due_at, l.due_at < $1 AS overdue FROM grievance_level l JOIN grievance g USING (grievance_id)
LEFT JOIN proposal w ON w.kind = 'release' AND w.subject = g.hold_id::text AND w.decision IS NULL
    AND w.grievance_id = g.grievance_id
WHERE l.ended_at IS NULL AND g.state = 'open'
  AND ($2::text[] IS NULL OR CASE WHEN w.proposal_id IS NULL THEN g.level = ANY($2)
       ELSE $3::boolean AND NOT (w.needs_second AND person_of(w.proposed_by) = $4) END)
  AND ($5::text IS NULL OR g.level = $5) AND ($6::boolean IS NULL OR (l.due_at < $1) = $6)
  AND ($7::timestamptz IS NULL OR (l.due_at, g.grievance_id) > ($7, $8::uuid))
{MARK}
ORDER BY l.due_at, g.grievance_id LIMIT $9
"""
    )
    + "ORDER BY g.due_at, g.grievance_id"
)
_ONE: Final = _READ.format(found=f"{_FOUND} WHERE g.grievance_id = $2")


async def page(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    *,
    state: GrievanceState | None,
    level: GrievanceLevel | None,
    overdue: bool | None,
    ack_no: str | None,
    within: Within | None = None,
) -> GrievancePage:
    """Return a page of grievances, the oldest first; `ack_no` is any number of a case. Raises `BadCursor`."""
    values = (now, state, level, overdue, ack_no, *_key(after), limit + 1)
    statement, parameters = confined(_LIST, values, "g.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    return GrievancePage(
        items=tuple(GrievanceHead.model_validate(_head(dict(row), now)) for row in shown),
        next=_next(dict(shown[-1])) if more else None,
    )


@dataclass(frozen=True)
class WaitsFor:
    """An officer for whom grievances wait."""

    actor: str
    levels: tuple[GrievanceLevel, ...]
    confirms: bool
    """whether the officer's roles confirm releases"""


async def waiting(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    *,
    officer: WaitsFor | None,
    level: GrievanceLevel | None,
    overdue: bool | None,
    within: Within | None,
) -> GrievancePage:
    """Return a page of open grievances by deadline; with `officer` those that wait for an act of the officer.

    Raises `BadCursor`.
    """
    levels = None if officer is None else [own_level.value for own_level in officer.levels]
    confirms, person = (officer.confirms, person_of(officer.actor)) if officer else (False, "")
    values = (now, levels, confirms, person, level, overdue, *_key(after), limit + 1)
    statement, parameters = confined(_WAITING, values, "g.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    return GrievancePage(
        items=tuple(GrievanceHead.model_validate(_head(dict(row), now)) for row in shown),
        next=to_cursor(last["due_at"].isoformat(), str(last["grievance_id"])) if last else None,
    )


def _head(row: dict[str, Any], now: datetime) -> dict[str, object]:
    hear_until, needs_second = row.pop("hear_until"), row.pop("needs_second")
    waits_for = stage_of(hear_until, needs_second=needs_second, at=now) if hear_until else None
    return _numbered(row) | {"waits_for": waits_for}


def _numbered(row: dict[str, object]) -> dict[str, object]:
    return row | {"number": number_of(int(str(row.pop("serial_no"))))}


def _next(row: dict[str, object]) -> str:
    opened_at = row["opened_at"]
    assert isinstance(opened_at, datetime), "the column is a time"
    return to_cursor(opened_at.isoformat(), str(row["grievance_id"]))


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


_MORE: Final = f"""
SELECT {TEXT} AS text, {CONTACT} AS contact, g.language, g.policy ->> 'version' AS policy_version, a.reference
FROM grievance g JOIN account_hold a USING (hold_id) WHERE g.grievance_id = $1
"""


async def get(
    connection: Connection,
    grievance_id: UUID,
    now: datetime,
    free_paise: int,
    may: tuple[GrievanceVerb, ...],
    opens: Opens,
) -> GrievanceView:
    """Return a grievance in full; needs a transaction with one snapshot. Raises `NotFound`."""
    head = await connection.fetchrow(_ONE, now, grievance_id)
    more = await connection.fetchrow(_MORE, grievance_id)
    if head is None or more is None:
        raise GrievanceNotFound(grievance_id)
    return GrievanceView.model_validate(
        _head(dict(head), now)
        | dict(more)
        | {
            "text": opens(StoredText(**more["text"])),
            "contact": opened_if_any(more["contact"], opens),
            "last_event_seq": await events.last_seq(connection, head["case_ack_no"]),
            "free_paise": free_paise,
            "levels": await levels(connection, grievance_id, opens),
            "releases": await releases(connection, grievance_id),
            "proposed": await release_proposals.waiting(connection, head["hold_id"], now),
            "may": may,
        }
    )


_LEVEL: Final = ", ".join(f"{SAID} AS said" if name == "said" else f"l.{name}" for name in LevelView.model_fields)


async def levels(connection: Connection, grievance_id: UUID, opens: Opens) -> tuple[LevelView, ...]:
    """Return the levels that the grievance has reached, the lowest first."""
    rows = await connection.fetch(
        f"SELECT {_LEVEL} FROM grievance_level l WHERE l.grievance_id = $1 ORDER BY l.place", grievance_id
    )
    return tuple(LevelView(**dict(row) | {"said": opened_if_any(row["said"], opens)}) for row in rows)


async def releases(connection: Connection, grievance_id: UUID) -> tuple[ReleaseView, ...]:
    """Return the orders to release that followed from the grievance, the oldest first."""
    rows = await connection.fetch(
        "SELECT o.order_id, o.state, o.planned_at AS ordered_at, o.ended_at, sum(l.amount_paise)::bigint"
        " AS ordered_paise, sum(l.confirmed_paise)::bigint AS confirmed_paise"
        " FROM grievance g JOIN bank_order o ON o.case_no = g.case_no AND o.grievance_id = g.grievance_id"
        " JOIN bank_order_line l USING (order_id) WHERE g.grievance_id = $1"
        " GROUP BY o.order_id ORDER BY o.planned_at, o.order_id",
        grievance_id,
    )
    return tuple(ReleaseView(**dict(row)) for row in rows)


# -- as banks read them ------------------------------------------------------------------------------------------------


_OF_BANK: Final = f"""
SELECT g.grievance_id, g.serial_no, g.case_no AS ack_no, {TEXT} AS text, g.language, g.opened_at,
       l.due_at AS report_by,
       money.held_paise, (SELECT h.payee_holder FROM hop h WHERE h.case_no = a.case_no
         AND h.institution = a.institution AND h.account_key = a.account_key ORDER BY h.hop_no LIMIT 1) AS account
FROM grievance g JOIN account_hold a USING (hold_id)
JOIN grievance_level l ON l.grievance_id = g.grievance_id AND l.ended_at IS NULL
{_HELD}
WHERE g.state = 'open' AND g.level = 'bank' AND a.institution = $1
  AND ($2::timestamptz IS NULL OR (g.opened_at, g.grievance_id) > ($2, $3::uuid))
ORDER BY g.opened_at, g.grievance_id LIMIT $4
"""


async def of_bank(
    connection: Connection, institution: str, after: str | None, limit: int, opens: Opens
) -> BankGrievances:
    """Return the grievances that wait for this bank's report, the oldest first. Raises `BadCursor`."""
    rows = await connection.fetch(_OF_BANK, institution, *_key(after), limit + 1)
    shown, more = cut(rows, limit)
    return BankGrievances(
        items=tuple(
            BankGrievance.model_validate(_numbered(dict(row)) | {"text": opens(StoredText(**row["text"]))})
            for row in shown
        ),
        next=_next(dict(shown[-1])) if more else None,
    )
