"""Texts of grievances, sealed under the key of the account holder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import Opens, PersonKey, StoredText, stored_text
from schemas.enums import Language


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
